import { findLinks, type Link } from "../brief/links.ts";
import type { Files } from "../github/ports.ts";
import { type Brief, type BriefFile, isTrusted } from "../model/brief.ts";
import type { Sha } from "../model/ids.ts";
import { cut, tail, visible } from "../model/visible.ts";

/** Links that are followed, of one brief. */
const MOST_LINKS = 10;

export type FileSources = {
  readonly files: Files;
  /** A text file of a commit that is here; null for what is none. */
  readonly textAt: (commit: Sha, path: string) => Promise<string | null>;
};

/** How much room comments and a diff take. */
export const charsOf = ({ comments, pull }: Brief): number =>
  comments.reduce((sum, { text }) => sum + text.length, pull?.diff?.text.length ?? 0);

type Linked = { readonly link: Link; readonly trusted: boolean };

/** The brief with what its texts link to, as far as there is room left after the comments; each file takes half of it at most. What cannot be read is said, and delays nothing. */
export const withFiles = async (brief: Brief, maxChars: number, sources: FileSources): Promise<Brief> => {
  const files: BriefFile[] = [];
  let room = maxChars - charsOf(brief);
  for (const linked of linksIn(brief, sources.files)) {
    const file =
      room > 0 && files.length < MOST_LINKS
        ? await readLinked(linked, { room: Math.ceil(room / 2), sources })
        : unread(linked, "there is no room for it");
    room -= file.text?.length ?? 0;
    files.push(file);
  }
  return { ...brief, files };
};

/** Those of the issue first, then those of people with write permission, the newest first, then all others. */
const linksIn = ({ body, permission, comments }: Brief, home: Files): Linked[] => {
  const newest = comments.toReversed();
  const trustedFirst = newest.toSorted((a, b) => Number(isTrusted(b.permission)) - Number(isTrusted(a.permission)));
  const texts = [{ text: body, permission }, ...trustedFirst];
  const all = texts.flatMap(({ text, permission: by }) => findLinks(text, home).map((link) => ({ link, trusted: isTrusted(by) })));
  const once = new Map<string, Linked>();
  for (const each of all) if (!once.has(nameOf(each.link))) once.set(nameOf(each.link), each);
  return [...once.values()].slice(0, 2 * MOST_LINKS);
};

const nameOf = (link: Link): string =>
  link.kind === "attachment" ? link.name : `${link.path} lines ${link.from}-${link.to} at ${link.commit.slice(0, 12)}`;

const unread = ({ link, trusted }: Linked, why: string): BriefFile => ({ name: nameOf(link), url: link.url, trusted, text: null, why });

const readLinked = async (linked: Linked, { room, sources }: { room: number; sources: FileSources }): Promise<BriefFile> => {
  const { link, trusted } = linked;
  const read = link.kind === "attachment" ? await sources.files.read(link.url) : await readCode(link, sources);
  if (read.kind === "unread") return unread(linked, read.why);
  const text = fit(visible(read.text).trimEnd(), room, read.whole);
  return { name: nameOf(link), url: link.url, trusted, text, why: "" };
};

const LEFT_OUT = "[… left out here: it is too long …]";

/** Both ends of what is too long: a log says at its beginning what ran, and at its end how it failed. */
const fit = (text: string, room: number, whole: boolean): string => {
  if (text.length <= room) return whole ? text : `${text}\n${LEFT_OUT}`;
  const half = Math.floor(room / 2);
  return `${cut(text, half)}\n${LEFT_OUT}\n${tail(text, half)}`;
};

type CodeLink = Extract<Link, { kind: "code" }>;

const readCode = async ({ commit, path, from, to }: CodeLink, { textAt }: FileSources): Promise<Awaited<ReturnType<Files["read"]>>> => {
  const text = await textAt(commit, path);
  if (text === null) return { kind: "unread", why: "this repository has no such file at that commit" };
  const lines = text.split("\n").slice(from - 1, to);
  return lines.length === 0 ? { kind: "unread", why: "the file has no such lines" } : { kind: "text", text: lines.join("\n"), whole: true };
};
