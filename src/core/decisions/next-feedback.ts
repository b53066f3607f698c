import { isTrustedPermission } from "../domain/brief.ts";
import type { Execution } from "../domain/execution.ts";
import type { RemarkId } from "../domain/event.ts";
import type { Feedback, FeedbackItem, PullDiscussion, PersonRemark } from "../domain/feedback.ts";
import { type Millis, toTaskId, type TaskId } from "../domain/ids.ts";
import type { Review } from "../domain/github-facts.ts";
import type { Step } from "../domain/step.ts";
import type { DecisionReader, LedgerReader } from "./decision-transaction.ts";
import { fitFeedback } from "./feedback-room.ts";
import { type Known, UNKNOWN } from "../domain/known.ts";

type FeedbackStep = { readonly execution: Execution; readonly step: Step };

/** The feedback of an attempt; null if it received none. */
export const findFeedback = (tx: LedgerReader, task: TaskId, attempt: number): Feedback | null =>
  tx.ledger().feedback[`${task}/${attempt}`] ?? null;

/** Remarks that earlier attempts of a step read. */
const collectReadRemarks = (tx: LedgerReader, { execution, step }: FeedbackStep): ReadonlySet<RemarkId> => {
  const task = toTaskId(execution.id, step.id);
  const seen = new Set<RemarkId>();
  for (let attempt = 1; attempt <= step.attempt; attempt += 1) {
    const given = findFeedback(tx, task, attempt);
    for (const id of given?.readRemarks ?? []) seen.add(id);
    for (const id of given?.unreadRemarks ?? []) seen.delete(id);
  }
  return seen;
};

export const isRemarkRead = (tx: LedgerReader, of: FeedbackStep, id: RemarkId): boolean => collectReadRemarks(tx, of).has(id);

/** Whether an attempt received this review; then the review does not start another attempt. */
export const isReviewRead = (tx: LedgerReader, of: FeedbackStep, { id }: Pick<Review, "id">): boolean =>
  isRemarkRead(tx, of, `review:${id}`);

/** When the last attempt read the feedback; null if it received none. */
export const findLastReadTime = (tx: LedgerReader, { execution, step }: FeedbackStep): Millis | null =>
  findFeedback(tx, toTaskId(execution.id, step.id), step.attempt)?.at ?? null;

/** The unanswered feedback of the last attempt, to be answered by the next attempt. */
const listUnansweredItems = (tx: LedgerReader, { execution, step }: FeedbackStep): readonly FeedbackItem[] => {
  const task = toTaskId(execution.id, step.id);
  for (let attempt = step.attempt; attempt > (step.answeredAttempt ?? 0); attempt -= 1) {
    const before = findFeedback(tx, task, attempt);
    if (before) return before.items;
  }
  return [];
};

/** Remarks that attempts have read since a head last answered feedback. */
const listUnansweredRemarks = (tx: LedgerReader, { execution, step }: FeedbackStep): readonly RemarkId[] => {
  const task = toTaskId(execution.id, step.id);
  const attempts = Array.from(
    { length: step.attempt - (step.answeredAttempt ?? 0) },
    (_, index) => (step.answeredAttempt ?? 0) + 1 + index,
  );
  return attempts.flatMap((attempt) => findFeedback(tx, task, attempt)?.readRemarks ?? []);
};

type NewFeedback = { readonly items: readonly FeedbackItem[]; readonly readRemarks: readonly RemarkId[] };

/** Remarks on a step's pull request that no attempt has read. */
export const findNewFeedback = (tx: DecisionReader, of: FeedbackStep): Known<NewFeedback> => {
  const { pull } = of.step;
  if (pull === null) return { items: [], readRemarks: [] };
  const talk = tx.readFact<"feedback">({ kind: "feedback", pull });
  if (talk === UNKNOWN) return UNKNOWN;
  const before = collectReadRemarks(tx, of);
  const accepted = of.step.acceptedReview === undefined ? null : (`review:${of.step.acceptedReview}` as const);
  const news = filterNewFeedback(accepted ? trustAcceptedAuthor(talk, accepted) : talk, {
    alreadyRead: before,
    includesStrangers: tx.snapshot.config.brief.comments === "all",
  });
  // The accepted review started the attempt. The review counts as read even without its text; otherwise, the review would start another
  // attempt.
  const isMissing = accepted !== null && !before.has(accepted) && !news.readRemarks.includes(accepted);
  return isMissing ? { ...news, readRemarks: [...news.readRemarks, accepted] } : news;
};

/**
 * The same discussion, with the author of the accepted review as trusted: that permission was checked when the review was accepted and may
 * be missing now.
 */
const trustAcceptedAuthor = (talk: PullDiscussion, accepted: RemarkId): PullDiscussion => {
  const author = talk.reviews.find(({ id }) => id === accepted)?.by;
  const trusted = <T extends PersonRemark>(said: T): T =>
    said.by === author && said.permission === "unknown" ? { ...said, permission: "write" } : said;
  return { ...talk, reviews: talk.reviews.map(trusted), lineComments: talk.lineComments.map(trusted), remarks: talk.remarks.map(trusted) };
};

type FeedbackFilter = {
  readonly alreadyRead: ReadonlySet<RemarkId>;
  /** Includes remarks by people without write permission. */ readonly includesStrangers: boolean;
};

const filterNewFeedback = (talk: PullDiscussion, { alreadyRead, includesStrangers }: FeedbackFilter): NewFeedback => {
  const counts = (said: PersonRemark): boolean => includesStrangers || isTrustedPermission(said.permission);
  const isNew = (said: PersonRemark): boolean => !alreadyRead.has(said.id) && counts(said);
  const reviews = talk.reviews.filter((one) => isNew(one) && one.verdict !== "dismissed");
  const threads = listOpenThreads(talk).filter(({ item, people }) =>
    item.content.some((one) => people.has(one.id) && isNew(one) && one.text !== ""),
  );
  const remarks = talk.remarks.filter((one) => isNew(one) && one.text !== "");
  const items: FeedbackItem[] = [
    ...reviews.flatMap((one): FeedbackItem[] =>
      one.text === "" ? [] : [{ kind: "review", verdict: one.verdict, content: toPersonRemark(one) }],
    ),
    ...threads.map(({ item }): FeedbackItem => ({ ...item, content: item.content.filter((one) => one.text !== "") })),
    ...remarks.map((said): FeedbackItem => ({ kind: "remark", content: said })),
  ];
  const written = threads.flatMap(({ item, people }) => item.content.filter(({ id }) => people.has(id) && !alreadyRead.has(id)));
  return {
    items: items.toSorted((a, b) => toItemTime(a) - toItemTime(b)),
    readRemarks: [...reviews, ...written, ...remarks].map(({ id }) => id),
  };
};

const toPersonRemark = ({ id, by, permission, at, text }: PersonRemark): PersonRemark => ({ id, by, permission, at, text });

type OpenThread = {
  readonly item: Extract<FeedbackItem, { kind: "thread" }>;
  /** The remarks that people wrote. */ readonly people: ReadonlySet<RemarkId>;
};

/** The open threads, each with all of its remarks: an answer means nothing without the question. */
const listOpenThreads = ({ lineComments, resolvedThreads }: PullDiscussion): OpenThread[] => {
  const done = new Set(resolvedThreads);
  const open = new Map<number, PullDiscussion["lineComments"][number][]>();
  for (const line of lineComments) if (!done.has(line.thread)) open.set(line.thread, [...(open.get(line.thread) ?? []), line]);
  return [...open].flatMap(([thread, all]) => {
    const [first] = all;
    if (!first) return [];
    const { path, line, startLine, side, hunk, outdated } = first;
    const people = new Set(all.flatMap(({ id, byPerson }) => (byPerson ? [id] : [])));
    return [
      { item: { kind: "thread" as const, thread, path, line, startLine, side, hunk, outdated, content: all.map(toPersonRemark) }, people },
    ];
  });
};

const toItemTime = (item: FeedbackItem): Millis => (item.kind === "thread" ? (item.content[0]?.at ?? 0) : item.content.at);

/** The feedback for the next attempt: unanswered feedback of the last one and new remarks. Returns null if there is none. */
export const composeNextFeedback = (tx: DecisionReader, of: FeedbackStep): Known<Feedback | null> => {
  const { pull } = of.step;
  if (pull === null) return null;
  const news = findNewFeedback(tx, of);
  if (news === UNKNOWN) return UNKNOWN;
  const again = new Set(news.items.flatMap((item) => (item.kind === "thread" ? [item.thread] : [])));
  const kept = listUnansweredItems(tx, of).filter((item) => item.kind !== "thread" || !again.has(item.thread));
  const fresh = new Set([...news.readRemarks, ...listUnansweredRemarks(tx, of)]);
  const { maxChars } = tx.snapshot.config.brief;
  const { items, omittedCount, omittedRemarks } = fitFeedback([...kept, ...news.items], { maxChars, isNew: ({ id }) => fresh.has(id) });
  const unread = [...fresh].filter((id) => omittedRemarks.has(id));
  const read = news.readRemarks.filter((id) => !omittedRemarks.has(id));
  return { pull, at: tx.now, items, readRemarks: read, omittedCount, ...(unread.length > 0 && { unreadRemarks: unread }) };
};
