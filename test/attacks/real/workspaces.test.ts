import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { CARRY_LIMITS } from "../../../src/job/job-bundle.ts";
import { listWorkspaceChanges } from "../../../src/job/job-workspace.ts";
import { after } from "../../support/after.ts";
import { attackFamily, type AttackEnd } from "../attack-family.ts";

/**
 * Hostile states of a workspace that Enki lists with its own rights. $SUB is a submodule of the base, $OTHER a submodule with a name outside of
 * UTF-8, $LINKED the commit of both, and `evil` leaves a mark.
 */
const PRELUDE = String.raw`set -e
SUB=sub OTHER=$'s\xffb'
git() { command git -c init.defaultBranch=main -c user.name=a -c user.email=a@example.org "$@"; }
# A repository whose settings run a program whatever git does in it.
make() {
  git init -q "$1"
  cp -r "$OBJECTS/." "$1/.git/objects"
  echo "$LINKED" > "$1/.git/HEAD"
  echo 1 > "$1/tracked"
  git -C "$1" add tracked
  git -C "$1" config core.fsmonitor "$EVIL"
  git -C "$1" config filter.evil.clean "$EVIL; cat"
  git -C "$1" config diff.evil.textconv "$EVIL"
  git -C "$1" config core.hooksPath "$PWD/hooks"
  git -C "$1" config core.sshCommand "$EVIL"
  echo '* filter=evil diff=evil' > "$1/.gitattributes"
  echo 2 > "$1/tracked"
}
mkdir hooks
for hook in post-index-change pre-commit reference-transaction fsmonitor-watchman; do printf '#!/bin/sh\n%s\n' "$EVIL" > hooks/$hook; chmod +x hooks/$hook; done
`;

/** Gains of the states: a program that runs, an unlisted change, or a file that fills the memory. */
const STATES: Readonly<Record<string, string>> = {
  "a submodule with settings": "make $SUB",
  "a submodule whose name is not UTF-8": 'make "$OTHER"',
  "a submodule whose settings are in another directory":
    'make elsewhere; mkdir $SUB; echo "gitdir: $PWD/elsewhere/.git" > $SUB/.git; cp elsewhere/tracked $SUB',
  "a submodule whose directory of git is a link": "make elsewhere; mkdir $SUB; ln -s ../elsewhere/.git $SUB/.git",
  "a submodule with a filter that stays": 'make $SUB; git -C $SUB config filter.evil.process "$EVIL"',
  "a submodule that is a link": "make elsewhere; ln -s elsewhere $SUB",
  "a submodule whose settings include others": `make $SUB; git config -f more core.fsmonitor "$EVIL"; printf '[core]\\n\\trepositoryformatversion = 0\\n[include]\\n\\tpath = %s\\n' "$PWD/more" > $SUB/.git/config`,
  "a submodule whose settings include others for its directory": `make $SUB; git config -f more core.fsmonitor "$EVIL"; printf '[includeIf "gitdir:**"]\\n\\tpath = %s\\n' "$PWD/more" >> $SUB/.git/config`,
  "a submodule with a work tree elsewhere": 'make $SUB; git -C $SUB config core.worktree "$PWD"',
  "a submodule with submodules":
    'make $SUB; echo "160000 $LINKED 0	inner" | git -C $SUB -c core.fsmonitor=false -c core.hooksPath= update-index --index-info; make $SUB/inner',
  "a submodule with a setting for each worktree": `make $SUB; git -C $SUB config extensions.worktreeConfig true; git config -f $SUB/.git/config.worktree core.fsmonitor "$EVIL"`,
  "a file .gitmodules that updates by a program": `make $SUB; git config -f .gitmodules submodule.sub.path sub; git config -f .gitmodules submodule.sub.url ./x; git config -f .gitmodules submodule.sub.update "!$EVIL"; git config -f .gitmodules submodule.sub.ignore none`,
  "a repository that is new": "make new",
  "a repository in a folder of the base": "make folder",
  "a repository in the place of a file": "rm a.txt; make a.txt",
  "a repository in the place of the workspace": "make .",
  "a repository without a work tree in the workspace": `git init -q --bare bare; cp -r bare/. .; git config -f config core.fsmonitor "$EVIL"; git config -f config core.bare false; git config -f config core.worktree .`,
  "a file in the place of git's directory": 'make elsewhere; echo "gitdir: $PWD/elsewhere/.git" > .git',
  "attributes and filters of the workspace": `make .; mkdir -p .git/info; echo '* filter=evil' > .git/info/attributes; echo b > a.txt`,
  "an encoding of a working tree": `echo '* working-tree-encoding=UTF-16 filter=evil diff=evil merge=evil' > .gitattributes; echo b > a.txt`,
  "settings of a home": `mkdir -p .config/git; git config -f .config/git/config core.fsmonitor "$EVIL"; cp .config/git/config .gitconfig; echo '* filter=evil' > .config/git/attributes`,
  "ignored files of a home": "mkdir -p .config/git; echo '*' > .config/git/ignore; echo new > must-be-listed",
  "ignored files of its own repository": "git init -q .; echo '*' > .git/info/exclude; echo new > must-be-listed",
  "an index that skips files":
    "git init -q .; git add -A; git update-index --assume-unchanged a.txt; git update-index --skip-worktree a.txt; echo must-be-listed > a.txt",
  "a sparse file": `truncate -s ${CARRY_LIMITS.bytes + 1} sparse`,
  "many sparse files": `for at in $(seq 52); do truncate -s 2000001 sparse-$at; echo $at >> sparse-$at; done`,
  "pipes and sockets": "mkfifo pipe; mkfifo a; mkdir -p folder; mkfifo folder/pipe; echo new > must-be-listed",
  "a path that is too long": `for at in $(seq 30); do mkdir ${"d".repeat(200)}; cd -P ${"d".repeat(200)}; done; echo x > file`,
};

let seed = "";
let linked = "";
let base = "";
beforeAll(() => {
  seed = realpathSync(mkdtempSync(join(tmpdir(), "enki-seed-")));
  const git = (args: readonly string[], input = ""): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
      cwd: seed,
      encoding: "utf8",
      input: Buffer.from(input, "latin1"),
    }).trim();
  git(["init", "-q", "--bare", "clone"]);
  const at = ["--git-dir", "clone"];
  const blob = git([...at, "hash-object", "-w", "--stdin"], "a\n");
  linked = git([...at, "commit-tree", "-m", "linked", git([...at, "mktree"])]);
  const folder = git([...at, "mktree"], `100644 blob ${blob}\tb.txt\n`);
  const entries = [
    `100644 blob ${blob}\ta.txt`,
    `040000 tree ${folder}\tfolder`,
    `160000 commit ${linked}\tsub`,
    `160000 commit ${linked}\ts\u00ffb`,
  ];
  base = git([...at, "commit-tree", "-m", "base", git([...at, "mktree", "-z"], entries.map((entry) => `${entry}\0`).join(""))]);
});
afterAll(() => execFileSync("rm", ["-rf", seed]));

const tryState = async (script: string): Promise<AttackEnd> => {
  const root = mkdtempSync(join(seed, "try-"));
  const [clone, workspace, mark] = [join(root, "clone"), join(root, "work"), join(root, "mark")];
  cpSync(join(seed, "clone"), clone, { recursive: true });
  mkdirSync(join(workspace, "folder"), { recursive: true });
  for (const path of ["a.txt", "folder/b.txt"]) writeFileSync(join(workspace, path), "a\n");
  const env = { PATH: process.env["PATH"] ?? "", HOME: root, LINKED: linked, OBJECTS: join(clone, "objects"), EVIL: `touch ${mark}` };
  execFileSync("bash", ["--norc", "-c", `${PRELUDE}${script}`], { cwd: workspace, env, stdio: "ignore" });
  rmSync(mark, { force: true });
  const changes = await listWorkspaceChanges({ directory: workspace, after }, clone, { workspace, base }).catch((error: unknown) =>
    String(error),
  );
  if (existsSync(mark)) return { through: "a program ran" };
  if (typeof changes === "string") return { stopped: "unreadable" };
  const held = changes.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  if (held > CARRY_LIMITS.bytes) return { through: `${held} bytes in memory` };
  const isListed = changes.some(({ path, content }) => path === "must-be-listed" || content?.toString() === "must-be-listed\n");
  return script.includes("must-be-listed") && !isListed ? { through: "a change was hidden" } : { stopped: "listed" };
};

attackFamily("workspaces", Object.fromEntries(Object.entries(STATES).map(([name, script]) => [name, { script }])), ({ script }) =>
  tryState(script),
);
