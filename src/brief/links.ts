/** Where a repository's pages are. */
export type Home = {
  /** `https://github.com`. */
  readonly server: string;
  /** `<owner>/<name>`. */
  readonly repository: string;
};

/** A file that somebody attached, or a place in a commit of this repository. Of code without lines the beginning is meant. */
export type Link =
  | { readonly kind: "attachment"; readonly url: string; readonly name: string }
  | {
      readonly kind: "code";
      readonly url: string;
      readonly commit: string;
      readonly path: string;
      readonly from: number;
      readonly to: number;
    };

const ADDRESS = /\bhttps?:\/\/[^\s<>()[\]"'`\\]+/gi;
const ATTACHMENT = /^\/(?:user-attachments|(?<owner>[^/]+)\/(?<name>[^/]+))\/files\/\d{1,20}\/(?<file>[^/]{1,255})$/;
const CODE = /^\/(?<owner>[^/]+)\/(?<name>[^/]+)\/blob\/(?<commit>[0-9a-f]{40})\/(?<path>.{1,1000})$/i;
const LINES = /^#L(\d{1,7})(?:C\d+)?(?:-L?(\d{1,7})(?:C\d+)?)?$/i;
/** Lines that are shown of a place in the code at most. */
const MOST_LINES = 200;

/** The attachments and permalinks to this repository's code in a text, each once, in order. Any other address is none, whatever it looks like. */
export const findLinks = (text: string, home: Home): Link[] => {
  const found = new Map<string, Link>();
  for (const [address] of text.matchAll(ADDRESS)) {
    const link = readLink(address.replace(/[.,;:!?*_~|]+$/, ""), home);
    if (link) found.set(link.kind === "code" ? `${link.url}#${link.from}-${link.to}` : link.url, link);
  }
  return [...found.values()];
};

const readLink = (address: string, home: Home): Link | null => {
  const url = onServer(address, home.server);
  return url && (readAttachment(url, home) ?? readCode(url, home));
};

/** An address of this GitHub's own host; null for any other, however alike. */
const onServer = (address: string, server: string): URL | null => {
  const url = URL.canParse(address) ? new URL(address) : null;
  return url && url.origin === new URL(server).origin && url.username === "" && url.password === "" ? url : null;
};

type Groups = Partial<Record<string, string>>;

const isOf = ({ owner, name }: Groups, { repository }: Home): boolean =>
  `${owner ?? ""}/${name ?? ""}`.toLowerCase() === repository.toLowerCase();

const readAttachment = ({ origin, pathname }: URL, home: Home): Link | null => {
  const found = ATTACHMENT.exec(pathname)?.groups;
  if (!found || (found["owner"] !== undefined && !isOf(found, home))) return null;
  return { kind: "attachment", url: origin + pathname, name: decoded(found["file"] ?? "") };
};

const readCode = ({ origin, pathname, hash }: URL, home: Home): Link | null => {
  const found = CODE.exec(pathname)?.groups;
  if (!found || !isOf(found, home)) return null;
  const commit = (found["commit"] ?? "").toLowerCase();
  return { kind: "code", url: origin + pathname, commit, path: decoded(found["path"] ?? ""), ...linesOf(hash) };
};

const linesOf = (hash: string): { from: number; to: number } => {
  const [, first, last] = LINES.exec(hash) ?? [];
  const [from, to] = [Number(first ?? 1), Number(last ?? first ?? MOST_LINES)].toSorted((a, b) => a - b);
  const start = Math.max(1, from ?? 1);
  return { from: start, to: Math.min(Math.max(start, to ?? start), start + MOST_LINES - 1) };
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
