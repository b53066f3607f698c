import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TimerStarter, runGitOrThrow, type GitContext } from "../../storage/git/run.ts";

const BARE_GIT_CONFIG: Readonly<Record<string, string>> = {
  "receive.autogc": "false",
  "receive.hideRefs": "refs/pull",
  "receive.advertisePushOptions": "true",
  "uploadpack.allowAnySHA1InWant": "true",
  "uploadpack.allowFilter": "true",
};

/** Declines the refs that the forge refuses, each with its words: `<ref> <words>` a line. */
const UPDATE_HOOK = `#!/bin/sh
printf '%s\\n' "$FORGE_REFUSED" | while read -r ref words; do
  if [ "$ref" = "$1" ]; then printf '%s\\n' "$words" >&2; exit 1; fi
done
`;

/** Makes the bare repository of a repository, with all branches and tags of another one if one is given; tells its default branch. */
export const createBareRepository = async (directory: string, of: { from: string | null; after: TimerStarter }): Promise<string> => {
  await mkdir(directory, { recursive: true });
  const at: GitContext = { directory, after: of.after };
  await runGitOrThrow(at, ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", "."]);
  for (const [key, value] of Object.entries(BARE_GIT_CONFIG)) await runGitOrThrow(at, ["config", key, value]);
  await mkdir(join(directory, "hooks"), { recursive: true });
  await writeFile(join(directory, "hooks", "update"), UPDATE_HOOK);
  await chmod(join(directory, "hooks", "update"), 0o755);
  if (of.from !== null) {
    const head = (await runGitOrThrow({ ...at, directory: of.from }, ["symbolic-ref", "HEAD"])).trim();
    await runGitOrThrow(at, ["fetch", "--quiet", "--no-auto-gc", of.from, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]);
    await runGitOrThrow(at, ["symbolic-ref", "HEAD", head]);
  }
  return (await runGitOrThrow(at, ["symbolic-ref", "HEAD"])).trim().slice("refs/heads/".length);
};
