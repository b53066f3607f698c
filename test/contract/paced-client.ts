import { setTimeout as sleep } from "node:timers/promises";
import { now } from "../support/after.ts";
import { Octokit } from "@octokit/rest";

/** GitHub asks for a second between two requests that change something: https://docs.github.com/rest/using-the-rest-api/best-practices */
const CHANGE_INTERVAL_MS = 1_000;
const MAX_WAIT_MS = 15 * 60_000;
const DEFAULT_WAIT_MS = 60_000;

export const wait = (delay: number): Promise<void> => sleep(delay);

/** The wait that GitHub requests because of a rate limit; null for any other answer. */
const readLimitWait = ({ status, headers }: Response): number | null => {
  if (status !== 403 && status !== 429) return null;
  const after = headers.get("retry-after");
  if (after !== null) return Math.min(MAX_WAIT_MS, Number(after) * 1_000 || DEFAULT_WAIT_MS);
  if (headers.get("x-ratelimit-remaining") !== "0") return status === 429 ? DEFAULT_WAIT_MS : null;
  return Math.min(MAX_WAIT_MS, Math.max(1_000, Number(headers.get("x-ratelimit-reset")) * 1_000 - now()));
};

export type PacedFetch = typeof fetch;

/** Sends one change at a time, with a pause between two, and repeats what a rate limit refused. All clients of a run share it. */
export const openPacedFetch = (intervalMs = CHANGE_INTERVAL_MS): PacedFetch => {
  let turn: Promise<unknown> = Promise.resolve();
  const send: PacedFetch = async (input, init) => {
    for (;;) {
      const answer = await fetch(input, init);
      const limit = readLimitWait(answer);
      if (limit === null) return answer;
      await wait(limit);
    }
  };
  return (input, init) => {
    if ((init?.method ?? "GET") === "GET") return send(input, init);
    const sent = turn.then(() => send(input, { ...init, signal: null }));
    turn = sent.catch(() => undefined).then(() => (intervalMs > 0 ? wait(intervalMs) : undefined));
    return sent;
  };
};

const ignore = (): void => undefined;

export const openPacedClient = (place: { readonly apiUrl: string; readonly fetch: PacedFetch }, auth: string): Octokit =>
  new Octokit({
    auth,
    baseUrl: place.apiUrl,
    userAgent: "enki-contract",
    request: { fetch: place.fetch },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
