import { createHash } from "node:crypto";
import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { LoginPort, ViewerPort } from "../../core/domain/viewer-port.ts";
import {
  explainFailedLogin,
  explainUnknownCallback,
  FOREIGN_FORM,
  GITHUB_UNAVAILABLE,
  LOGGED_OUT,
  LOGIN_DENIED,
  LOGIN_EXPIRED,
  LOGIN_NOTE,
  type ViewerNote,
} from "../../core/messages/viewer-notes.ts";
import { LOGIN_CALLBACK_PATH } from "../../core/setup/app-registration.ts";
import { toLocalPath } from "./local-path.ts";
import { PRIVATE_HEADERS } from "./page-layout.ts";
import { LOGIN_MS, type ViewerSession, type ViewerSessions } from "./viewer-sessions.ts";
import { SECOND_MS } from "../../core/domain/durations.ts";

export type LoginPages = {
  /** The origin under which browsers reach the pages. */
  readonly publicUrl: string;
  readonly sessions: ViewerSessions;
  readonly github: LoginPort & Pick<ViewerPort, "readLogin">;
  /** Answers with a page that has a link to log in. */
  readonly sendNote: (context: Context, status: 200 | 403 | 502 | 503, note: ViewerNote) => Response;
};

const CODE = /^[\x21-\x7e]{1,200}$/;

type CookieKind = "session" | "login";

/** Cookies of this server. A browser accepts a name with the prefix `__Host-` only over TLS, and from this host only. */
const openCookies = (publicUrl: string) => {
  const { protocol, port } = new URL(publicUrl);
  const isSecure = protocol === "https:";
  // Browsers send cookies to every port of a host.
  const nameOf = (kind: CookieKind): string => (isSecure ? `__Host-enki_${kind}` : `enki_viewer_${kind}_${port}`);
  const attributes = { path: "/", httpOnly: true, secure: isSecure, sameSite: "Lax" } as const;
  return {
    read: (context: Context, kind: CookieKind): string => getCookie(context, nameOf(kind)) ?? "",
    write: (context: Context, kind: CookieKind, { value, ms }: { readonly value: string; readonly ms: number }): void =>
      setCookie(context, nameOf(kind), value, { ...attributes, maxAge: Math.floor(ms / SECOND_MS) }),
    remove: (context: Context, kind: CookieKind): void => void deleteCookie(context, nameOf(kind), attributes),
  };
};

/** The session of a request; null without one. */
export const openSessionReader = ({ publicUrl, sessions }: Pick<LoginPages, "publicUrl" | "sessions">) => {
  const cookies = openCookies(publicUrl);
  return (context: Context): ViewerSession | null => sessions.find(cookies.read(context, "session"));
};

/** Redirects without a trace in caches. */
export const redirect = (context: Context, to: string, status: 302 | 303): Response => {
  for (const [name, value] of Object.entries(PRIVATE_HEADERS)) context.header(name, value);
  return context.redirect(to, status);
};

/** Whether a page of this server sent the form. */
const isOwnForm = (context: Context, publicUrl: string): boolean => {
  const [origin, site] = [context.req.header("origin"), context.req.header("sec-fetch-site")];
  return origin === publicUrl && (site === undefined || site === "same-origin");
};

/** Receives the person whom GitHub sends back. */
const receiveCallback = async (context: Context, pages: LoginPages): Promise<Response> => {
  const { publicUrl, sessions, github, sendNote } = pages;
  const cookies = openCookies(publicUrl);
  const redirectUri = `${publicUrl}${LOGIN_CALLBACK_PATH}`;
  const { state = "", code = "", error } = context.req.query();
  const login = sessions.takeLogin({ state, browser: cookies.read(context, "login") });
  if (!login) return sendNote(context, 403, LOGIN_EXPIRED);
  cookies.remove(context, "login");
  if (error === "redirect_uri_mismatch") return sendNote(context, 403, explainUnknownCallback(redirectUri));
  if (error !== undefined || !CODE.test(code)) return sendNote(context, 403, LOGIN_DENIED);
  const token = await github.exchange({ code, verifier: login.verifier, redirectUri });
  if (!token.ok) return sendNote(context, 502, explainFailedLogin(token.reason));
  const who = await github.readLogin(token.value);
  if (!who.ok) return sendNote(context, 503, GITHUB_UNAVAILABLE);
  // A new secret for each login, so that a secret planted by somebody else never becomes a session.
  const earlier = sessions.find(cookies.read(context, "session"));
  if (earlier) sessions.end(earlier);
  const { secret, session } = sessions.start(who.value, token.value);
  cookies.write(context, "session", { value: secret, ms: session.expires - sessions.now() });
  return redirect(context, login.to, 303);
};

/** Adds the pages for logging in on GitHub and for logging out. */
export const addLoginPages = (app: Hono, pages: LoginPages): void => {
  const { publicUrl, sessions, github, sendNote } = pages;
  const cookies = openCookies(publicUrl);
  app.get("/login", (context) => sendNote(context, 200, LOGIN_NOTE));
  app.get("/login/github", (context) => {
    const { browser, state, verifier } = sessions.startLogin(toLocalPath(context.req.query("to")));
    cookies.write(context, "login", { value: browser, ms: LOGIN_MS });
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    return redirect(context, github.toAddress({ state, challenge, redirectUri: `${publicUrl}${LOGIN_CALLBACK_PATH}` }), 302);
  });
  app.get(LOGIN_CALLBACK_PATH, (context) => receiveCallback(context, pages));
  app.post("/logout", (context) => {
    if (!isOwnForm(context, publicUrl)) return sendNote(context, 403, FOREIGN_FORM);
    const session = sessions.find(cookies.read(context, "session"));
    if (session) sessions.end(session);
    cookies.remove(context, "session");
    return sendNote(context, 200, LOGGED_OUT);
  });
};
