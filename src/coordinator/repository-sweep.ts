import { readListedComments } from "./read-listed-comments.ts";
import { readReview } from "../core/events/read-comment.ts";
import type { GitHubPorts, GitHubReply } from "../github/github-ports.ts";
import { sweepIssues } from "./sweep-issues.ts";
import { readListedLineComments } from "./read-listed-line-comments.ts";
import type { Config } from "../core/domain/config.ts";
import type { Event } from "../core/domain/event.ts";
import type { Login, Millis } from "../core/domain/ids.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { HOUR_MS } from "../core/domain/durations.ts";

type SweepOptions = {
  readonly github: Pick<GitHubPorts, "issues" | "pulls">;
  readonly botLogin: Login;
  readonly now: () => Millis;
  readonly log: (line: string) => void;
};

/** Without a cursor, only comments of this period are read; older ones were not meant for Enki. In milliseconds. */
const FIRST_SWEEP_LOOKBACK_MS = HOUR_MS;

type SweptEvents = { readonly events: readonly Event[]; readonly sweptUntil: Millis };

/** The cursor to start from, and the label to look for. */
export type SweepInput = {
  readonly ledger: Pick<Ledger, "cursor"> & Partial<Pick<Ledger, "handledEvents">>;
  readonly config: Pick<Config, "triggers">;
};

/**
 * Lists what people wrote or set that no webhook reported: comments, issue texts, labels, assignments, line comments and reviews, as
 * events, and the time up to which they are complete.
 * The ledger's cursor moves only with its next write, but pull requests change continuously, so this process remembers how far it has
 * read reviews.
 */
export const openRepositorySweep = ({ github, botLogin, now, log }: SweepOptions): ((input: SweepInput) => Promise<readonly Event[]>) => {
  let reviewed = 0;
  const listed = <T>(name: string, reply: GitHubReply<T>): T | null => {
    if (reply.ok) return reply.value;
    log(`${name} not listed: ${reply.failure.reason}`);
    return null;
  };
  /** Reads comments first and then issues, because every comment also updates its issue. */
  const issues = async (since: Millis, { ledger, config }: SweepInput): Promise<{ swept: (SweptEvents | null)[]; pulls: boolean }> => {
    const read = listed("comments", await github.issues.commentsSince(since));
    if (!read) return { swept: [null], pulls: true };
    const commentTimes = new Map(read.comments.map(({ issue, updated }) => [issue, updated]));
    const sweptIssues = await sweepIssues({ github, botLogin, log, label: config.triggers.label, commentTimes }, since);
    const events = await readListedComments(read.comments, { github, botLogin, handledEvents: ledger.handledEvents ?? {} });
    const comments = events && { events, sweptUntil: read.until };
    const swept = [comments, sweptIssues && { events: sweptIssues.events, sweptUntil: read.until }];
    return { swept, pulls: sweptIssues?.pullsChanged ?? true };
  };
  const lineComments = async (since: Millis): Promise<SweptEvents | null> => {
    const read = listed("comments on lines", await github.pulls.lineCommentsSince(since));
    const events = read && (await readListedLineComments(read.comments, { github, botLogin }));
    return read && events && { events, sweptUntil: read.until };
  };
  /**
   * Called only for reviews with commands. If GitHub refuses, the author is uncertain and the review counts as edited. Returns null while GitHub
   * does not answer.
   */
  const isEdited = async ({ id, pull }: { readonly id: number; readonly pull: number }): Promise<boolean | null> => {
    const reply = await github.pulls.editedReviews(pull);
    if (reply.ok) return reply.value.includes(id);
    return reply.failure.kind === "refused" ? true : null;
  };
  const reviews = async (since: Millis): Promise<SweptEvents | null> => {
    const read = listed("reviews", await github.pulls.reviewsSince(Math.max(since, reviewed)));
    if (!read) return null;
    const events: Event[] = [];
    for (const review of read.reviews) {
      const unedited = readReview({ ...review, edited: false }, botLogin);
      const edited = unedited.some(({ kind }) => kind === "commanded") ? await isEdited(review) : false;
      if (edited === null) return null;
      events.push(...(edited ? readReview({ ...review, edited }, botLogin) : unedited));
    }
    reviewed = read.until;
    return { events, sweptUntil: read.until };
  };
  return async (input) => {
    const { cursor } = input.ledger;
    const from = cursor === 0 ? now() - FIRST_SWEEP_LOOKBACK_MS : cursor;
    const first = await issues(from, input);
    // Everything written on a pull request updates it, so two requests are saved if none changed.
    const swept = first.pulls ? [...first.swept, await lineComments(from), await reviews(from)] : first.swept;
    const events = swept.flatMap((each) => each?.events ?? []);
    // If a listing failed, the next sweep starts from the same time again.
    const until = swept.every((each) => each !== null) ? Math.min(...swept.map((each) => each?.sweptUntil ?? from)) : null;
    return until === null ? events : [...events, { kind: "swept", sweptUntil: until }];
  };
};
