import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type After, git, type Running } from "../git/run.ts";

const SETTINGS: Readonly<Record<string, string>> = {
  "receive.autogc": "false",
  "receive.hideRefs": "refs/pull",
  "receive.advertisePushOptions": "true",
  "uploadpack.allowAnySHA1InWant": "true",
  "uploadpack.allowFilter": "true",
};

/**
 * An Actions or App token without `workflows` may not push a tip whose workflow files differ from those of the default branch now.
 * Said on standard error, one line for each refused ref; the answer to the client gets the same words.
 */
const GUARD = `#!/bin/sh
[ "$FORGE_GUARD" = 1 ] || exit 0
[ "$3" = 0000000000000000000000000000000000000000 ] && exit 0
tip=$(git rev-parse --verify --quiet "$3:.github/workflows") || exit 0
now=$(git rev-parse --verify --quiet "HEAD:.github/workflows") || now=$(git hash-object -t tree /dev/null)
[ "$tip" = "$now" ] && exit 0
path=$(git diff --no-renames --name-only "$now" "$tip" | head -n 1)
echo "refusing to allow a GitHub App to create or update workflow \\\`.github/workflows/$path\\\` without \\\`workflows\\\` permission" >&2
exit 1
`;

/** Makes the bare repository of a repository, with all branches and tags of another one if one is given; tells its default branch. */
export const createBare = async (directory: string, of: { from: string | null; after: After }): Promise<string> => {
  await mkdir(directory, { recursive: true });
  const at: Running = { directory, after: of.after };
  await git(at, ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", "."]);
  for (const [key, value] of Object.entries(SETTINGS)) await git(at, ["config", key, value]);
  await mkdir(join(directory, "hooks"), { recursive: true });
  await writeFile(join(directory, "hooks", "update"), GUARD);
  await chmod(join(directory, "hooks", "update"), 0o755);
  if (of.from !== null) {
    const head = (await git({ ...at, directory: of.from }, ["symbolic-ref", "HEAD"])).trim();
    await git(at, ["fetch", "--quiet", "--no-auto-gc", of.from, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]);
    await git(at, ["symbolic-ref", "HEAD", head]);
  }
  return (await git(at, ["symbolic-ref", "HEAD"])).trim().slice("refs/heads/".length);
};
