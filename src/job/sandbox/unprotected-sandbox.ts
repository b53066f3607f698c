import { constants } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { randomUUID } from "node:crypto";
import { listProtectionGaps } from "../../core/domain/protection-gap.ts";
import { killMarkedProcesses } from "../../isolation/kill-marked-processes.ts";
import { readPlainFile } from "../read-plain-file.ts";
import { MAX_LISTED_FILES, MAX_READ_BYTES } from "./foreign-files.ts";
import { type CommandSandbox, killProcessGroup, type JobSandbox } from "./job-sandbox.ts";

/** Marks the environment of every process in the sandbox. */
const MARK_VARIABLE = "ENKI_SANDBOX";

/** Creates homes in a directory, one after the other. */
export const createHomes = (reach: string, give: JobSandbox["give"]): JobSandbox["createHome"] => {
  let count = 0;
  return async () => {
    if (count > 0) await rm(join(reach, `home-${count}`), { recursive: true, force: true }).catch(() => undefined);
    const home = join(reach, `home-${(count += 1)}`);
    // A command of the same user may have left a link here.
    await rm(home, { recursive: true, force: true });
    await mkdir(home, { mode: 0o700 });
    await mkdir(join(home, "tmp"), { mode: 0o700 });
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

/** Writes a regular file. Without the flag `O_NONBLOCK`, a pipe in its place would block until somebody reads it. */
const writePlainFile = async (path: string, content: string, mode: number): Promise<void> => {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK, mode);
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is no regular file`);
    await file.writeFile(content);
  } finally {
    await file.close();
  }
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
    readFile: async (path) => {
      const content = await readPlainFile(path, MAX_READ_BYTES);
      if (content === null) throw new Error(`${path} is no regular file, or too large`);
      return content;
    },
    listFiles: async (directory) => {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).slice(0, MAX_LISTED_FILES);
      return files.map((entry) => relative(directory, join(entry.parentPath, entry.name)));
    },
    writeFile: async (path, content, access) => {
      await mkdir(dirname(path), { recursive: true });
      await writePlainFile(path, content, access === "private" ? 0o600 : 0o666);
    },
    close: commands.sweep,
  };
};
