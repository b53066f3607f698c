import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FileChange, planFileChange, sealGenerated } from "../../core/setup/generated-file.ts";
import { runGit } from "../../storage/git/run-git.ts";
import { CommandError } from "../command-options.ts";
import type { TerminalHost } from "../terminal-host.ts";

export type PlannedFile = {
  readonly path: string;
  readonly change: FileChange;
  /** The present text; null without a file. */
  readonly present: string | null;
  readonly wanted: string;
};

export const hashText = (text: string): string => createHash("sha256").update(text).digest("hex");

/** In Markdown and in lists of licenses a first line would be part of the text. */
export const hasFirstLine = (path: string): boolean => !/\.(?:md|txt)$/.test(path);

const seal = (path: string, text: string): string =>
  hasFirstLine(path) ? sealGenerated(text, /\.m?js$/.test(path) ? "//" : "#", hashText) : text;

/** Compares the files of a set-up with those of the repository. */
export const planFiles = (files: ReadonlyMap<string, string>, readPresent: (path: string) => string | null): PlannedFile[] =>
  [...files].map(([path, text]) => {
    const wanted = seal(path, text);
    const present = readPresent(path);
    const change = planFileChange(present, wanted, hashText);
    // Texts without a first line belong to the copy of the action, which is replaced as a whole.
    return { path, present, wanted, change: change === "replace" && !hasFirstLine(path) ? "update" : change };
  });

const MAX_DIFF_CHARS = 20_000;

/** The difference between the present and the wanted text, as in `git diff`. A long difference is left out. */
export const formatDiff = async ({ after, temporary }: TerminalHost, { path, present, wanted }: PlannedFile): Promise<string> => {
  if (wanted.length > MAX_DIFF_CHARS) return `${path}: ${Math.ceil(wanted.length / 1_000)} kB, not shown\n`;
  const directory = await mkdtemp(join(temporary, "enki-diff-"));
  try {
    const sides: string[] = [];
    for (const [side, text] of [
      ["a", present],
      ["b", wanted],
    ] as const) {
      const file = join(directory, side, path);
      await mkdir(dirname(file), { recursive: true });
      if (text !== null) await writeFile(file, text);
      sides.push(text === null ? "/dev/null" : `${side}/${path}`);
    }
    const { stdout } = await runGit({ directory, after }, ["diff", "--no-index", "--no-color", "--no-prefix", "--", ...sides]);
    return stdout.toString("utf8");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

/** Throws if a file, or a folder of it, is a symbolic link: the repository may be written by others, and a link may lead to any file. */
const requireNoLinks = (directory: string, files: readonly PlannedFile[]): void => {
  for (const { path } of files)
    for (const [at] of path.split("/").entries()) {
      const part = path.split("/", at + 1).join("/");
      if (lstatSync(join(directory, part), { throwIfNoEntry: false })?.isSymbolicLink() === true)
        throw new CommandError(`${part} is a symbolic link, so nothing was written; remove the link, then repeat the command`);
    }
};

/** Writes files into a work tree, and follows no link. */
export const writePlannedFiles = async (directory: string, files: readonly PlannedFile[]): Promise<void> => {
  requireNoLinks(directory, files);
  for (const { path, wanted } of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), wanted);
  }
};
