import { readdir, readFile, rm, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { listProtectionGaps } from "../../core/domain/protection-gap.ts";
import { type CommandSandbox, killProcessGroup, type JobSandbox } from "./job-sandbox.ts";

/** Marks the environment of every process in the sandbox. */
const MARK_VARIABLE = "ENKI_FENCE";

const readProcessFile = (pid: string, name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, "latin1").catch(() => "");

const listProcesses = async (): Promise<string[]> => (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));

const killProcess = (pid: string): void => {
  try {
    process.kill(Number(pid), "SIGKILL");
  } catch {
    // The process has ended.
  }
};

/** Kills all processes with the mark in their environment, and their descendants, until none is left. */
const killMarkedProcesses = async (mark: string): Promise<void> => {
  const gone = new Set<string>();
  for (;;) {
    const found = await Promise.all(
      (await listProcesses()).map(async (pid) => {
        const [stat, environment] = await Promise.all([readProcessFile(pid, "stat"), readProcessFile(pid, "environ")]);
        const [state, parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return { pid, parent, ended: stat === "" || state === "Z", marked: environment.split("\0").includes(`${MARK_VARIABLE}=${mark}`) };
      }),
    );
    const doomed = new Set(found.filter(({ marked }) => marked).map(({ pid }) => pid));
    let size = -1;
    while (size !== doomed.size) {
      size = doomed.size;
      for (const { pid, parent } of found) if (doomed.has(parent)) doomed.add(pid);
    }
    const alive = found.filter(({ pid, ended }) => doomed.has(pid) && !ended && !gone.has(pid) && pid !== String(process.pid));
    if (alive.length === 0) return;
    for (const { pid } of alive) {
      gone.add(pid);
      killProcess(pid);
    }
  }
};

/** Creates homes in a directory, one after the other. */
export const createHomes = (reach: string, give: JobSandbox["give"]): JobSandbox["createHome"] => {
  let count = 0;
  return async () => {
    if (count > 0) await rm(join(reach, `home-${count}`), { recursive: true, force: true }).catch(() => undefined);
    const home = join(reach, `home-${(count += 1)}`);
    await mkdir(join(home, "tmp"), { recursive: true, mode: 0o700 });
    await give(home);
    return home;
  };
};

/** Starts commands as Enki's own user, and ends them by group and a mark of their own. */
const createMarkedCommands = (): CommandSandbox => {
  const mark = randomUUID();
  return {
    enter: (command) => ({ ...command, env: { ...command.env, [MARK_VARIABLE]: mark }, user: null, preamble: null }),
    kill: killProcessGroup,
    sweep: () => killMarkedProcesses(mark),
  };
};

/** The sandbox without separation: foreign code runs as Enki's own user, and ends by group and mark. */
export const createUnprotectedSandbox = (reach: string): JobSandbox => {
  const commands = createMarkedCommands();
  return {
    ...commands,
    gaps: listProtectionGaps({ otherUser: false, namespaces: false, readOnly: false }),
    canCutNetwork: () => Promise.resolve(false),
    createHome: createHomes(reach, () => Promise.resolve()),
    beside: () => Promise.resolve(createMarkedCommands()),
    give: () => Promise.resolve(),
    readFile: (path) => readFile(path),
    writeFile: async (path, content, access) => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content, access === "private" ? { mode: 0o600 } : {});
    },
    close: commands.sweep,
  };
};
