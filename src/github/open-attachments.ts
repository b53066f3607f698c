import type { AttachmentPort, FileText } from "./github-ports.ts";

/** Storage hosts of github.com, to which attachment URLs redirect. */
const STORAGE_HOSTS: ReadonlySet<string> = new Set([
  "objects.githubusercontent.com",
  "github-production-repository-file-5c1aeb.s3.amazonaws.com",
]);
const GITHUB_ORIGIN = "https://github.com";

const DOWNLOAD_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 3;
/** Larger files are truncated. */
const MAX_ATTACHMENT_BYTES = 1_000_000;
const TEXT_CONTENT_TYPE_PATTERN =
  /^(?:text\/(?!html\b)[\w.+-]+|application\/(?:json|xml|yaml|x-yaml|toml|x-ndjson|javascript|octet-stream)|[\w.-]+\/[\w.-]+\+(?:json|xml))\s*(?:;|$)/i;

const toUnreadText = (why: string): FileText => ({ kind: "unread", reason: why });

/** Whether the host serves this GitHub or is storage of github.com. Requests go to no other host, whatever a page redirects to. */
const isAllowedHost = (url: URL, server: string): boolean => {
  if (url.username !== "" || url.password !== "") return false;
  const { origin } = new URL(server);
  return (
    url.origin === origin || (origin === GITHUB_ORIGIN && url.protocol === "https:" && url.port === "" && STORAGE_HOSTS.has(url.hostname))
  );
};

/** Reads public attachments of issues; no token is ever sent. */
export const openAttachments = (server: string, repository: string): AttachmentPort => ({
  server,
  repository,
  read: async (address) => {
    try {
      const answer = await fetchWithRedirects(new URL(address), server);
      return answer.kind === "answer" ? await readResponseText(answer.response) : answer;
    } catch {
      return toUnreadText("it was not answered");
    }
  },
});

type RedirectResult = { readonly kind: "answer"; readonly response: Response } | FileText;

const fetchWithRedirects = async (start: URL, server: string): Promise<RedirectResult> => {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    if (!isAllowedHost(url, server)) return toUnreadText("it is on another host");
    const answer = await fetch(url.href, { redirect: "manual", credentials: "omit", signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
    if (answer.status < 300 || answer.status >= 400) return { kind: "answer", response: answer };
    await answer.body?.cancel();
    const location = answer.headers.get("location") ?? "";
    if (!URL.canParse(location, url.href)) return toUnreadText("it leads nowhere");
    url = new URL(location, url);
  }
  return toUnreadText("it leads from one address to the next");
};

const readResponseText = async (answer: Response): Promise<FileText> => {
  const type = answer.headers.get("content-type") ?? "";
  const why = answer.status !== 200 ? `GitHub answered ${answer.status}` : TEXT_CONTENT_TYPE_PATTERN.test(type) ? null : "it is not text";
  if (why !== null) {
    await answer.body?.cancel();
    return toUnreadText(why);
  }
  const { bytes, whole } = await readLimitedBytes(answer);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !whole });
    return text.includes("\0") ? toUnreadText("it is not text") : { kind: "text", text, whole };
  } catch {
    return toUnreadText("it is not text");
  }
};

const readLimitedBytes = async ({ body }: Response): Promise<{ bytes: Uint8Array; whole: boolean }> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    const bytes = chunk as Uint8Array;
    chunks.push(bytes.subarray(0, MAX_ATTACHMENT_BYTES - size));
    size += bytes.length;
    // Leaving the loop aborts the transfer.
    if (size > MAX_ATTACHMENT_BYTES) return { bytes: Buffer.concat(chunks), whole: false };
  }
  return { bytes: Buffer.concat(chunks), whole: true };
};
