export type RepositoryPages = {
  /** `https://github.com`. */
  readonly server: string;
  /** `<owner>/<name>`. */
  readonly repository: string;
};

/** A link to an attachment or to a place in a commit of this repository. A code link without lines means the start of the file. */
export type BriefLink =
  | { readonly kind: "attachment"; readonly url: string; readonly name: string }
  | {
      readonly kind: "code";
      readonly url: string;
      readonly commit: string;
      readonly path: string;
      readonly startLine: number;
      readonly endLine: number;
    };

const URL_PATTERN = /\bhttps?:\/\/[^\s<>()[\]"'`\\]+/gi;
const ATTACHMENT_PATH = /^\/(?:user-attachments|(?<owner>[^/]+)\/(?<name>[^/]+))\/files\/\d{1,20}\/(?<file>[^/]{1,255})$/;
const CODE_PATH = /^\/(?<owner>[^/]+)\/(?<name>[^/]+)\/blob\/(?<commit>[0-9a-f]{40})\/(?<path>.{1,1000})$/i;
const LINE_RANGE_HASH = /^#L(\d{1,7})(?:C\d+)?(?:-L?(\d{1,7})(?:C\d+)?)?$/i;
const MAX_CODE_LINES = 200;

/** Finds attachments and permalinks to this repository's code, each once, in order. Ignores every other address, however similar. */
export const findBriefLinks = (text: string, home: RepositoryPages): BriefLink[] => {
  const found = new Map<string, BriefLink>();
  for (const [address] of text.matchAll(URL_PATTERN)) {
    const link = readBriefLink(withoutEndMarks(address), home);
    if (link) found.set(link.kind === "code" ? `${link.url}#${link.startLine}-${link.endLine}` : link.url, link);
  }
  return [...found.values()];
};

/** An address without the marks of its sentence, in linear time. */
const withoutEndMarks = (address: string): string => {
  let end = address.length;
  while (".,;:!?*_~|".includes(address[end - 1] ?? " ")) end -= 1;
  return address.slice(0, end);
};

const readBriefLink = (address: string, home: RepositoryPages): BriefLink | null => {
  const url = parseServerUrl(address, home.server);
  return url && (readAttachmentLink(url, home) ?? readCodeLink(url, home));
};

/** `null` for an address on another host, however similar. */
const parseServerUrl = (address: string, server: string): URL | null => {
  const url = URL.canParse(address) ? new URL(address) : null;
  return url && url.origin === new URL(server).origin && url.username === "" && url.password === "" ? url : null;
};

type PathGroups = Partial<Record<string, string>>;

const isInRepository = ({ owner, name }: PathGroups, { repository }: RepositoryPages): boolean =>
  `${owner ?? ""}/${name ?? ""}`.toLowerCase() === repository.toLowerCase();

const readAttachmentLink = ({ origin, pathname }: URL, home: RepositoryPages): BriefLink | null => {
  const found = ATTACHMENT_PATH.exec(pathname)?.groups;
  if (!found || (found["owner"] !== undefined && !isInRepository(found, home))) return null;
  return { kind: "attachment", url: origin + pathname, name: decodePath(found["file"] ?? "") };
};

const readCodeLink = ({ origin, pathname, hash }: URL, home: RepositoryPages): BriefLink | null => {
  const found = CODE_PATH.exec(pathname)?.groups;
  if (!found || !isInRepository(found, home)) return null;
  const commit = (found["commit"] ?? "").toLowerCase();
  return { kind: "code", url: origin + pathname, commit, path: decodePath(found["path"] ?? ""), ...readLineRange(hash) };
};

const readLineRange = (hash: string): { startLine: number; endLine: number } => {
  const [, first, last] = LINE_RANGE_HASH.exec(hash) ?? [];
  const [from, to] = [Number(first ?? 1), Number(last ?? first ?? MAX_CODE_LINES)].toSorted((a, b) => a - b);
  const start = Math.max(1, from ?? 1);
  return { startLine: start, endLine: Math.min(Math.max(start, to ?? start), start + MAX_CODE_LINES - 1) };
};

const decodePath = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
