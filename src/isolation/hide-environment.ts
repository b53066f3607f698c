import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const OWN_ENVIRONMENT = "/proc/self/environ";

/** Whether processes of the same user can read the initial environment of this process. */
export const isEnvironmentReadable = (): boolean => {
  try {
    return readFileSync(OWN_ENVIRONMENT).some((byte) => byte !== 0);
  } catch {
    return true;
  }
};

/** The memory addresses of the initial environment. */
const findEnvironmentArea = (): { readonly from: number; readonly to: number } => {
  const stat = readFileSync("/proc/self/stat", "latin1");
  // The second field, a program's name, may hold anything. Fields 50 and 51 are env_start and env_end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { from: Number(fields[47]), to: Number(fields[48]) };
};

/**
 * Overwrites the initial environment of this process, so that no process can read `/proc/<pid>/environ`; `process.env` stays complete. Does
 * nothing on systems without `/proc`; {@link isEnvironmentReadable} reports the result.
 */
export const hideEnvironment = (env: Record<string, string | undefined>): void => {
  // The variables of a thread are a copy, and other threads still need the original.
  if (!isMainThread || !isEnvironmentReadable()) return;
  try {
    // Setting a variable again stores its value elsewhere in memory.
    for (const [name, value] of Object.entries(env)) env[name] = value ?? "";
    const { from, to } = findEnvironmentArea();
    const memory = openSync("/proc/self/mem", "r+");
    try {
      writeSync(memory, Buffer.alloc(to - from), 0, to - from, from);
    } finally {
      closeSync(memory);
    }
  } catch {
    // Another system, or a kernel with stricter rules.
  }
};
