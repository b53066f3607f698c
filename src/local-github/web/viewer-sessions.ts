import { createHash } from "node:crypto";
import type { Millis } from "../../core/domain/ids.ts";
import type { ViewerToken } from "../../core/domain/viewer-port.ts";
import { HOUR_MS, MINUTE_MS } from "../../core/domain/durations.ts";

/** A person who logged in. Only this process knows the token. */
export type ViewerSession = { readonly id: string; readonly login: string; readonly token: ViewerToken; readonly expires: Millis };

/** A login that waits for GitHub, bound to the browser that started it. */
export type PendingLogin = {
  /** The hash of the browser's cookie. */
  readonly browser: string;
  /** The secret of PKCE. */
  readonly verifier: string;
  /** The path to return to. */
  readonly to: string;
  readonly expires: Millis;
};

export type SessionHost = {
  readonly now: () => Millis;
  /** An unguessable text of 256 bits. */
  readonly newSecret: () => string;
};

const SESSION_MS = 8 * HOUR_MS;
/** GitHub's codes live as long. */
export const LOGIN_MS = 10 * MINUTE_MS;
const MAX_SESSIONS = 1_000;
const MAX_SESSIONS_EACH = 20;
const MAX_PENDING_LOGINS = 10_000;

/** Secrets are compared by their hashes, so that the time of a comparison says nothing. */
const hashSecret = (secret: string): string => createHash("sha256").update(secret).digest("base64url");

/** Entries that expire, at most `limit`; the oldest leaves first. */
const openBounded = <T extends { readonly expires: Millis }>(now: () => Millis, limit: number) => {
  const entries = new Map<string, T>();
  /** Earliest time at which an entry expires. Without this time, each new entry of a flood would check all others. */
  let firstEnd = Infinity;
  const removeExpired = (): void => {
    firstEnd = Infinity;
    for (const [key, { expires }] of entries) {
      if (expires <= now()) entries.delete(key);
      else firstEnd = Math.min(firstEnd, expires);
    }
  };
  const find = (key: string): T | null => {
    const entry = entries.get(key);
    return entry !== undefined && entry.expires > now() ? entry : null;
  };
  return {
    find,
    take: (key: string): T | null => {
      const entry = find(key);
      entries.delete(key);
      return entry;
    },
    add: (key: string, entry: T): void => {
      const [oldest] = entries.keys();
      if (oldest !== undefined && entries.size >= limit) entries.delete(oldest);
      if (firstEnd <= now()) removeExpired();
      firstEnd = Math.min(firstEnd, entry.expires);
      entries.set(key, entry);
    },
    list: (): T[] => [...entries.values()],
  };
};

/** The sessions of viewers and their logins, in memory only: a restart ends them. */
export const openViewerSessions = ({ now, newSecret }: SessionHost) => {
  const sessions = openBounded<ViewerSession>(now, MAX_SESSIONS);
  const logins = openBounded<PendingLogin>(now, MAX_PENDING_LOGINS);
  return {
    now,
    /** The session of a cookie; null if there is none. */
    find: (secret: string): ViewerSession | null => sessions.find(hashSecret(secret)),
    /** Starts a session with a new secret, which the browser keeps. */
    start: (login: string, token: ViewerToken): { readonly secret: string; readonly session: ViewerSession } => {
      const secret = newSecret();
      const expires = Math.min(now() + SESSION_MS, token.expires ?? Infinity);
      const session = { id: hashSecret(secret), login, token, expires };
      // Otherwise one account could end everyone's sessions.
      const own = sessions.list().filter((each) => each.login === login);
      for (const { id } of own.slice(0, Math.max(0, own.length + 1 - MAX_SESSIONS_EACH))) sessions.take(id);
      sessions.add(session.id, session);
      return { secret, session };
    },
    end: ({ id }: Pick<ViewerSession, "id">): void => void sessions.take(id),
    /** Starts a login; the browser keeps one secret, and GitHub returns the state. */
    startLogin: (to: string): { readonly browser: string; readonly state: string; readonly verifier: string } => {
      const [browser, state, verifier] = [newSecret(), newSecret(), newSecret()];
      logins.add(hashSecret(state), { browser: hashSecret(browser), verifier, to, expires: now() + LOGIN_MS });
      return { browser, state, verifier };
    },
    /** The login of a state, in the browser that started it; each state counts once. */
    takeLogin: ({ state, browser }: { readonly state: string; readonly browser: string }): PendingLogin | null => {
      const login = logins.take(hashSecret(state));
      return login?.browser === hashSecret(browser) ? login : null;
    },
  };
};
export type ViewerSessions = ReturnType<typeof openViewerSessions>;
