import { execFile } from "node:child_process";
import type { TerminalHost } from "../terminal-host.ts";

export type GhAnswer = { readonly isDone: boolean; readonly stdout: string; readonly stderr: string };

/** Runs GitHub's own program as the person does. `input` is its standard input: the only way that shows a secret to nobody else. */
export const runGh = ({ env, cwd }: TerminalHost, args: readonly string[], input = ""): Promise<GhAnswer> =>
  new Promise((resolve) => {
    const child = execFile("gh", args, { cwd, env: { ...env, GH_PROMPT_DISABLED: "1" }, encoding: "utf8" }, (error, stdout, stderr) =>
      resolve({ isDone: error === null, stdout, stderr: stderr.trim() || (error?.message ?? "") }),
    );
    // If gh exits before it reads its input, the write fails. The error is ignored: gh's exit status shows the outcome.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
