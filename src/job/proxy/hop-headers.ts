import type { IncomingHttpHeaders } from "node:http";

/** Headers about one connection, not about the message (RFC 9110, section 7.6.1). */
export const HOP_HEADERS = [
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "upgrade",
];

/** Headers that say where a body ends. A message cannot remove them: without them, a server reads the body as the next request. */
const FRAMING_HEADERS = ["content-length", "transfer-encoding"];

/** The headers that a message itself declares to be about its connection, in lower case. */
export const listConnectionHeaders = ({ connection = "" }: IncomingHttpHeaders): string[] =>
  connection
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !FRAMING_HEADERS.includes(name));
