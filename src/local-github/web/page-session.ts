import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { SignedInPerson } from "../api/forge-state.ts";
import type { PageServer } from "./page-server.ts";

/** A signed-in person, and the secret of the forms on the pages for this person. */
export type PageSession = SignedInPerson & { readonly formToken: string };

/** Browsers send cookies to every port of a host. */
const cookieName = (forge: PageServer): string => `enki_session_${new URL(forge.url).port}`;

/** The session of a request; null for a stranger, such as a job on this machine. */
export const findSession = (forge: PageServer, context: Context): PageSession | null => {
  const key = getCookie(context, cookieName(forge)) ?? "";
  const person = forge.sessions.get(key);
  return person ? { ...person, formToken: createHmac("sha256", key).update("form").digest("hex") } : null;
};

/** Signs in with the key of the printed address; returns false for an unknown key. */
export const startSession = (forge: PageServer, context: Context, key: string): boolean => {
  if (!forge.sessions.has(key)) return false;
  setCookie(context, cookieName(forge), key, { httpOnly: true, sameSite: "Strict", path: "/" });
  return true;
};

const isEqual = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** Whether a form was sent by a page of this server for this person: the same origin, and the token of the session. */
export const isOwnForm = (context: Context, session: PageSession, formToken: unknown): boolean => {
  const origin = context.req.header("origin");
  const isSameOrigin = origin !== undefined && URL.parse(origin)?.host === context.req.header("host");
  return isSameOrigin && typeof formToken === "string" && isEqual(formToken, session.formToken);
};
