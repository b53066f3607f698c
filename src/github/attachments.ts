import type { Files, FileText } from "./ports.ts";

/** Where github.com keeps what people attach: its own page of an attachment answers with an address there. */
const STORAGE: ReadonlySet<string> = new Set([
  "objects.githubusercontent.com",
  "github-production-repository-file-5c1aeb.s3.amazonaws.com",
]);
const GITHUB = "https://github.com";

const TIME_OUT = 10_000;
const MOST_HOPS = 3;
/** Bytes that are read of a file; the rest is left out. */
const MOST_BYTES = 1_000_000;
const TEXT =
  /^(?:text\/(?!html\b)[\w.+-]+|application\/(?:json|xml|yaml|x-yaml|toml|x-ndjson|javascript|octet-stream)|[\w.-]+\/[\w.-]+\+(?:json|xml))\s*(?:;|$)/i;

const unread = (why: string): FileText => ({ kind: "unread", why });

/** True for the host that serves this GitHub, and for the storage of github.com: nothing is asked of any other, whatever a page answers. */
const isAllowed = (url: URL, server: string): boolean => {
  if (url.username !== "" || url.password !== "") return false;
  const { origin } = new URL(server);
  return url.origin === origin || (origin === GITHUB && url.protocol === "https:" && url.port === "" && STORAGE.has(url.hostname));
};

/** Files that people attached to issues, read as anybody may: no token is ever sent. */
export const openFiles = (server: string, repository: string): Files => ({
  server,
  repository,
  read: async (address) => {
    try {
      const answer = await follow(new URL(address), server);
      return answer.kind === "answer" ? await readText(answer.response) : answer;
    } catch {
      return unread("it was not answered");
    }
  },
});

type Followed = { readonly kind: "answer"; readonly response: Response } | FileText;

const follow = async (start: URL, server: string): Promise<Followed> => {
  let url = start;
  for (let hop = 0; hop <= MOST_HOPS; hop += 1) {
    if (!isAllowed(url, server)) return unread("it is on another host");
    const answer = await fetch(url.href, { redirect: "manual", credentials: "omit", signal: AbortSignal.timeout(TIME_OUT) });
    if (answer.status < 300 || answer.status >= 400) return { kind: "answer", response: answer };
    await answer.body?.cancel();
    const location = answer.headers.get("location") ?? "";
    if (!URL.canParse(location, url.href)) return unread("it leads nowhere");
    url = new URL(location, url);
  }
  return unread("it leads from one address to the next");
};

const readText = async (answer: Response): Promise<FileText> => {
  const type = answer.headers.get("content-type") ?? "";
  const why = answer.status !== 200 ? `GitHub answered ${answer.status}` : TEXT.test(type) ? null : "it is no text";
  if (why !== null) {
    await answer.body?.cancel();
    return unread(why);
  }
  const { bytes, whole } = await readBytes(answer);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !whole });
    return text.includes("\0") ? unread("it is no text") : { kind: "text", text, whole };
  } catch {
    return unread("it is no text");
  }
};

const readBytes = async ({ body }: Response): Promise<{ bytes: Uint8Array; whole: boolean }> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    const bytes = chunk as Uint8Array;
    chunks.push(bytes.subarray(0, MOST_BYTES - size));
    size += bytes.length;
    // Ending the loop ends the transfer.
    if (size > MOST_BYTES) return { bytes: Buffer.concat(chunks), whole: false };
  }
  return { bytes: Buffer.concat(chunks), whole: true };
};
