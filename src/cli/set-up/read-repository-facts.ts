import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { toUnixLines } from "../../core/setup/generated-file.ts";
import type { RepositoryFacts } from "../../core/setup/repository-facts.ts";
import type { RemoteAddress } from "../../core/setup/remote-address.ts";
import { type GitContext, runGit } from "../../storage/git/run-git.ts";
import type { FoundRepository } from "../find-repository.ts";
import { readOrigin } from "../read-origin.ts";
import type { TerminalHost } from "../terminal-host.ts";

/** Larger files say nothing about a project's set-up. */
const MAX_READ_BYTES = 16_000_000;

/** Everything that set-up and diagnosis know of a person's repository. */
export type OwnRepository = {
  readonly directory: string;
  readonly facts: RepositoryFacts;
  readonly remote: RemoteAddress | null;
  /** The default branch as the clone knows it; the checked out branch if the clone does not know. */
  readonly defaultBranch: string | null;
};

/** Reads the found repository. */
export const readOwnRepository = async (terminal: TerminalHost, found: FoundRepository): Promise<OwnRepository> => {
  const { directory } = found;
  const at: GitContext = { directory, after: terminal.after, env: { GIT_OPTIONAL_LOCKS: "0" } };
  const ask = async (...args: string[]): Promise<string | null> => {
    const { code, stdout } = await runGit(at, args);
    return code === 0 ? stdout.toString("utf8") : null;
  };
  const listed = (await ask("ls-files", "-z", "--cached", "--others", "--exclude-standard")) ?? "";
  const head = await ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD");
  return {
    directory,
    facts: { paths: listed.split("\0").filter((path) => path !== ""), read: (path) => readSmallFile(join(directory, path)) },
    remote: await readOrigin(terminal, at),
    defaultBranch: head === null ? found.branch : head.trim().replace(/^origin\//, ""),
  };
};

/** A file as git stores it, also in a checkout with the line ends of Windows. */
const readSmallFile = (path: string): string | null => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() && found.size <= MAX_READ_BYTES ? toUnixLines(readFileSync(path, "utf8")) : null;
};
