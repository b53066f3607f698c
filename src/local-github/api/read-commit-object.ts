import { isSha } from "../../core/domain/ids.ts";
import type { ObjectFiles } from "../../storage/git/object-files.ts";

/** The author or committer of a commit; the date has the form `2026-11-20T12:00:00+00:00`. */
export type GitIdentity = { readonly name: string; readonly email: string; readonly date: string };

export type CommitFacts = {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: GitIdentity;
  readonly committer: GitIdentity;
  readonly message: string;
};

const HEAD_PATTERN = /^tree ([0-9a-f]{40})\n((?:parent [0-9a-f]{40}\n)*)author ([^\n]*)\ncommitter ([^\n]*)(?:\n|$)/;
/** A person whose name and address git shows as they are. */
const PERSON_PATTERN = /^([^\s<>](?:[^<>]*[^\s<>])?) <([^\s<>]+)> (\d{1,11}) ([+-])(0\d|1[0-4])([0-5]\d)$/;
const MINUTE_SECONDS = 60;
const HOUR_MINUTES = 60;

const readPerson = (line: string): GitIdentity | null => {
  const [, name, email, seconds = "", sign = "", hours = "", minutes = ""] = PERSON_PATTERN.exec(line) ?? [];
  if (name === undefined || email === undefined) return null;
  const offset = (sign === "-" ? -1 : 1) * (Number(hours) * HOUR_MINUTES + Number(minutes));
  const local = new Date((Number(seconds) + offset * MINUTE_SECONDS) * 1_000).toISOString().slice(0, "2026-11-20T12:00:00".length);
  return { name, email, date: `${local}${offset === 0 ? "+" : sign}${hours}:${minutes}` };
};

/** The text of a commit in UTF-8 without NUL; null for others. */
const readCommitText = (objects: ObjectFiles | undefined, sha: string): string | null => {
  const found = isSha(sha) ? objects?.read(sha) : null;
  const text = found?.type === "commit" ? found.content.toString("utf8") : "";
  return text === "" || /[\0\uFFFD]/.test(text) ? null : text;
};

/** Reads a commit in git's form; null for commits that only git can read or show, such as commits in another encoding. */
export const readCommitObject = (objects: ObjectFiles | undefined, sha: string): CommitFacts | null => {
  const text = readCommitText(objects, sha) ?? "";
  const end = text.indexOf("\n\n");
  const head = text.slice(0, Math.max(end, 0));
  const [, tree, parents = "", authorLine = "", committerLine = ""] = HEAD_PATTERN.exec(head) ?? [];
  const [author, committer] = [readPerson(authorLine), readPerson(committerLine)];
  if (tree === undefined || author === null || committer === null || head.includes("\nencoding ")) return null;
  const message = text.slice(end + 2).trimEnd();
  return { sha, tree, parents: [...parents.matchAll(/[0-9a-f]{40}/g)].map(([parent]) => parent), author, committer, message };
};
