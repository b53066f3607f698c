import type { Login, Millis } from "./ids.ts";
import { MAIL_LIMITS } from "./mail.ts";
import { HOUR_MS } from "./durations.ts";

/** Bounds for the result of a job. Further records have no effect, and the execution's comment counts them. */
export const RESULT_LIMITS = { tasks: 20, backlog: 30, mails: MAIL_LIMITS.sent, comments: 10, proposals: 10 } as const;
export type LimitedRecord = keyof typeof RESULT_LIMITS;

/**
 * Bounds for a person within an hour: answered comments with commands, executions, and changes of the backlog and comments by agents
 * working for the person.
 */
export const HOURLY_LIMITS = { strangerAnswers: 3, memberAnswers: 200, executions: 50, backlog: 100, comments: 60 } as const;

type UsageKind = "answers" | "backlog" | "comments";

/** An hour in which a person's commands are ignored. A comment reports the silence, and is edited once at the end. */
export type Silence = {
  readonly since: Millis;
  /** The reached bound; a person with a higher bound is answered. */
  readonly limit: number;
  /** The issue with the comment. */
  readonly issue: number;
  readonly ignored: number;
};

/** Times of actions for a person within the last hour, oldest first. */
export type PersonUsage = Readonly<Record<UsageKind, readonly Millis[]>> & { readonly silence: Silence | null };

const NO_USAGE: PersonUsage = { answers: [], backlog: [], comments: [], silence: null };

/** The `@` prevents collisions between logins and built-in property names such as `constructor`. */
export type UsageKey = `@${Login}`;
export const toUsageKey = (login: Login): UsageKey => `@${login.toLowerCase()}`;

/** The usage without times older than an hour. */
export const withoutOldTimes = (usage: PersonUsage | undefined, now: Millis): PersonUsage => {
  const { answers, backlog, comments, silence } = usage ?? NO_USAGE;
  const recent = (times: readonly Millis[]): readonly Millis[] => times.filter((at) => at > now - HOUR_MS);
  return { answers: recent(answers), backlog: recent(backlog), comments: recent(comments), silence };
};

export const isUnused = ({ answers, backlog, comments, silence }: PersonUsage): boolean =>
  answers.length + backlog.length + comments.length === 0 && silence === null;

export const isRecent = (at: Millis, now: Millis): boolean => at > now - HOUR_MS;

export const silenceEnd = ({ since }: Silence): Millis => since + HOUR_MS;

/** Whether commands of a person with the given bound are ignored now. */
export const isSilenced = ({ answers, silence }: PersonUsage, limit: number, now: Millis): boolean =>
  answers.length >= limit || (silence !== null && limit <= silence.limit && now < silenceEnd(silence));
