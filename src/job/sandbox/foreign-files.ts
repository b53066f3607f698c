import { spawn } from "node:child_process";
import type { ForeignCommand, ForeignStart, JobSandbox } from "./job-sandbox.ts";

const MAX_READ_BYTES = 20_000_000;

type Enter = (command: ForeignCommand) => ForeignStart;

/** Runs a shell script with one path as its argument in the sandbox; rejects with its complaint if it fails. */
const runFileScript = (enter: Enter, script: string, { path, input }: { path: string; input: string }): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin" };
    const { command, args, env: own, cwd, user, preamble } = enter({ command: "sh", args: ["-c", script, "sh", path], env, cwd: "/" });
    const child = spawn(command, [...args], { cwd, env: own, stdio: "pipe", ...user });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(Buffer.concat(err).toString("utf8").trim().split("\n").at(-1) || `${path} cannot be used`));
    });
    if (preamble) child.stdin.write(preamble);
    child.stdin.end(input);
  });

/** Reads and writes files as foreign code would, so that no link in the workspace leads Enki to what only Enki may use. */
export const createForeignFiles = (enter: Enter): Pick<JobSandbox, "readFile" | "writeFile"> => ({
  readFile: (path) => runFileScript(enter, `[ -f "$1" ] && exec head -c ${MAX_READ_BYTES} -- "$1"`, { path, input: "" }),
  writeFile: async (path, content, access) => {
    const mask = access === "private" ? "umask 077 && " : "";
    await runFileScript(enter, `${mask}mkdir -p -- "\${1%/*}" && cat > "$1"`, { path, input: content });
  },
});
