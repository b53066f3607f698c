import { z } from "zod";
import { headCommitShape } from "./commit-shapes.ts";
import { emitEvent } from "./emit-event.ts";
import { type EventSource } from "./forge-event.ts";
import type { PullMergeMethod } from "./merge-methods.ts";
import { countApprovals, createMergeCommit } from "./merge-requested-pull.ts";
import { isPullRequest, markPullMerged, reportPullEvent } from "./pull-events.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import { applyPush } from "./apply-push.ts";
import { findMoveRefusal, evaluateRequiredChecks } from "./move-refusal.ts";
import type { MergeQueueEntry, QueueRemoval } from "./merge-queue-entry.ts";
import { ensureAccount, type ForgeState, takeNextId } from "./forge-state.ts";
import { type RequestActor } from "./forge-actor.ts";
import { type ForgeRepository, repositoryKey } from "./forge-repository.ts";
import { MINUTE_MS } from "../../core/domain/durations.ts";

const queueParametersSchema = z.object({
  merge_method: z.enum(["MERGE", "SQUASH", "REBASE"]).default("MERGE"),
  check_response_timeout_minutes: z.number().default(60),
});

type MergeQueueSettings = { readonly branch: string; readonly method: PullMergeMethod; readonly timeoutMs: number };
const QUEUE_MERGE_METHODS = { MERGE: "merge", SQUASH: "squash", REBASE: "rebase" } as const;

/** The merge queue that a branch rule configures; null if the branch has none. */
export const findMergeQueue = ({ rules }: ForgeRepository, branch: string): MergeQueueSettings | null => {
  const rule = rules.find((each) => each.branch === branch && each.type === "merge_queue");
  if (!rule) return null;
  const parameters = queueParametersSchema.parse(rule.parameters ?? {});
  return {
    branch,
    method: QUEUE_MERGE_METHODS[parameters.merge_method],
    timeoutMs: parameters.check_response_timeout_minutes * MINUTE_MS,
  };
};

export const ensureQueueEntries = ({ mergeQueues }: ForgeRepository, branch: string): MergeQueueEntry[] => {
  const known = mergeQueues.get(branch) ?? [];
  mergeQueues.set(branch, known);
  return known;
};

export const findQueueEntry = (repository: ForgeRepository, { number, pull }: PullRequestIssue): MergeQueueEntry | null =>
  ensureQueueEntries(repository, pull.baseRef).find(({ issue }) => issue === number) ?? null;

const findPullIssue = ({ issues }: ForgeRepository, number: number): PullRequestIssue | null => {
  const issue = issues.get(number);
  return issue && isPullRequest(issue) ? issue : null;
};

/** GitHub's message if a pull request may not be queued; null if it may. */
export const findEnqueueRefusal = (forge: ForgeState, repository: ForgeRepository, issue: PullRequestIssue): string | null => {
  const { pull } = issue;
  if (issue.state === "closed") return "Pull request is closed";
  if (pull.draft) return "Pull request is in draft state";
  if (!findMergeQueue(repository, pull.baseRef)) return "Pull request base branch does not require a merge queue";
  if (findQueueEntry(repository, issue)) return "Pull request is already in the queue";
  const { missing } = evaluateRequiredChecks(repository, { branch: pull.baseRef, sha: pull.head, apps: forge.apps });
  if (missing !== null) return `Pull request Required status check "${missing}" is expected.`;
  const needed = requiredApprovals(repository, pull.baseRef);
  return countApprovals(repository, issue) < needed
    ? `Pull request At least ${needed} approving review is required by reviewers with write access.`
    : null;
};

const requiredApprovals = ({ rules }: ForgeRepository, branch: string): number =>
  Math.max(
    0,
    ...rules
      .filter((rule) => rule.branch === branch && rule.type === "pull_request")
      .map((rule) => (rule.parameters as { required_approving_review_count?: number } | undefined)?.required_approving_review_count ?? 0),
  );

export const addToMergeQueue = (
  forge: ForgeState,
  repository: ForgeRepository,
  { issue, actor }: { issue: PullRequestIssue; actor: RequestActor },
): MergeQueueEntry => {
  const entry: MergeQueueEntry = {
    id: takeNextId(forge),
    issue: issue.number,
    enqueuer: actor,
    enqueuedAt: forge.now(),
    enqueuedHead: issue.pull.head,
    groupBase: null,
    groupHead: null,
    cancel: () => undefined,
  };
  ensureQueueEntries(repository, issue.pull.baseRef).push(entry);
  reportPullEvent(forge, repository, { issue, action: "enqueued", actor });
  forge.advance(forge, repository);
  return entry;
};

/** The account that performs the queue's actions on GitHub. */
const queueActor = (forge: ForgeState): RequestActor => ({
  kind: "user",
  account: ensureAccount(forge, "github-merge-queue[bot]"),
  permissions: null,
});

const groupRef = (branch: string, { issue, groupBase }: MergeQueueEntry): string =>
  `refs/heads/gh-readonly-queue/${branch}/pr-${issue}-${groupBase}`;

type MergeGroup = { readonly branch: string; readonly entry: MergeQueueEntry };

const reportMergeGroup = async (
  forge: ForgeState,
  repository: ForgeRepository,
  change: MergeGroup & { action: string; reason?: string },
): Promise<void> => {
  const { branch, entry, action, reason } = change;
  const facts = entry.groupHead === null ? null : await repository.bare.describeCommit(entry.groupHead);
  if (!facts || entry.groupBase === null) return;
  const ref = groupRef(branch, entry);
  const { sha } = facts;
  const group = {
    head_sha: sha,
    head_ref: ref,
    base_ref: `refs/heads/${branch}`,
    base_sha: entry.groupBase,
    head_commit: headCommitShape(facts),
  };
  const findSource = (): Promise<EventSource> => Promise.resolve({ ref, sha });
  const payload = { action, merge_group: group, ...(reason !== undefined && { reason }) };
  emitEvent(forge, repository, { event: "merge_group", payload, actor: queueActor(forge), findSource, ref: `refs/heads/${branch}` });
};

const destroyMergeGroup = async (
  forge: ForgeState,
  repository: ForgeRepository,
  change: MergeGroup & { reason: string },
): Promise<void> => {
  const { branch, entry } = change;
  entry.cancel();
  if (entry.groupHead === null) return;
  await reportMergeGroup(forge, repository, { ...change, action: "destroyed" });
  const ref = groupRef(branch, entry);
  const from = await repository.bare.readRef(ref);
  await repository.bare.setRef(ref, null);
  if (from !== null) await applyPush(forge, repository, { actor: queueActor(forge), moves: [{ ref, from, to: null }] });
};

/** Removes a pull request from the queue and records the reason. Returns null if it is not queued. */
export const removeFromQueue = async (
  forge: ForgeState,
  repository: ForgeRepository,
  { issue, reason, actor }: { issue: PullRequestIssue; reason: QueueRemoval["reason"]; actor: RequestActor | null },
): Promise<MergeQueueEntry | null> => {
  const { branch, entry } = { branch: issue.pull.baseRef, entry: findQueueEntry(repository, issue) };
  if (!entry) return null;
  const entries = ensureQueueEntries(repository, branch);
  entries.splice(entries.indexOf(entry), 1);
  const by = actor ?? queueActor(forge);
  issue.pull.removals.push({ id: takeNextId(forge), reason, at: forge.now(), by: by.account });
  await destroyMergeGroup(forge, repository, { branch, entry, reason: reason === "MERGE" ? "merged" : "dequeued" });
  reportPullEvent(forge, repository, { issue, action: "dequeued", actor: by, more: { reason } });
  forge.advance(forge, repository);
  return entry;
};

type QueueContext = { readonly forge: ForgeState; readonly repository: ForgeRepository; readonly queue: MergeQueueSettings };

/** Builds the merge group of an entry on the group ahead of it; false on a conflict. */
const buildMergeGroup = async (
  { forge, repository, queue }: QueueContext,
  { entry, issue, base }: { entry: MergeQueueEntry; issue: PullRequestIssue; base: string },
): Promise<boolean> => {
  if (entry.groupBase === base && entry.groupHead !== null) return true;
  await destroyMergeGroup(forge, repository, { branch: queue.branch, entry, reason: "invalidated" });
  const head = await createMergeCommit(forge, repository, { issue, base, method: queue.method, actor: entry.enqueuer, messageInput: {} });
  entry.groupBase = base;
  entry.groupHead = head;
  if (head === null) return false;
  const ref = groupRef(queue.branch, entry);
  await repository.bare.setRef(ref, head);
  await applyPush(forge, repository, { actor: queueActor(forge), moves: [{ ref, from: null, to: head }] });
  await reportMergeGroup(forge, repository, { branch: queue.branch, entry, action: "checks_requested" });
  // Not a background task: `waitUntilIdle` must not wait for a check timeout.
  entry.cancel = forge.after(queue.timeoutMs, () => {
    const timeout = { issue, reason: "CI_TIMEOUT", actor: null } as const;
    if (entry.groupHead === head) void repository.bare.runExclusively(() => removeFromQueue(forge, repository, timeout));
  });
  return true;
};

/** Moves the base branch to the first merge group, or removes its pull request if a branch rule forbids the move. */
const mergeFirstGroup = async (
  { forge, repository, queue }: QueueContext,
  { entry, issue }: { entry: MergeQueueEntry; issue: PullRequestIssue },
): Promise<void> => {
  const { groupHead, groupBase } = entry;
  if (groupHead === null || groupBase === null) return;
  const ref = `refs/heads/${queue.branch}`;
  const approvals = countApprovals(repository, issue);
  const context = { actor: queueActor(forge), mergeOf: groupHead, method: queue.method, queued: true, approvals, apps: forge.apps };
  const refusal = await findMoveRefusal(repository, { ref, from: groupBase, to: groupHead }, context);
  if (refusal || !(await repository.bare.moveRef(ref, groupBase, groupHead))) {
    await removeFromQueue(forge, repository, { issue, reason: "BRANCH_PROTECTIONS", actor: null });
    return;
  }
  await removeFromQueue(forge, repository, { issue, reason: "MERGE", actor: null });
  markPullMerged(forge, repository, { issue, actor: entry.enqueuer, commit: groupHead });
  await applyPush(forge, repository, { actor: queueActor(forge), moves: [{ ref, from: groupBase, to: groupHead }] });
};

/** Performs one action of a queue; returns false if nothing can be done now. */
const advanceQueueOnce = async (context: QueueContext): Promise<boolean> => {
  const { forge, repository, queue } = context;
  let base = await repository.bare.readRef(`refs/heads/${queue.branch}`);
  for (const [position, entry] of ensureQueueEntries(repository, queue.branch).entries()) {
    const issue = findPullIssue(repository, entry.issue);
    if (!issue || base === null) return false;
    const remove = async (reason: QueueRemoval["reason"]): Promise<true> => {
      await removeFromQueue(forge, repository, { issue, reason, actor: null });
      return true;
    };
    if (issue.state === "closed" || issue.pull.head !== entry.enqueuedHead) return remove("DEQUEUED");
    if (!(await buildMergeGroup(context, { entry, issue, base }))) return remove("MERGE_CONFLICT");
    const { red, missing } = evaluateRequiredChecks(repository, { branch: queue.branch, sha: entry.groupHead ?? "", apps: forge.apps });
    if (red !== null) return remove("CI_FAILURE");
    if (missing === null && position === 0) {
      await mergeFirstGroup(context, { entry, issue });
      return true;
    }
    base = entry.groupHead;
  }
  return false;
};

/** Advances every merge queue of a repository as far as possible. */
export const advanceMergeQueues = (forge: ForgeState, repository: ForgeRepository): void => {
  for (const branch of repository.mergeQueues.keys()) {
    const queue = findMergeQueue(repository, branch);
    if (!queue || ensureQueueEntries(repository, branch).length === 0) continue;
    void forge.background.runInOrder(`merge queue of ${repositoryKey(repository)}`, () =>
      repository.bare.runExclusively(async () => {
        while (await advanceQueueOnce({ forge, repository, queue }));
      }),
    );
  }
};
