import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TimerStarter, runGitOrThrow, type GitContext } from "../../storage/git/run-git.ts";

const BARE_GIT_CONFIG: Readonly<Record<string, string>> = {
  "receive.autogc": "false",
  "receive.hideRefs": "refs/pull",
  "receive.advertisePushOptions": "true",
  "uploadpack.allowAnySHA1InWant": "true",
  "uploadpack.allowFilter": "true",
};

/** Rejects the refs that the forge refuses. `FORGE_REFUSED` holds one line for each: `<ref> <message>`. */
const UPDATE_HOOK = `#!/bin/sh
printf '%s\\n' "$FORGE_REFUSED" | while read -r ref message; do
  if [ "$ref" = "$1" ]; then printf '%s\\n' "$message" >&2; exit 1; fi
done
`;

/** Creates a bare repository, with all branches and tags of `from` if it is not null. Returns the default branch. */
export const createBareRepository = async (directory: string, options: { from: string | null; after: TimerStarter }): Promise<string> => {
  await mkdir(directory, { recursive: true });
  const git: GitContext = { directory, after: options.after };
  await runGitOrThrow(git, ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", "."]);
  for (const [key, value] of Object.entries(BARE_GIT_CONFIG)) await runGitOrThrow(git, ["config", key, value]);
  await mkdir(join(directory, "hooks"), { recursive: true });
  await writeFile(join(directory, "hooks", "update"), UPDATE_HOOK);
  await chmod(join(directory, "hooks", "update"), 0o755);
  if (options.from !== null) {
    const head = (await runGitOrThrow({ ...git, directory: options.from }, ["symbolic-ref", "HEAD"])).trim();
    await runGitOrThrow(git, ["fetch", "--quiet", "--no-auto-gc", options.from, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]);
    await runGitOrThrow(git, ["symbolic-ref", "HEAD", head]);
  }
  return (await runGitOrThrow(git, ["symbolic-ref", "HEAD"])).trim().slice("refs/heads/".length);
};
