import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { HOP_HEADERS, listConnectionHeaders } from "./hop-headers.ts";

/** Headers about a single connection and about the framing of its body: Node frames the body again. */
const CONNECTION_HEADERS = [...HOP_HEADERS, "trailer", "transfer-encoding"];

/** Headers that the proxy sets itself, or that would claim another origin, another host or another account. */
const OWN_HEADERS = [
  "accept-encoding",
  "api-key",
  "authorization",
  "cookie",
  "forwarded",
  "host",
  "via",
  "x-api-key",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-goog-api-key",
  "x-http-method-override",
];

const withoutHeaders = (headers: IncomingHttpHeaders, names: readonly string[]): OutgoingHttpHeaders => {
  const dropped = new Set([...CONNECTION_HEADERS, ...names, ...listConnectionHeaders(headers)]);
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => value !== undefined && !dropped.has(name)));
};

/** The headers of an agent's request as the model's server gets them, with the credentials. A compressed answer could hide an echoed key. */
export const toUpstreamHeaders = (headers: IncomingHttpHeaders, added: Readonly<Record<string, string>>): OutgoingHttpHeaders => ({
  ...withoutHeaders(headers, OWN_HEADERS),
  "accept-encoding": "identity",
  ...added,
});

/** The headers of the server's answer as the agent gets them. */
export const toAgentHeaders = (headers: IncomingHttpHeaders, secrets: readonly string[]): OutgoingHttpHeaders => {
  const kept = withoutHeaders(headers, ["set-cookie", "alt-svc"]);
  const isEcho = (value: unknown): boolean => secrets.some((secret) => String(value).includes(secret));
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => !isEcho(value)));
};
