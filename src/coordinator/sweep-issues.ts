import type { IssueChange } from "../core/domain/github-facts.ts";
import { isTriggerLabel, readNewIssue, readIssueChange } from "../core/events/read-issue.ts";
import type { GitHubPorts, ListedIssue, GitHubReply } from "../github/github-ports.ts";
import type { Event } from "../core/domain/event.ts";
import { type Login, type Millis, isSameLogin } from "../core/domain/ids.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

/** GitHub's lists lag behind, so sweeps overlap by this time; repeated events are recognized by their ids. In milliseconds. */
const ISSUE_LIST_LAG_MS = MINUTE_MS;
/** A label set at creation updates the new issue within this time. In milliseconds. */
const ISSUE_CREATION_MS = 5_000;

type IssueSweepInput = {
  readonly github: Pick<GitHubPorts, "issues">;
  readonly botLogin: Login;
  readonly log: (line: string) => void;
  /** The label to start an execution; empty without a label. */
  readonly label: string;
  /** When each issue's latest comment was written or edited. */
  readonly commentTimes: ReadonlyMap<number, Millis>;
};

export type SweptIssues = {
  readonly events: readonly Event[];
  /** False if no pull request changed after its creation, so none of them has anything new. */
  readonly pullsChanged: boolean;
};

/**
 * Lists new issues with a command in their text, labels and assignments since a time, as events; null while GitHub does not answer.
 * Sends a single request after new comments only; a second request finds the authors of other changes to an issue.
 */
export const sweepIssues = async (listing: IssueSweepInput, since: Millis): Promise<SweptIssues | null> => {
  const from = since - ISSUE_LIST_LAG_MS;
  const reply = await listing.github.issues.changedSince(from);
  if (!reply.ok) return handleListFailure(listing, reply);
  const issues = reply.value.filter(({ onPull }) => !onPull);
  const changes = await listIssueChanges(listing, issues, from);
  if (changes === null) return null;
  const touched = collectChangeTimes(changes, listing.commentTimes);
  const { label, botLogin } = listing;
  const opened = issues.flatMap((issue) =>
    issue.created < from ? [] : (readNewIssue({ ...issue, edited: wasTextEdited(issue, touched.get(issue.issue) ?? 0) }, botLogin) ?? []),
  );
  const once = [...new Map(changes.map((change) => [change.id, change])).values()].sort((a, b) => a.id - b.id);
  const events = [...opened, ...once.flatMap((change) => readIssueChange(change, { label, botLogin: botLogin }) ?? [])];
  return { events, pullsChanged: reply.value.some(({ onPull, created, updated }) => onPull && updated > created) };
};

/** A repository with issues disabled has no events; its pull requests may have changed. */
const handleListFailure = ({ log }: IssueSweepInput, { failure }: Extract<GitHubReply<unknown>, { ok: false }>): SweptIssues | null => {
  log(`issues not listed: ${failure.reason}`);
  return failure.kind === "refused" ? { events: [], pullsChanged: true } : null;
};

/** Lists changes to issues, unless no issue has the trigger label, is assigned to Enki, or changed for a reason other than a comment. */
const listIssueChanges = async (
  listing: IssueSweepInput,
  issues: readonly ListedIssue[],
  from: Millis,
): Promise<readonly IssueChange[] | null> => {
  const { github, botLogin, label, commentTimes, log } = listing;
  const isAsked = ({ labels, assignees }: ListedIssue): boolean =>
    labels.some((each) => isTriggerLabel(each, label)) || assignees.some((login) => isSameLogin(login, botLogin));
  if (!issues.some((issue) => isAsked(issue) || wasTextEdited(issue, commentTimes.get(issue.issue) ?? 0))) return [];
  const reply = await github.issues.changesSince(from);
  if (reply.ok) return reply.value;
  log(`changes of issues not listed: ${reply.failure.reason}`);
  return reply.failure.kind === "refused" ? [] : null;
};

const collectChangeTimes = (changes: readonly IssueChange[], commentTimes: ReadonlyMap<number, Millis>): ReadonlyMap<number, Millis> => {
  const last = new Map(commentTimes);
  for (const { issue, at } of changes) last.set(issue, Math.max(at, last.get(issue) ?? 0));
  return last;
};

/** GitHub does not report when a text was edited. An issue counts as edited if no known change explains its last update. */
const wasTextEdited = ({ created, updated }: ListedIssue, touched: Millis): boolean =>
  updated > Math.max(created, touched) + ISSUE_CREATION_MS;
