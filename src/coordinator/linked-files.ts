import { findBriefLinks, type BriefLink } from "../core/brief/brief-links.ts";
import type { AttachmentPort } from "../github/github-ports.ts";
import { type Brief, type BriefFile, isTrustedPermission } from "../core/domain/brief.ts";
import type { Sha } from "../core/domain/ids.ts";
import { takeFirstChars, takeLastChars, stripHiddenChars } from "../core/domain/visible-text.ts";

const MAX_FOLLOWED_LINKS = 10;

export type FileSources = {
  readonly files: AttachmentPort;
  /** Reads a text file of a local commit; null if the file is missing. */
  readonly textAt: (commit: Sha, path: string) => Promise<string | null>;
};

/** The number of characters in comments and diff. */
export const countBriefChars = ({ comments, pull }: Brief): number =>
  comments.reduce((sum, { text }) => sum + text.length, pull?.diff?.text.length ?? 0);

type TrustedLink = { readonly link: BriefLink; readonly trusted: boolean };

/**
 * Adds the files linked from a brief's texts, within the space left by comments; each file takes at most half of the remaining space. The
 * brief names unreadable files.
 */
export const addLinkedFiles = async (brief: Brief, maxChars: number, sources: FileSources): Promise<Brief> => {
  const files: BriefFile[] = [];
  let room = maxChars - countBriefChars(brief);
  for (const linked of orderBriefLinks(brief, sources.files)) {
    const file =
      room > 0 && files.length < MAX_FOLLOWED_LINKS
        ? await readLinkedFile(linked, { room: Math.ceil(room / 2), sources })
        : toUnreadFile(linked, "the brief has no room for it");
    room -= file.text?.length ?? 0;
    files.push(file);
  }
  return { ...brief, files };
};

/** Orders links: first the issue's, then the links of people with write permission, then the rest; the newest first. */
const orderBriefLinks = ({ body, permission, comments }: Brief, home: AttachmentPort): TrustedLink[] => {
  const newest = comments.toReversed();
  const trustedFirst = newest.toSorted((a, b) => Number(isTrustedPermission(b.permission)) - Number(isTrustedPermission(a.permission)));
  const texts = [{ text: body, permission }, ...trustedFirst];
  const all = texts.flatMap(({ text, permission: by }) =>
    findBriefLinks(text, home).map((link) => ({ link, trusted: isTrustedPermission(by) })),
  );
  const once = new Map<string, TrustedLink>();
  for (const each of all) if (!once.has(formatLinkName(each.link))) once.set(formatLinkName(each.link), each);
  return [...once.values()].slice(0, 2 * MAX_FOLLOWED_LINKS);
};

const formatLinkName = (link: BriefLink): string =>
  link.kind === "attachment" ? link.name : `${link.path} lines ${link.startLine}-${link.endLine} at ${link.commit.slice(0, 12)}`;

const toUnreadFile = ({ link, trusted }: TrustedLink, reason: string): BriefFile => ({
  name: formatLinkName(link),
  url: link.url,
  trusted,
  text: null,
  reason,
});

const readLinkedFile = async (linked: TrustedLink, { room, sources }: { room: number; sources: FileSources }): Promise<BriefFile> => {
  const { link, trusted } = linked;
  const read = link.kind === "attachment" ? await sources.files.read(link.url) : await readLinkedCode(link, sources);
  if (read.kind === "unread") return toUnreadFile(linked, read.reason);
  const text = cutMiddle(stripHiddenChars(read.text).trimEnd(), room, read.whole);
  return { name: formatLinkName(link), url: link.url, trusted, text, reason: "" };
};

const FILE_CUT_NOTE = "[… left out here: it is too long …]";

/** Keeps both ends of a long text: a log starts with the command and ends with the failure. */
const cutMiddle = (text: string, room: number, whole: boolean): string => {
  if (text.length <= room) return whole ? text : `${text}\n${FILE_CUT_NOTE}`;
  const half = Math.floor(room / 2);
  return `${takeFirstChars(text, half)}\n${FILE_CUT_NOTE}\n${takeLastChars(text, half)}`;
};

type CodeLink = Extract<BriefLink, { kind: "code" }>;

const readLinkedCode = async (
  { commit, path, startLine, endLine }: CodeLink,
  { textAt }: FileSources,
): Promise<Awaited<ReturnType<AttachmentPort["read"]>>> => {
  const text = await textAt(commit, path);
  if (text === null) return { kind: "unread", reason: "this repository has no such file at that commit" };
  const lines = text.split("\n").slice(startLine - 1, endLine);
  return lines.length === 0
    ? { kind: "unread", reason: "the file has no such lines" }
    : { kind: "text", text: lines.join("\n"), whole: true };
};
