import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { deriveApiUrl, type RemoteAddress } from "../../core/setup/remote-address.ts";
import { CommandError } from "../command-options.ts";
import type { TerminalHost } from "../terminal-host.ts";
import { runOwnGit } from "./own-git.ts";
import type { PlannedFile } from "./planned-files.ts";

const BRANCH = "enki-setup";
const TITLE = "Set up Enki";
const BODY = "Written by `enki init`. Once this is on the default branch, `enki doctor` lists what is left to do.";

export type SetUpBase = { readonly directory: string; readonly remote: RemoteAddress; readonly branch: string };

/** The commit of the default branch on the server, fetched with the person's own credentials. */
export const fetchBase = async (terminal: TerminalHost, { directory, branch }: SetUpBase): Promise<string> => {
  const git = (...args: string[]): Promise<string> => runOwnGit(terminal, { directory, args });
  await git("fetch", "--quiet", "origin", `+refs/heads/${branch}:refs/remotes/origin/${branch}`);
  return git("rev-parse", `refs/remotes/origin/${branch}`);
};

/** Commits the files onto a base, without touching the person's branch, index or files, and pushes them to a branch. */
export const pushSetUpBranch = async (
  terminal: TerminalHost,
  { directory }: SetUpBase,
  { base, files }: { readonly base: string; readonly files: readonly PlannedFile[] },
): Promise<void> => {
  const scratch = await mkdtemp(join(terminal.temporary, "enki-index-"));
  const env = { GIT_INDEX_FILE: join(scratch, "index") };
  const git = (args: readonly string[], input?: string): Promise<string> =>
    runOwnGit(terminal, { directory, args, env, ...(input !== undefined && { input }) });
  try {
    await git(["read-tree", base]);
    const entries: string[] = [];
    for (const { path, wanted } of files) entries.push(`100644 blob ${await git(["hash-object", "-w", "--stdin"], wanted)}\t${path}\n`);
    await git(["update-index", "--add", "--index-info"], entries.join(""));
    const commit = await git(["commit-tree", await git(["write-tree"]), "-p", base, "-m", `${TITLE}\n\n${BODY}`]);
    const [present = ""] = (await git(["ls-remote", "origin", `refs/heads/${BRANCH}`])).split("\t");
    if (present !== "") await requireOwnBranch(git, present);
    await git(["push", "--quiet", `--force-with-lease=refs/heads/${BRANCH}:${present}`, "origin", `${commit}:refs/heads/${BRANCH}`]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** A branch of that name with work by others is never moved. */
const requireOwnBranch = async (git: (args: readonly string[]) => Promise<string>, commit: string): Promise<void> => {
  await git(["fetch", "--quiet", "origin", `refs/heads/${BRANCH}`]);
  const subject = await git(["log", "-1", "--format=%s", commit]);
  if (subject !== TITLE) throw new CommandError(`the branch ${BRANCH} has other commits; merge or delete it, and run enki init again`);
};

const createdSchema = z.object({ html_url: z.string() });

/** Opens the pull request with a token of the environment; returns its address, or the command for a person. */
export const openSetUpPull = async ({ env }: TerminalHost, { remote, branch }: SetUpBase): Promise<string> => {
  const slug = `${remote.owner}/${remote.name}`;
  const token = env["GH_TOKEN"] ?? env["GITHUB_TOKEN"] ?? "";
  const command = `gh pr create --repo ${slug} --head ${BRANCH} --base ${branch} --title "${TITLE}" --body "${BODY.replaceAll("`", "")}"`;
  if (token === "") return command;
  const api = env["GITHUB_API_URL"] ?? deriveApiUrl(remote);
  const answer = await fetch(`${api}/repos/${slug}/pulls`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "content-type": "application/json" },
    body: JSON.stringify({ title: TITLE, head: BRANCH, base: branch, body: BODY }),
  });
  const created = answer.ok ? createdSchema.safeParse(await answer.json()) : null;
  return created?.success ? created.data.html_url : command;
};
