import { readIssue, readIssueChange } from "./events/issue.ts";
import type { GitHub, IssueChange, NewIssue, Reply } from "./github/ports.ts";
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

/** New issues with a command in their text, labels and assignments since a time, as events; null where GitHub does not answer now. */
export const sweepIssues = async (listing: Listing, since: Millis): Promise<readonly Event[] | null> => {
  const { github, self, label, spoken } = listing;
  const created = listed(listing, await github.issues.createdSince(since - LIST_LAG));
  if (created === null) return null;
  const changes = listed(listing, await github.issues.changesSince(since - LIST_LAG));
  if (changes === null) return null;
  const touched = lastChanges(changes, spoken);
  const opened = created.flatMap((issue) => {
    if (issue.onPull) return [];
    return readIssue({ ...issue, edited: isEdited(issue, touched.get(issue.issue) ?? 0) }, self) ?? [];
  });
  const once = [...new Map(changes.map((change) => [change.id, change])).values()].sort((a, b) => a.id - b.id);
  return [...opened, ...once.flatMap((change) => readIssueChange(change, { label, self }) ?? [])];
};

/** A repository without issues has none, and nothing was done to them. */
const listed = <T>({ log }: Listing, reply: Reply<readonly T[]>): readonly T[] | null => {
  if (reply.ok) return reply.value;
  log(`issues not listed: ${reply.failure.why}`);
  return reply.failure.kind === "refused" ? [] : null;
};

const lastChanges = (changes: readonly IssueChange[], spoken: ReadonlyMap<number, Millis>): ReadonlyMap<number, Millis> => {
  const last = new Map(spoken);
  for (const { issue, at } of changes) last.set(issue, Math.max(at, last.get(issue) ?? 0));
  return last;
};

/** GitHub does not say when a text was edited. An issue that changed last for no other reason that it lists was. */
const isEdited = ({ created, updated }: NewIssue, touched: Millis): boolean => updated > Math.max(created, touched) + MADE_IN;
