import { now } from "../support/after.ts";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Files = Readonly<Record<string, string>>;
export type ContractClone = ReturnType<typeof openContractClone>;
type PushResult = { readonly ok: boolean; readonly text: string };

/** Credentials reach git by its environment: no argument, file or message has them. */
const credential = (url: string, token: string) => ({
  GIT_CONFIG_COUNT: "2",
  GIT_CONFIG_KEY_0: `http.${url}/.extraHeader`,
  GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
  GIT_CONFIG_KEY_1: "credential.helper",
  GIT_CONFIG_VALUE_1: "",
});

/** A clone of the repository in a temporary directory. */
export const openContractClone = (remote: { readonly serverUrl: string; readonly owner: string; readonly repo: string }, token: string) => {
  const root = mkdtempSync(join(tmpdir(), "contract-"));
  const url = `${remote.serverUrl}/${remote.owner}/${remote.repo}.git`;
  const env = {
    PATH: process.env["PATH"],
    HOME: root,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
    ...credential(remote.serverUrl, token),
  };
  const git = async (...args: string[]): Promise<string> => {
    const author = ["-c", "user.name=Enki's contract", "-c", "user.email=contract@example.invalid"];
    return (await run("git", [...author, ...args], { cwd: root, env })).stdout.trim();
  };
  const clone = {
    git,
    url,
    /** Fetches a branch; null if the repository has none of that name. */
    fetch: async (branch: string): Promise<string | null> => {
      await git("init", "--quiet");
      const listed = await git("ls-remote", url, `refs/heads/${branch}`);
      if (listed === "") return null;
      await git("fetch", "--quiet", "--depth", "20", url, `refs/heads/${branch}`);
      return git("rev-parse", "FETCH_HEAD");
    },
    /** Makes a commit with these files, without a branch; its parent is a commit or nothing. */
    commit: async (parent: string | null, files: Files): Promise<string> => {
      if (parent === null) await git("checkout", "--quiet", "--orphan", `new-${now()}`);
      else await git("checkout", "--quiet", "--force", "--detach", parent);
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      await git("add", "--all");
      await git("commit", "--quiet", "--allow-empty", "--message", `contract: ${Object.keys(files).join(", ")}`);
      return git("rev-parse", "HEAD");
    },
    /** Pushes; a refusal is a value. */
    tryPush: async (...args: string[]): Promise<PushResult> => {
      const [options, specs] = [args.filter((each) => each.startsWith("-")), args.filter((each) => !each.startsWith("-"))];
      try {
        return { ok: true, text: await git("push", "--quiet", ...options, url, ...specs) };
      } catch (error) {
        return { ok: false, text: error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error) };
      }
    },
    push: async (...args: string[]): Promise<void> => {
      const { ok, text } = await clone.tryPush(...args);
      if (!ok) throw new Error(`git push failed: ${text}`);
    },
    close: (): void => rmSync(root, { recursive: true, force: true, maxRetries: 10 }),
  };
  return clone;
};
