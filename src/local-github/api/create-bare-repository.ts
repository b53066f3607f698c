import { existsSync } from "node:fs";
import { appendFile, chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureBareRepository, writeRefs } from "../../storage/git/bare-clone.ts";
import { type TimerStarter, runGit, runGitOrThrow, type GitContext } from "../../storage/git/run-git.ts";

const SHA_CHARS = 40;
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

const COPIED_FOLDERS = ["refs/heads", "refs/tags"];
const COPIED_REFS = COPIED_FOLDERS.map((folder) => `+${folder}/*:${folder}/*`);

/** The object directory of a repository with or without a work tree; null for a further work tree. */
const findObjects = (directory: string): string | null =>
  [join(directory, ".git", "objects"), join(directory, "objects")].find((path) => existsSync(path)) ?? null;

/**
 * Copies branches and tags, with all history in one pack, in two processes; a fetch takes six. Only reads the other repository. Returns false if git
 * cannot read all objects in this way.
 */
const packBranches = async (git: GitContext, from: string): Promise<boolean> => {
  const objects = findObjects(from);
  if (objects === null) return false;
  const listed = await runGitOrThrow({ ...git, directory: from }, ["for-each-ref", "--format=%(objectname) %(refname)", ...COPIED_FOLDERS]);
  const refs = listed
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [{ newSha: line.slice(0, SHA_CHARS), ref: line.slice(SHA_CHARS + 1) }]));
  if (refs.length === 0) return true;
  const words = ["pack-objects", "-q", "--revs", "--delta-base-offset", join(git.directory, "objects", "pack", "pack")];
  const wanted = `${refs.map(({ newSha }) => newSha).join("\n")}\n`;
  // A quoted path: a colon separates directories.
  const env = { GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(objects) };
  if ((await runGit({ ...git, env }, words, wanted)).code !== 0) return false;
  await writeRefs(
    git,
    refs.map(({ ref, newSha }) => ({ ref, oldSha: null, newSha })),
  );
  return true;
};

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
    if (!(await packBranches(git, options.from)))
      await runGitOrThrow(git, ["fetch", "--quiet", "--no-auto-gc", options.from, ...COPIED_REFS]);
    await writeFile(join(directory, "HEAD"), `ref: ${head}\n`);
  }
  const head = await readFile(join(directory, "HEAD"), "utf8");
  return head.trim().slice("ref: refs/heads/".length);
};
