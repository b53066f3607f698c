import { refuseBusyAgents, refuseManyExecutions } from "../../messages/refusals/limits.ts";
import type { RepositoryPermission } from "../../domain/github-facts.ts";
import type { Execution } from "../../domain/execution.ts";
import { hashValue, type Login, isSameLogin } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import {
  HOURLY_LIMITS,
  isRecent,
  isSilenced,
  isUnused,
  type Silence,
  silenceEnd,
  type UsageKey,
  withoutOldTimes,
} from "../../domain/usage.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import { renderSilence } from "../../messages/limit-notes.ts";
import type { DecisionReader, LedgerReader, EffectWriter, UsageWriter } from "../decision-transaction.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { type Known, mapKnown } from "../../domain/known.ts";

/** Whether a comment with commands may be answered. */
export const mayAnswer = (tx: DecisionReader, { by }: CommandedEvent, permission: RepositoryPermission): Known<boolean> => {
  const usage = tx.usage(by);
  if (!isSilenced(usage, HOURLY_LIMITS.strangerAnswers, tx.now)) return true;
  // Commands that everybody may use do not read the permission of their author.
  const known = permission === "none" ? tx.readFact<"permission">({ kind: "permission", login: by }) : permission;
  return mapKnown(known, (read) => !isSilenced(usage, findAnswerLimit(read), tx.now));
};

const findAnswerLimit = (permission: RepositoryPermission): number =>
  permission === "write" || permission === "admin" ? HOURLY_LIMITS.memberAnswers : HOURLY_LIMITS.strangerAnswers;

/** Counts an answered comment. */
export const recordAnswer = (tx: UsageWriter, { by }: CommandedEvent): void => {
  const usage = tx.usage(by);
  tx.putUsage(by, { ...usage, answers: [...usage.answers, tx.now] });
};

/** Counts an ignored comment. The first within an hour is reported in a comment. */
export const recordIgnored = (tx: EffectWriter & UsageWriter, { by, issue }: CommandedEvent, permission: RepositoryPermission): void => {
  const usage = tx.usage(by);
  const silence = usage.silence ?? { since: tx.now, limit: findAnswerLimit(permission), issue, ignored: 0 };
  const counted = { ...silence, ignored: silence.ignored + 1 };
  tx.putUsage(by, { ...usage, silence: counted });
  if (!usage.silence) postSilence(tx, { login: by, silence: counted, isOver: false });
};

type SilenceComment = { readonly login: Login; readonly silence: Silence; readonly isOver: boolean };

const postSilence = (tx: EffectWriter, { login, silence, isOver }: SilenceComment): void => {
  const id = hashValue(["silence", login.toLowerCase(), silence.since]).slice(0, 12);
  const key = `write-comment:silence/${id}` as const;
  const marker = writeMarker({ kind: "reply", id });
  const body = `${marker}\n\n${renderSilence(login, silence, isOver)}`;
  tx.enqueueEffect({ kind: "write-comment", key, issue: silence.issue, marker, body, comment: tx.effectRecord(key)?.number ?? null });
};

/** Ends silences after their hour with a count, and deletes expired times. */
export const reconcileUsage = (tx: EffectWriter & UsageWriter): void => {
  // Keys of `usage` have this form; Object.entries widens them.
  for (const [key, stored] of Object.entries(tx.ledger().usage) as [UsageKey, (typeof tx.snapshot.ledger.usage)[UsageKey]][]) {
    const { silence } = stored;
    if (silence && silenceEnd(silence) > tx.now) {
      tx.wakeAt(silenceEnd(silence));
      continue;
    }
    const login = key.slice(1);
    if (silence) {
      postSilence(tx, { login, silence, isOver: true });
      tx.putUsage(login, { ...tx.usage(login), silence: null });
    }
    if (isUnused(withoutOldTimes({ ...stored, silence: null }, tx.now))) tx.dropUsage(key);
  }
};

/** Refuses further executions of a person above the hourly bound. */
export const checkExecutionLimit = (tx: LedgerReader, login: Login): Refusal | null => {
  const isCounted = ({ requestedBy, createdAt }: Execution): boolean => isSameLogin(requestedBy, login) && isRecent(createdAt, tx.now);
  if (tx.executions().filter((each) => isCounted(each)).length < HOURLY_LIMITS.executions) return null;
  return refuseManyExecutions(login, HOURLY_LIMITS.executions);
};

/** Counts a change of the backlog or a comment by an agent that works for a person. Refusal: `too-much-this-hour`. */
export const takeHourlyRoom = (tx: UsageWriter, login: Login, kind: "backlog" | "comments"): Refusal | null => {
  const usage = tx.usage(login);
  if (usage[kind].length >= HOURLY_LIMITS[kind]) return refuseBusyAgents(login, HOURLY_LIMITS[kind], kind);
  tx.putUsage(login, { ...usage, [kind]: [...usage[kind], tx.now] });
  return null;
};
