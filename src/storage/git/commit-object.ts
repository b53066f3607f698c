import type { Sha } from "../../core/domain/ids.ts";
import type { ObjectFiles } from "./object-files.ts";

export type CommitLinks = { readonly tree: Sha; readonly parents: readonly Sha[]; readonly committedSeconds: number };

const HEAD_PATTERN = /^tree ([0-9a-f]{40})\n((?:parent [0-9a-f]{40}\n)*)author [^\n]*\ncommitter [^\n]* (\d+) [+-]\d{4}(?:\n|$)/;

/** Reads a commit; null for other objects, and for commits only git can read. */
export const readCommitLinks = (objects: ObjectFiles | undefined, id: Sha): CommitLinks | null => {
  const found = objects?.read(id);
  if (found?.type !== "commit") return null;
  const end = found.content.indexOf("\n\n");
  const [, tree, parents = "", seconds] = HEAD_PATTERN.exec(found.content.toString("latin1", 0, end < 0 ? undefined : end)) ?? [];
  if (tree === undefined) return null;
  return { tree, parents: [...parents.matchAll(/[0-9a-f]{40}/g)].map(([parent]) => parent), committedSeconds: Number(seconds) };
};

// The characters git strips from the ends of a name.
const isCrud = (char: string): boolean => char <= " " || ".,:;<>\"\\'".includes(char);

/** Cleans a name or address as git does. */
const cleanIdentity = (text: string): string => {
  let [start, end] = [0, text.length];
  while (start < end && isCrud(text[start] ?? "")) start += 1;
  while (end > start && isCrud(text[end - 1] ?? "")) end -= 1;
  return text.slice(start, end).replaceAll(/[\n<>]/g, "");
};

type CommitPerson = { readonly name: string; readonly email: string; readonly at: number };

export type PlainCommit = {
  readonly tree: Sha;
  readonly parents: readonly Sha[];
  readonly author: CommitPerson;
  readonly committer: CommitPerson;
  readonly message: string;
};

const formatPerson = ({ name, email, at }: CommitPerson): string =>
  `${cleanIdentity(name)} <${cleanIdentity(email)}> ${Math.floor(at / 1000)} +0000`;

/** A commit object as `git commit-tree -F -` writes it; null if git would refuse. */
export const formatCommit = ({ tree, parents, author, committer, message }: PlainCommit): Buffer | null => {
  if (message.includes("\0") || [author, committer].some(({ name }) => cleanIdentity(name) === "")) return null;
  const lines = [
    `tree ${tree}`,
    ...[...new Set(parents)].map((parent) => `parent ${parent}`),
    `author ${formatPerson(author)}`,
    `committer ${formatPerson(committer)}`,
  ];
  return Buffer.from(`${lines.join("\n")}\n\n${message}`);
};
