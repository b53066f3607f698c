import { readdir, readFile } from "node:fs/promises";

const readProcessFile = (pid: string, name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, "latin1").catch(() => "");

const listProcesses = async (): Promise<string[]> => (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));

const killProcess = (pid: string): void => {
  try {
    process.kill(Number(pid), "SIGKILL");
  } catch {
    // The process has ended.
  }
};

/** The living processes with a variable of this value in their environment, and their descendants. */
const listMarkedProcesses = async (variable: string, value: string): Promise<readonly string[]> => {
  const all = await Promise.all(
    (await listProcesses()).map(async (pid) => {
      const [stat, environment] = await Promise.all([readProcessFile(pid, "stat"), readProcessFile(pid, "environ")]);
      const [state, parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return { pid, parent, ended: stat === "" || state === "Z", isMarked: environment.split("\0").includes(`${variable}=${value}`) };
    }),
  );
  const marked = new Set(all.filter(({ isMarked }) => isMarked).map(({ pid }) => pid));
  for (let size = -1; size !== marked.size;) {
    size = marked.size;
    for (const { pid, parent } of all) if (marked.has(parent)) marked.add(pid);
  }
  return all.filter(({ pid, ended }) => marked.has(pid) && !ended && pid !== String(process.pid)).map(({ pid }) => pid);
};

/** A process that cannot end, such as one that waits for a disk, must not hold up the job for ever. */
const MAX_ROUNDS = 200;

/**
 * Kills all processes with a variable of this value in their environment, and their descendants, also if they left their group. Repeats until
 * two rounds in a row find none: a killed process takes a moment to end, and a process that starts a program shows no environment meanwhile.
 */
export const killMarkedProcesses = async (variable: string, value: string): Promise<void> => {
  let quietRounds = 0;
  for (let round = 0; round < MAX_ROUNDS && quietRounds < 2; round += 1) {
    const found = await listMarkedProcesses(variable, value);
    for (const pid of found) killProcess(pid);
    quietRounds = found.length === 0 ? quietRounds + 1 : 0;
  }
};
