import type { Millis } from "../core/domain/ids.ts";
import { readAnswerDate, classifyFault, readResetWait } from "./classify-fault.ts";
import type { GitHubAnswer } from "./open-octokit.ts";
import type { GitHubFailure } from "./github-ports.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

export type FailedReply = { readonly ok: false; readonly failure: GitHubFailure };
export type RequestMeter = ReturnType<typeof openRequestMeter>;

const CONTENT_WINDOW_MS = MINUTE_MS;
/** GitHub allows 80 new texts a minute (pull requests, issues, comments) and then rejects all requests, so the limit stays below. */
const MAX_CONTENT_REQUESTS = 70;

/** Counts requests, tracks GitHub's clock, and blocks requests during a rate limit. */
export const openRequestMeter = (clock: () => Millis) => {
  let [sent, notModified, faults] = [0, 0, 0];
  let serverTime: Millis | null = null;
  const texts: Millis[] = [];
  let blocked: { readonly until: Millis; readonly why: string } | null = null;
  return {
    requests: () => ({ sent, notModified }),
    serverTime: () => serverTime,
    /** Records a sent request and its answer; null if none arrived. */
    recordRequest: (answer: GitHubAnswer | null): void => {
      serverTime = (answer && readAnswerDate(answer)) ?? serverTime;
      if (answer?.status === 304) notModified += 1;
      else sent += 1;
    },
    /** Returns a failure while sending is blocked. */
    checkBlocked: (): FailedReply | null => {
      if (blocked && clock() >= blocked.until) blocked = null;
      return blocked && { ok: false, failure: { kind: "later", retryAt: blocked.until, reason: blocked.why, unclear: false } };
    },
    /** Returns a failure if a new text must wait; otherwise counts the text. */
    recordContentRequest: (): FailedReply | null => {
      const now = clock();
      while (texts[0] !== undefined && texts[0] <= now - CONTENT_WINDOW_MS) texts.shift();
      const [oldest] = texts;
      if (oldest !== undefined && texts.length >= MAX_CONTENT_REQUESTS)
        return {
          ok: false,
          failure: {
            kind: "later",
            retryAt: oldest + CONTENT_WINDOW_MS,
            reason: `${MAX_CONTENT_REQUESTS} new texts in a minute`,
            unclear: false,
          },
        };
      texts.push(now);
      return null;
    },
    recordFailure: (answer: GitHubAnswer | null, words: string): FailedReply => {
      const { failure, limit } = classifyFault(answer, words, { now: clock(), faults });
      faults = failure.kind === "later" ? faults + 1 : 0;
      if (limit && failure.kind === "later") blocked = { until: failure.retryAt, why: failure.reason };
      return { ok: false, failure };
    },
    recordSuccess: (answer: GitHubAnswer): void => {
      faults = 0;
      const wait = readResetWait(answer, clock());
      if (wait !== null && wait > 0) blocked = { until: clock() + wait, why: "GitHub's hourly limit is used up" };
    },
  };
};
