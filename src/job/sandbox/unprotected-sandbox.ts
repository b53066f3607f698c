import { readFile, rm, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { listProtectionGaps } from "../../core/domain/protection-gap.ts";
import { killMarkedProcesses } from "../../isolation/kill-marked-processes.ts";
import { type CommandSandbox, killProcessGroup, type JobSandbox } from "./job-sandbox.ts";

/** Marks the environment of every process in the sandbox. */
const MARK_VARIABLE = "ENKI_SANDBOX";

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
    sweep: () => killMarkedProcesses(MARK_VARIABLE, mark),
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
