import { followsRules } from "../../domain/decision.ts";
import type { Execution } from "../../domain/execution.ts";
import { type ExecutionId, hashValue } from "../../domain/ids.ts";
import { ANSWER_STEP_ID } from "../../domain/adhoc-task.ts";
import { readOwn } from "../../domain/own-record.ts";
import type { EffectRecord } from "../../domain/ledger.ts";
import type { Notice } from "../../domain/notice.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import { OTHER_REVIEWER_REASON, renderAnswerComment, renderNoticeComment, renderNoticeText } from "../../messages/notice-text.ts";
import type { LedgerReader, EffectWriter } from "../decision-transaction.ts";
import { findCommentUrl } from "../run-links.ts";
import { listNotices } from "../list-notices.ts";

/** Most attempts to post to a webhook. A notice is no reason to wait for a chat system. */
const MAX_POSTS = 4;

/**
 * Notifies people for whom Enki waits, once for each reason: by a request for a review, or by one new comment. The agent's question is a
 * comment of its own already. Nothing is announced again as long as its reason lasts.
 */
export const reconcileNotices = (tx: EffectWriter): void => {
  const sent = openSentNotices(tx);
  for (const execution of tx.executions()) {
    const notices = listNotices(tx, execution).map((notice) => withKnownCode(tx, withReviewer(tx, notice)));
    if (notices.length === 0) continue;
    for (const notice of notices) if (notice.kind === "review") requestReview(tx, execution, notice);
    const commented = notices.filter((notice) => needsComment(tx, execution, notice));
    const covered = announce(tx, execution, { notices: commented, sent });
    postNotices(
      tx,
      execution,
      notices.filter((notice) => !covered.includes(notice)),
    );
  }
};

const toReviewKey = ({ id }: Execution, notice: Notice) => `request-review:${id}/${notice.id}` as const;

const requestReview = (tx: EffectWriter, execution: Execution, notice: Notice): void => {
  if (notice.pull === null || !mayReviewAlone(tx)) return;
  tx.requestEffect({ kind: "request-review", key: toReviewKey(execution, notice), pull: notice.pull, login: notice.person });
};

/** Tells a person without permission to open a checkpoint alone that another person must. */
const withReviewer = (tx: LedgerReader, notice: Notice): Notice =>
  notice.kind === "review" && !mayReviewAlone(tx) ? { ...notice, reason: `${OTHER_REVIEWER_REASON} ${notice.reason}`.trimEnd() } : notice;

const withKnownCode = (tx: LedgerReader, notice: Notice): Notice => {
  if (followsRules(tx.snapshot, 3)) return notice;
  const { code: _, ...rest } = notice;
  return rest;
};

/** Whether the review of the person who asked for the work opens a checkpoint. */
const mayReviewAlone = (tx: LedgerReader): boolean => tx.snapshot.config.policy.selfApproval.includes("requester");

/** A comment asks for a review if GitHub refuses Enki's request for the review, or if another person must write the review. */
const needsComment = (tx: LedgerReader, execution: Execution, notice: Notice): boolean =>
  notice.kind === "review"
    ? !mayReviewAlone(tx) || Boolean(tx.effectRecord(toReviewKey(execution, notice))?.refused)
    : notice.kind !== "question";

type SentComment = { readonly key: `write-comment:${string}`; readonly ids: readonly string[]; readonly isOpen: boolean };

const NOTICE_KEY_START = "write-comment:notice/";

/** Comments that announced notices, by execution. The key includes the ids, so the record alone shows the announced notices. */
const openSentNotices = (tx: LedgerReader): ((execution: ExecutionId) => readonly SentComment[]) => {
  let known: Map<ExecutionId, SentComment[]> | null = null;
  const read = (): Map<ExecutionId, SentComment[]> => {
    const found = new Map<ExecutionId, SentComment[]>();
    for (const [key, record] of Object.entries(tx.ledger().effectRecords)) {
      if (!key.startsWith(NOTICE_KEY_START)) continue;
      const [execution = "", ids = ""] = key.slice(NOTICE_KEY_START.length).split("/");
      const sent = { key: key as SentComment["key"], ids: ids.split("+"), isOpen: isUnconfirmed(record) };
      found.set(execution, [...(found.get(execution) ?? []), sent]);
    }
    return found;
  };
  return (execution) => (known ??= read()).get(execution) ?? [];
};

const isUnconfirmed = ({ digest, refused }: EffectRecord): boolean => digest === null && refused === null;

/** Notices, and the comments that announced them or earlier ones. */
type Announcement = { readonly notices: readonly Notice[]; readonly sent: (execution: ExecutionId) => readonly SentComment[] };

/** Announces new notices in one comment. Returns those that an earlier notice covers. */
const announce = (tx: EffectWriter, execution: Execution, { notices, sent }: Announcement): readonly Notice[] => {
  if (notices.length === 0) return [];
  const before = sent(execution.id);
  const isSent = ({ id }: Notice): boolean => before.some(({ ids }) => ids.includes(id));
  for (const { key, ids, isOpen } of before) {
    const still = notices.filter(({ id }) => ids.includes(id));
    if (isOpen && still.length > 0) writeNotices(tx, execution, { key, notices: still });
  }
  // A person who has not reacted to the first failure finds the later ones in the execution's comment.
  const isFailureSent = notices.some((notice) => notice.kind === "failure" && isSent(notice));
  const [fresh, covered] = partition(
    notices.filter((notice) => !isSent(notice)),
    ({ kind }) => kind !== "failure" || !isFailureSent,
  );
  if (fresh.length > 0)
    writeNotices(tx, execution, { key: `${NOTICE_KEY_START}${execution.id}/${fresh.map(({ id }) => id).join("+")}`, notices: fresh });
  return covered;
};

const partition = <T>(all: readonly T[], test: (each: T) => boolean): [T[], T[]] => [all.filter(test), all.filter((each) => !test(each))];

const writeNotices = (
  tx: EffectWriter,
  execution: Execution,
  { key, notices }: Pick<Announcement, "notices"> & Pick<SentComment, "key">,
): void => {
  const marker = writeMarker({ kind: "notice", id: hashValue(key).slice(0, 12) });
  const url = findCommentUrl(tx, execution);
  const answered = notices.find(({ kind }) => kind === "answer");
  const text = answered ? renderAnswerComment(answered, findAnswer(tx, execution), url) : renderNoticeComment(execution, notices, url);
  const body = `${marker}\n${text}`;
  tx.requestEffect({ kind: "write-comment", key, issue: execution.issue, marker, body, comment: null });
};

/** The report of the agent that answered; its summary if it left no report. */
const findAnswer = (tx: LedgerReader, { id, steps }: Execution): string =>
  readOwn(tx.ledger().artifacts, `${id}/${ANSWER_STEP_ID}`) ?? steps[ANSWER_STEP_ID]?.output ?? "";

/** Posts each notice to the configured webhook, a few times at most. */
const postNotices = (tx: EffectWriter, execution: Execution, notices: readonly Notice[]): void => {
  const { webhook = null, secret = null } = tx.snapshot.config.notify ?? {};
  if (webhook === null) return;
  const url = findCommentUrl(tx, execution);
  for (const notice of notices) {
    const key = `post-notice:${execution.id}/${notice.id}` as const;
    if ((tx.effectRecord(key)?.attempts ?? 0) >= MAX_POSTS) continue;
    const { id, kind, person, pull, code } = notice;
    const message = {
      text: `${renderNoticeText(execution, notice)} ${url}`,
      id: `${execution.id}/${id}`,
      kinds: [kind],
      ...(code !== undefined && { code }),
      execution: execution.id,
      issue: execution.issue,
      pull,
      person,
      url,
    };
    tx.requestEffect({ kind: "post-notice", key, webhook, secret, message });
  }
};
