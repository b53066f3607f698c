import { z } from "zod";
import { headShape } from "./commit-shapes.ts";
import { happen, type Place } from "./happen.ts";
import type { MergeMethod } from "./merge-methods.ts";
import { approvalsOf, makeMerge } from "./merging.ts";
import { isPull, markMerged, tellPull } from "./pull-events.ts";
import type { PullIssue } from "./pull-shapes.ts";
import { pushed } from "./pushes.ts";
import { brokenBy, checksAt } from "./rules.ts";
import type { QueueEntry, Removal } from "./queue-entry.ts";
import { accountOf, type Actor, type Forge, nextId, type Repository, repositoryKey } from "./state.ts";

const MINUTE = 60_000;
const parameters = z.object({
  merge_method: z.enum(["MERGE", "SQUASH", "REBASE"]).default("MERGE"),
  check_response_timeout_minutes: z.number().default(60),
});

type Queue = { readonly branch: string; readonly method: MergeMethod; readonly timeout: number };
const METHODS = { MERGE: "merge", SQUASH: "squash", REBASE: "rebase" } as const;

/** The merge queue of a branch, as its rule says; null where it has none. */
export const queueOf = ({ rules }: Repository, branch: string): Queue | null => {
  const rule = rules.find((each) => each.branch === branch && each.type === "merge_queue");
  if (!rule) return null;
  const read = parameters.parse(rule.parameters ?? {});
  return { branch, method: METHODS[read.merge_method], timeout: read.check_response_timeout_minutes * MINUTE };
};

export const entriesOf = ({ queues }: Repository, branch: string): QueueEntry[] => {
  const known = queues.get(branch) ?? [];
  queues.set(branch, known);
  return known;
};

export const entryOf = (repository: Repository, { number, pull }: PullIssue): QueueEntry | null =>
  entriesOf(repository, pull.baseRef).find(({ issue }) => issue === number) ?? null;

const pullNumbered = ({ issues }: Repository, number: number): PullIssue | null => {
  const issue = issues.get(number);
  return issue && isPull(issue) ? issue : null;
};

/** What GitHub says of a pull request that may not be queued; null where it may. */
export const whyUnqueueable = (forge: Forge, repository: Repository, issue: PullIssue): string | null => {
  const { pull } = issue;
  if (issue.state === "closed") return "Pull request is closed";
  if (pull.draft) return "Pull request is in draft state";
  if (!queueOf(repository, pull.baseRef)) return "Pull request base branch does not require a merge queue";
  if (entryOf(repository, issue)) return "Pull request is already in the queue";
  const { missing } = checksAt(repository, { branch: pull.baseRef, sha: pull.head, apps: forge.apps });
  if (missing !== null) return `Pull request Required status check "${missing}" is expected.`;
  const needed = reviewsOf(repository, pull.baseRef);
  return approvalsOf(repository, issue) < needed
    ? `Pull request At least ${needed} approving review is required by reviewers with write access.`
    : null;
};

const reviewsOf = ({ rules }: Repository, branch: string): number =>
  Math.max(
    0,
    ...rules
      .filter((rule) => rule.branch === branch && rule.type === "pull_request")
      .map((rule) => (rule.parameters as { required_approving_review_count?: number } | undefined)?.required_approving_review_count ?? 0),
  );

export const enqueue = (forge: Forge, repository: Repository, { issue, actor }: { issue: PullIssue; actor: Actor }): QueueEntry => {
  const entry: QueueEntry = {
    id: nextId(forge),
    issue: issue.number,
    by: actor,
    at: forge.now(),
    of: issue.pull.head,
    base: null,
    head: null,
    cancel: () => undefined,
  };
  entriesOf(repository, issue.pull.baseRef).push(entry);
  tellPull(forge, repository, { issue, action: "enqueued", actor });
  forge.advance(forge, repository);
  return entry;
};

/** GitHub's own account, by which the queue acts. */
const queueActor = (forge: Forge): Actor => ({ kind: "user", account: accountOf(forge, "github-merge-queue[bot]"), rights: null });

const groupRef = (branch: string, { issue, base }: QueueEntry): string => `refs/heads/gh-readonly-queue/${branch}/pr-${issue}-${base}`;

type Group = { readonly branch: string; readonly entry: QueueEntry };

const tellGroup = async (forge: Forge, repository: Repository, of: Group & { action: string; reason?: string }): Promise<void> => {
  const { branch, entry, action, reason } = of;
  const facts = entry.head === null ? null : await repository.bare.describe(entry.head);
  if (!facts || entry.base === null) return;
  const ref = groupRef(branch, entry);
  const { sha } = facts;
  const group = { head_sha: sha, head_ref: ref, base_ref: `refs/heads/${branch}`, base_sha: entry.base, head_commit: headShape(facts) };
  const place = (): Promise<Place> => Promise.resolve({ ref, sha });
  const payload = { action, merge_group: group, ...(reason !== undefined && { reason }) };
  happen(forge, repository, { event: "merge_group", payload, actor: queueActor(forge), place, ref: `refs/heads/${branch}` });
};

const dropGroup = async (forge: Forge, repository: Repository, of: Group & { reason: string }): Promise<void> => {
  const { branch, entry } = of;
  entry.cancel();
  if (entry.head === null) return;
  await tellGroup(forge, repository, { ...of, action: "destroyed" });
  const ref = groupRef(branch, entry);
  const from = await repository.bare.ref(ref);
  await repository.bare.point(ref, null);
  if (from !== null) await pushed(forge, repository, { actor: queueActor(forge), moves: [{ ref, from, to: null }] });
};

/** Takes a pull request out of the queue, and says why. */
export const removeFromQueue = async (
  forge: Forge,
  repository: Repository,
  { issue, reason, actor }: { issue: PullIssue; reason: Removal["reason"]; actor: Actor | null },
): Promise<QueueEntry | null> => {
  const { branch, entry } = { branch: issue.pull.baseRef, entry: entryOf(repository, issue) };
  if (!entry) return null;
  const entries = entriesOf(repository, branch);
  entries.splice(entries.indexOf(entry), 1);
  const by = actor ?? queueActor(forge);
  issue.pull.removals.push({ id: nextId(forge), reason, at: forge.now(), by: by.account });
  await dropGroup(forge, repository, { branch, entry, reason: reason === "MERGE" ? "merged" : "dequeued" });
  tellPull(forge, repository, { issue, action: "dequeued", actor: by, more: { reason } });
  forge.advance(forge, repository);
  return entry;
};

type At = { readonly forge: Forge; readonly repository: Repository; readonly queue: Queue };

/** Gives an entry its group on top of what is ahead of it; false where that conflicts. */
const build = async (
  { forge, repository, queue }: At,
  { entry, issue, base }: { entry: QueueEntry; issue: PullIssue; base: string },
): Promise<boolean> => {
  if (entry.base === base && entry.head !== null) return true;
  await dropGroup(forge, repository, { branch: queue.branch, entry, reason: "invalidated" });
  const head = await makeMerge(forge, repository, { issue, base, method: queue.method, actor: entry.by, words: {} });
  entry.base = base;
  entry.head = head;
  if (head === null) return false;
  const ref = groupRef(queue.branch, entry);
  await repository.bare.point(ref, head);
  await pushed(forge, repository, { actor: queueActor(forge), moves: [{ ref, from: null, to: head }] });
  await tellGroup(forge, repository, { branch: queue.branch, entry, action: "checks_requested" });
  // Nobody waits for it, as for what comes in a moment.
  entry.cancel = forge.after(queue.timeout, () => {
    const late = { issue, reason: "CI_TIMEOUT", actor: null } as const;
    if (entry.head === head) void repository.bare.alone(() => removeFromQueue(forge, repository, late));
  });
  return true;
};

/** Makes the first group the base, with all that its rules ask of it. */
const mergeFirst = async ({ forge, repository, queue }: At, { entry, issue }: { entry: QueueEntry; issue: PullIssue }): Promise<void> => {
  const { head, base } = entry;
  if (head === null || base === null) return;
  const ref = `refs/heads/${queue.branch}`;
  const approvals = approvalsOf(repository, issue);
  const way = { actor: queueActor(forge), mergeOf: head, method: queue.method, queued: true, approvals, apps: forge.apps };
  const broken = await brokenBy(repository, { ref, from: base, to: head }, way);
  if (broken || !(await repository.bare.move(ref, base, head))) {
    await removeFromQueue(forge, repository, { issue, reason: "BRANCH_PROTECTIONS", actor: null });
    return;
  }
  await removeFromQueue(forge, repository, { issue, reason: "MERGE", actor: null });
  markMerged(forge, repository, { issue, actor: entry.by, commit: head });
  await pushed(forge, repository, { actor: queueActor(forge), moves: [{ ref, from: base, to: head }] });
};

/** One step of a queue; false where nothing is left to do now. */
const step = async (at: At): Promise<boolean> => {
  const { forge, repository, queue } = at;
  let base = await repository.bare.ref(`refs/heads/${queue.branch}`);
  for (const [place, entry] of entriesOf(repository, queue.branch).entries()) {
    const issue = pullNumbered(repository, entry.issue);
    if (!issue || base === null) return false;
    const remove = async (reason: Removal["reason"]): Promise<true> => {
      await removeFromQueue(forge, repository, { issue, reason, actor: null });
      return true;
    };
    if (issue.state === "closed" || issue.pull.head !== entry.of) return remove("DEQUEUED");
    if (!(await build(at, { entry, issue, base }))) return remove("MERGE_CONFLICT");
    const { red, missing } = checksAt(repository, { branch: queue.branch, sha: entry.head ?? "", apps: forge.apps });
    if (red !== null) return remove("CI_FAILURE");
    if (missing === null && place === 0) {
      await mergeFirst(at, { entry, issue });
      return true;
    }
    base = entry.head;
  }
  return false;
};

/** Lets every merge queue of a repository go on, as far as it can now. */
export const advance = (forge: Forge, repository: Repository): void => {
  for (const branch of repository.queues.keys()) {
    const queue = queueOf(repository, branch);
    if (!queue || entriesOf(repository, branch).length === 0) continue;
    void forge.work.inTurn(`merge queue of ${repositoryKey(repository)}`, () =>
      repository.bare.alone(async () => {
        while (await step({ forge, repository, queue }));
      }),
    );
  }
};
