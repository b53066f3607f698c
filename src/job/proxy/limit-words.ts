import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";

const TOO_MANY_REQUESTS = 429;
/** The headers in which providers say when a quota is renewed. */
const RENEWAL_HEADERS = ["retry-after", "retry-after-ms", "anthropic-ratelimit-unified-reset"];
const MAX_BODY_CHARS = 4_000;

/**
 * Reports a server's words about an exhausted quota, because agents hide most of the words. `body`: the answer's text, with other readers
 * besides.
 */
export const watchLimitWords = ({ statusCode, headers }: IncomingMessage, body: Readable, onWords: (words: string) => void): void => {
  if (statusCode !== TOO_MANY_REQUESTS) return;
  const named = RENEWAL_HEADERS.filter((name) => headers[name] !== undefined).map((name) => [name, headers[name]]);
  const head = `status ${TOO_MANY_REQUESTS} ${JSON.stringify(Object.fromEntries(named))}`;
  let text = "";
  onWords(head);
  body.on("data", (chunk: Buffer) => {
    if (text.length >= MAX_BODY_CHARS) return;
    text = (text + chunk.toString("utf8")).slice(0, MAX_BODY_CHARS);
    onWords(`${head}\n${text}`);
  });
};
