import type { Millis, Sha } from "../../core/domain/ids.ts";

type CommitPerson = { readonly name: string; readonly email: string };

type CommitText = {
  readonly tree: Sha;
  readonly parents: readonly Sha[];
  readonly author: CommitPerson & { readonly at: Millis };
  readonly committer: CommitPerson;
  readonly at: Millis;
  readonly message: string;
};

const formatPerson = ({ name, email }: CommitPerson, at: Millis): string => `${name} <${email}> ${Math.floor(at / 1000)} +0000`;

/** A commit object with its signature, as `git commit-tree -S` writes it. The signature covers the rest of the object. */
export const formatSignedCommit = (commit: CommitText, sign: (payload: Buffer) => string): Buffer => {
  const { tree, parents, author, committer, at, message } = commit;
  const head = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${formatPerson(author, author.at)}`,
    `committer ${formatPerson(committer, at)}`,
  ].join("\n");
  // Git refuses NUL in a message.
  const body = message.replaceAll("\0", "");
  const signature = sign(Buffer.from(`${head}\n\n${body}`))
    .split("\n")
    .join("\n ");
  return Buffer.from(`${head}\ngpgsig ${signature}\n\n${body}`);
};

export type OpenedCommit = {
  readonly parents: readonly Sha[];
  readonly at: Millis;
  readonly message: string;
  readonly payload: Buffer;
  readonly signature: string;
};

const HEAD_PATTERN =
  /^tree [0-9a-f]{40}\n((?:parent [0-9a-f]{40}\n)*)author [^\n]+ \d+ \+0000\ncommitter [^\n]+ (\d+) \+0000\ngpgsig ([^\n]+(?:\n [^\n]*)*)$/;

/** Opens a commit object of exactly the form that {@link formatSignedCommit} writes; null for other forms. */
export const openSignedCommit = (object: Buffer): OpenedCommit | null => {
  // Invalid UTF-8 would make the checked text differ from the signed bytes.
  const text = object.toString("utf8");
  const end = text.indexOf("\n\n");
  const match = end === -1 ? null : HEAD_PATTERN.exec(text.slice(0, end));
  if (!match || !Buffer.from(text).equals(object)) return null;
  const [, parents = "", seconds = "", signature = ""] = match;
  const head = text.slice(0, end - "\ngpgsig ".length - signature.length);
  return {
    parents: parents.split("\n").flatMap((line) => (line === "" ? [] : [line.slice("parent ".length)])),
    at: Number(seconds) * 1000,
    message: text.slice(end + 2),
    payload: Buffer.from(head + text.slice(end)),
    signature: signature.split("\n ").join("\n"),
  };
};
