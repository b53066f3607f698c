import { type ChildProcess, spawn } from "node:child_process";
import type { ForeignCommand, ForeignStart, JobSandbox } from "./job-sandbox.ts";

export const MAX_READ_BYTES = 20_000_000;
export const MAX_LISTED_FILES = 1_000;

type FileCommands = {
  readonly enter: (command: ForeignCommand) => ForeignStart;
  readonly kill: (child: ChildProcess) => void;
};

/** Runs a shell script with one path as its argument in the sandbox; rejects with its complaint if it fails. */
const runFileScript = (
  { enter }: FileCommands,
  running: Set<ChildProcess>,
  { script, path, input }: { readonly script: string; readonly path: string; readonly input: string },
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin" };
    const { command, args, env: own, cwd, user, preamble } = enter({ command: "sh", args: ["-c", script, "sh", path], env, cwd: "/" });
    const child = spawn(command, [...args], { cwd, env: own, detached: true, stdio: "pipe", ...user });
    running.add(child);
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) => {
      running.delete(child);
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(Buffer.concat(err).toString("utf8").trim().split("\n").at(-1) || `${path} cannot be used`));
    });
    if (preamble) child.stdin.write(preamble);
    child.stdin.end(input);
  });

/**
 * Reads and writes files as foreign code would, so that no link in the workspace leads Enki to what only Enki may use. `end` ends what still
 * waits: foreign code can replace a file by a pipe that nobody else opens.
 */
export const createForeignFiles = (
  commands: FileCommands,
): Pick<JobSandbox, "readFile" | "listFiles" | "writeFile"> & { readonly end: () => void } => {
  const running = new Set<ChildProcess>();
  const run = (script: string, path: string, input: string): Promise<Buffer> => runFileScript(commands, running, { script, path, input });
  return {
    readFile: (path) => run(`[ -f "$1" ] && exec head -c ${MAX_READ_BYTES} -- "$1"`, path, ""),
    listFiles: async (directory) => {
      const found = await run(`cd -- "$1" && find . -type f | head -n ${MAX_LISTED_FILES}`, directory, "");
      return found
        .toString("utf8")
        .split("\n")
        .map((path) => path.replace(/^\.\//, ""));
    },
    writeFile: async (path, content, access) => {
      const mask = access === "private" ? "umask 077 && " : "";
      await run(`${mask}mkdir -p -- "\${1%/*}" && { [ ! -e "$1" ] || [ -f "$1" ]; } && cat > "$1"`, path, content);
    },
    end: () => {
      for (const child of running) commands.kill(child);
    },
  };
};
