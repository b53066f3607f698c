import { execFile } from "node:child_process";
import { CommandError } from "../command-options.ts";
import type { TerminalHost } from "../terminal-host.ts";

const MAX_OUTPUT_BYTES = 64_000_000;

export type OwnGitCall = {
  readonly directory: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
};

/**
 * Runs git as the person does, with their identity and credentials: for commits and pushes in their name. Other reads use the sealed
 * `runGit`. Throws git's message.
 */
export const runOwnGit = ({ env: own }: TerminalHost, { directory, args, env = {}, input }: OwnGitCall): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      args,
      { cwd: directory, env: { ...own, ...env }, maxBuffer: MAX_OUTPUT_BYTES, encoding: "utf8" },
      (error, stdout, stderr) => {
        if (error) reject(new CommandError(`git ${args[0] ?? ""} failed: ${stderr.trim() || error.message}`));
        else resolve(stdout.trim());
      },
    );
    // If git exits before it reads its input, the write fails. The error is ignored: git's exit status shows the outcome.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input ?? "");
  });
