import type { Millis } from "../model/ids.ts";
import { dateOf, readFault, resetWait } from "./failure.ts";
import type { Answer } from "./octokit.ts";
import type { Failure } from "./ports.ts";

export type Failed = { readonly ok: false; readonly failure: Failure };
export type Meter = ReturnType<typeof openMeter>;

const MINUTE = 60_000;
/** GitHub limits who makes more than 80 new texts a minute (pull requests, issues, comments), and then refuses all else too: we stay below. */
const MOST_TEXTS = 70;

/** Counts requests, knows GitHub's clock, and holds requests back while GitHub limits us. */
export const openMeter = (clock: () => Millis) => {
  let [sent, notModified, faults] = [0, 0, 0];
  let serverTime: Millis | null = null;
  const texts: Millis[] = [];
  let blocked: { readonly until: Millis; readonly why: string } | null = null;
  return {
    requests: () => ({ sent, notModified }),
    serverTime: () => serverTime,
    /** Every request that left, with what came back; null for nothing. */
    count: (answer: Answer | null): void => {
      serverTime = (answer && dateOf(answer)) ?? serverTime;
      if (answer?.status === 304) notModified += 1;
      else sent += 1;
    },
    /** Not null while nothing may be sent. */
    held: (): Failed | null => {
      if (blocked && clock() >= blocked.until) blocked = null;
      return blocked && { ok: false, failure: { kind: "later", at: blocked.until, why: blocked.why, unclear: false } };
    },
    /** Not null for a new text that has to wait; counts those that have not. */
    paced: (): Failed | null => {
      const now = clock();
      while (texts[0] !== undefined && texts[0] <= now - MINUTE) texts.shift();
      const [oldest] = texts;
      if (oldest !== undefined && texts.length >= MOST_TEXTS)
        return { ok: false, failure: { kind: "later", at: oldest + MINUTE, why: `${MOST_TEXTS} new texts in a minute`, unclear: false } };
      texts.push(now);
      return null;
    },
    failed: (answer: Answer | null, words: string): Failed => {
      const { failure, limit } = readFault(answer, words, { now: clock(), faults });
      faults = failure.kind === "later" ? faults + 1 : 0;
      if (limit && failure.kind === "later") blocked = { until: failure.at, why: failure.why };
      return { ok: false, failure };
    },
    succeeded: (answer: Answer): void => {
      faults = 0;
      const wait = resetWait(answer, clock());
      if (wait !== null && wait > 0) blocked = { until: clock() + wait, why: "GitHub's hourly limit is used up" };
    },
  };
};
