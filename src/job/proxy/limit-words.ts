import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";

const TOO_MANY_REQUESTS = 429;
/** The headers in which providers say when a quota is renewed. */
const RENEWAL_HEADERS = ["retry-after", "retry-after-ms", "anthropic-ratelimit-unified-reset"];
const MAX_BODY_CHARS = 4_000;

/**
 * Reports what a server says about a quota that is used up: agents hide most of it. `body`: the answer's text, which someone else reads too.
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
