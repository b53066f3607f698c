import { appendFile, chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureBareRepository } from "../../storage/git/bare-clone.ts";
import { type TimerStarter, runGitOrThrow, type GitContext } from "../../storage/git/run-git.ts";

const BARE_GIT_CONFIG = `[receive]
\tautogc = false
\thideRefs = refs/pull
\tadvertisePushOptions = true
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
`;

/** Rejects the refs that the forge refuses. `FORGE_REFUSED` holds one line for each: `<ref> <message>`. */
const UPDATE_HOOK = `#!/bin/sh
printf '%s\\n' "$FORGE_REFUSED" | while read -r ref message; do
  if [ "$ref" = "$1" ]; then printf '%s\\n' "$message" >&2; exit 1; fi
done
`;

/** Creates a bare repository, with all branches and tags of `from` if it is not null. Returns the default branch. */
export const createBareRepository = async (directory: string, options: { from: string | null; after: TimerStarter }): Promise<string> => {
  // Not `git init`: newer versions of git may choose another format of refs and ids.
  await ensureBareRepository(directory);
  const git: GitContext = { directory, after: options.after };
  const config = join(directory, "config");
  if (!(await readFile(config, "utf8")).includes(BARE_GIT_CONFIG)) await appendFile(config, BARE_GIT_CONFIG);
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
