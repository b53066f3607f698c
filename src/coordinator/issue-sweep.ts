import { isTriggerLabel, readNewIssue, readIssueChange } from "../core/events/read-issue.ts";
import type { GitHubPorts, IssueChange, ListedIssue, GitHubReply } from "../github/github-ports.ts";
import type { Event } from "../core/domain/event.ts";
import type { Login, Millis } from "../core/domain/ids.ts";

/** GitHub's lists may lag behind what they list: what is found again is known by its id. In milliseconds. */
const ISSUE_LIST_LAG_MS = 60_000;
/** A label that comes with a new issue changes it in the seconds in which it is made. In milliseconds. */
const ISSUE_CREATION_MS = 5_000;

type IssueSweepInput = {
  readonly github: Pick<GitHubPorts, "issues">;
  readonly botLogin: Login;
  readonly log: (line: string) => void;
  /** The label that starts an issue; empty for none. */
  readonly label: string;
  /** When comments of each issue were written or changed. */
  readonly commentTimes: ReadonlyMap<number, Millis>;
};

export type SweptIssues = {
  readonly events: readonly Event[];
  /** False where no pull request changed since it was opened: nobody wrote on one. */
  readonly pullsChanged: boolean;
};

/**
 * New issues with a command in their text, labels and assignments since a time, as events; null where GitHub does not answer now.
 * One request where nothing but comments was added; a second one for who did what to an issue.
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

/** A repository without issues has none; whether pull requests changed is not known then. */
const handleListFailure = ({ log }: IssueSweepInput, { failure }: Extract<GitHubReply<unknown>, { ok: false }>): SweptIssues | null => {
  log(`issues not listed: ${failure.reason}`);
  return failure.kind === "refused" ? { events: [], pullsChanged: true } : null;
};

/** What was done to issues, where somebody may have set the label, assigned one to us, or changed one otherwise than by a comment. */
const listIssueChanges = async (
  listing: IssueSweepInput,
  issues: readonly ListedIssue[],
  from: Millis,
): Promise<readonly IssueChange[] | null> => {
  const { github, botLogin, label, commentTimes, log } = listing;
  const isAsked = ({ labels, assignees }: ListedIssue): boolean =>
    labels.some((each) => isTriggerLabel(each, label)) || assignees.some((login) => login.toLowerCase() === botLogin.toLowerCase());
  if (!issues.some((issue) => isAsked(issue) || wasTextEdited(issue, commentTimes.get(issue.issue) ?? 0))) return [];
  const reply = await github.issues.changesSince(from);
  if (reply.ok) return reply.value;
  log(`changes of issues not listed: ${reply.failure.reason}`);
  return reply.failure.kind === "refused" ? [] : null;
};

const collectChangeTimes = (changes: readonly IssueChange[], spoken: ReadonlyMap<number, Millis>): ReadonlyMap<number, Millis> => {
  const last = new Map(spoken);
  for (const { issue, at } of changes) last.set(issue, Math.max(at, last.get(issue) ?? 0));
  return last;
};

/** GitHub does not say when a text was edited. An issue whose last change was for no reason that is known was. */
const wasTextEdited = ({ created, updated }: ListedIssue, touched: Millis): boolean =>
  updated > Math.max(created, touched) + ISSUE_CREATION_MS;
