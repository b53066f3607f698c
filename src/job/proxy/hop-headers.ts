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

/** The headers that a message itself declares to be about its connection, in lower case. */
export const listConnectionHeaders = ({ connection = "" }: IncomingHttpHeaders): string[] =>
  connection.split(",").map((name) => name.trim().toLowerCase());
