import { join } from "node:path";
import type { Sha } from "../core/domain/ids.ts";
import { type ShellCommand, runShell } from "./run-shell.ts";

/** The files that the work would publish, as a commit in a repository of its own. */
export type WorkCopy = {
  readonly directory: string;
  /** New, empty homes, one for each command. */
  readonly homes: readonly string[];
  readonly tree: string;
  /** Whether the work changes nothing. */
  readonly isUnchanged: boolean;
};

export type CopiedWork = {
  readonly workspace: string;
  /** Where to build the copy; what is there is removed. */
  readonly directory: string;
  readonly base: Sha;
  /** A folder of the workspace that is never published. */
  readonly excluded: string;
  readonly homes: number;
};

/**
 * Builds the copy, and ends with the trees of the work and of its base. The agent still runs, and could replace any path by a link while
 * the script reads it. The script therefore has no more rights than the agent.
 */
const COPY_SCRIPT = `
rm -rf -- "$ENKI_COPY"
mkdir -p -- "$ENKI_COPY/work"
for ((at = 0; at < ENKI_HOMES; at++)); do mkdir -p -- "$ENKI_COPY/home-$at/tmp"; done
cd -- "$ENKI_COPY/work"
git init -q --template= --object-format=sha1
mkdir -p .git/info
printf '/%s/\\n' "$ENKI_EXCLUDED" > .git/info/exclude
printf '%s/.git/objects\\n' "$ENKI_WORKSPACE" > .git/objects/info/alternates
[ ! -f "$ENKI_WORKSPACE/.git/shallow" ] || cp -- "$ENKI_WORKSPACE/.git/shallow" .git/shallow
git read-tree "$ENKI_BASE"
GIT_DIR=$PWD/.git GIT_WORK_TREE=$ENKI_WORKSPACE git -C "$ENKI_WORKSPACE" add -A -- .
tree=$(git write-tree)
base=$(git rev-parse "$ENKI_BASE^{tree}")
git update-ref --no-deref HEAD "$(git commit-tree "$tree" -p "$ENKI_BASE" -m work)"
git reset -q --hard
echo "copied $tree $base"
`;

const GIT_VARIABLES = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "enki",
  GIT_AUTHOR_EMAIL: "enki@localhost",
  GIT_COMMITTER_NAME: "enki",
  GIT_COMMITTER_EMAIL: "enki@localhost",
};

/** Copies an agent's work with the agent's rights; null if that is impossible or takes too long. */
export const copyWork = async (
  { workspace, directory, base, excluded, homes }: CopiedWork,
  shell: Pick<ShellCommand, "env" | "sandbox" | "deadline" | "after" | "relay">,
): Promise<WorkCopy | null> => {
  let last = "";
  const { end } = await runShell({
    ...shell,
    command: COPY_SCRIPT,
    cwd: workspace,
    env: {
      ...shell.env,
      ...GIT_VARIABLES,
      ENKI_WORKSPACE: workspace,
      ENKI_COPY: directory,
      ENKI_BASE: base,
      ENKI_EXCLUDED: excluded,
      ENKI_HOMES: String(homes),
    },
    onLines: (lines) => {
      last = lines.at(-1) ?? last;
    },
  });
  const [, tree = "", baseTree = ""] = /^copied ([0-9a-f]{40}) ([0-9a-f]{40})$/.exec(last) ?? [];
  if (end !== "passed" || tree === "") return null;
  return {
    directory: join(directory, "work"),
    homes: Array.from({ length: homes }, (_, at) => join(directory, `home-${at}`)),
    tree,
    isUnchanged: tree === baseTree,
  };
};
