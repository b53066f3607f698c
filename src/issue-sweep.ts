import { isTriggerLabel, readIssue, readIssueChange } from "./events/issue.ts";
import type { GitHub, IssueChange, ListedIssue, Reply } from "./github/ports.ts";
import type { Event } from "./model/event.ts";
import type { Login, Millis } from "./model/ids.ts";

/** GitHub's lists may lag behind what they list: what is found again is known by its id. In milliseconds. */
const LIST_LAG = 60_000;
/** A label that comes with a new issue changes it in the seconds in which it is made. In milliseconds. */
const MADE_IN = 5_000;

type Listing = {
  readonly github: Pick<GitHub, "issues">;
  readonly self: Login;
  readonly log: (line: string) => void;
  /** The label that starts an issue; empty for none. */
  readonly label: string;
  /** When comments of each issue were written or changed. */
  readonly spoken: ReadonlyMap<number, Millis>;
};

export type SweptIssues = {
  readonly events: readonly Event[];
  /** False where no pull request changed since it was opened: nobody wrote on one. */
  readonly pulls: boolean;
};

/**
 * New issues with a command in their text, labels and assignments since a time, as events; null where GitHub does not answer now.
 * One request where nothing but comments was added; a second one for who did what to an issue.
 */
export const sweepIssues = async (listing: Listing, since: Millis): Promise<SweptIssues | null> => {
  const from = since - LIST_LAG;
  const reply = await listing.github.issues.changedSince(from);
  if (!reply.ok) return unlisted(listing, reply);
  const issues = reply.value.filter(({ onPull }) => !onPull);
  const changes = await changesOf(listing, issues, from);
  if (changes === null) return null;
  const touched = lastChanges(changes, listing.spoken);
  const { label, self } = listing;
  const opened = issues.flatMap((issue) =>
    issue.created < from ? [] : (readIssue({ ...issue, edited: isChanged(issue, touched.get(issue.issue) ?? 0) }, self) ?? []),
  );
  const once = [...new Map(changes.map((change) => [change.id, change])).values()].sort((a, b) => a.id - b.id);
  const events = [...opened, ...once.flatMap((change) => readIssueChange(change, { label, self }) ?? [])];
  return { events, pulls: reply.value.some(({ onPull, created, updated }) => onPull && updated > created) };
};

/** A repository without issues has none; whether pull requests changed is not known then. */
const unlisted = ({ log }: Listing, { failure }: Extract<Reply<unknown>, { ok: false }>): SweptIssues | null => {
  log(`issues not listed: ${failure.why}`);
  return failure.kind === "refused" ? { events: [], pulls: true } : null;
};

/** What was done to issues, where somebody may have set the label, assigned one to us, or changed one otherwise than by a comment. */
const changesOf = async (listing: Listing, issues: readonly ListedIssue[], from: Millis): Promise<readonly IssueChange[] | null> => {
  const { github, self, label, spoken, log } = listing;
  const isAsked = ({ labels, assignees }: ListedIssue): boolean =>
    labels.some((each) => isTriggerLabel(each, label)) || assignees.some((login) => login.toLowerCase() === self.toLowerCase());
  if (!issues.some((issue) => isAsked(issue) || isChanged(issue, spoken.get(issue.issue) ?? 0))) return [];
  const reply = await github.issues.changesSince(from);
  if (reply.ok) return reply.value;
  log(`changes of issues not listed: ${reply.failure.why}`);
  return reply.failure.kind === "refused" ? [] : null;
};

const lastChanges = (changes: readonly IssueChange[], spoken: ReadonlyMap<number, Millis>): ReadonlyMap<number, Millis> => {
  const last = new Map(spoken);
  for (const { issue, at } of changes) last.set(issue, Math.max(at, last.get(issue) ?? 0));
  return last;
};

/** GitHub does not say when a text was edited. An issue whose last change was for no reason that is known was. */
const isChanged = ({ created, updated }: ListedIssue, touched: Millis): boolean => updated > Math.max(created, touched) + MADE_IN;
