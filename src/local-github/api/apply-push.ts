import type { RefMap } from "./bare-repository.ts";
import { emitEvent } from "./emit-event.ts";
import { closeUnmergedPull, isPullRequest, markPullMerged, reportPullEvent } from "./pull-events.ts";
import { pageUrl } from "./api-urls.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import type { RequestActor } from "./forge-actor.ts";
import { type ForgeState, takeNextId } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import { relocateThreads } from "./review-threads.ts";

const ZERO_SHA = "0".repeat(40);
const COMPARE_SHA_CHARS = 12;

/** A ref that moved; null means that the ref does not exist. */
export type MovedRef = { readonly ref: string; readonly from: string | null; readonly to: string | null };

export const diffRefs = (before: RefMap, after: RefMap): MovedRef[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .map((ref) => ({ ref, from: before.get(ref) ?? null, to: after.get(ref) ?? null }))
    .filter(({ from, to }) => from !== to);

type PushContext = { readonly forge: ForgeState; readonly repository: ForgeRepository; readonly actor: RequestActor };

const shortRefName = (ref: string): string => ref.replace(/^refs\/(?:heads|tags)\//, "");

const listOpenPulls = ({ repository }: PushContext): PullRequestIssue[] =>
  [...repository.issues.values()].filter(isPullRequest).filter(({ state }) => state === "open");

const pushCommitShapes = async ({ forge, repository }: PushContext, move: MovedRef): Promise<unknown[]> => {
  if (move.to === null) return [];
  const range = move.from === null ? ["--max-count=1", move.to] : [`${move.from}..${move.to}`];
  return (await repository.bare.listCommits(range)).map(({ sha, tree, message, author, committer, added, modified, removed }) => ({
    id: sha,
    tree_id: tree,
    message,
    timestamp: committer.date,
    distinct: true,
    author,
    committer,
    added,
    modified,
    removed,
    url: `${pageUrl(forge, repository)}/commit/${sha}`,
  }));
};

const reportRefCreation = ({ forge, repository, actor }: PushContext, { ref, from }: MovedRef): void => {
  const payload = {
    ref: shortRefName(ref),
    ref_type: ref.startsWith("refs/tags/") ? "tag" : "branch",
    ...(from === null && { master_branch: repository.defaultBranch, description: null }),
    pusher_type: "user",
  };
  emitEvent(forge, repository, { event: from === null ? "create" : "delete", payload, actor });
};

/** Adds the move of a branch to the list of activities, with GitHub's words. */
const recordActivity = ({ forge, repository, actor }: PushContext, { ref, from, to }: MovedRef, forward: boolean): void => {
  if (!ref.startsWith("refs/heads/")) return;
  const moved = forward ? "push" : "force_push";
  const type = from === null ? "branch_creation" : to === null ? "branch_deletion" : moved;
  const [before, after] = [from ?? ZERO_SHA, to ?? ZERO_SHA];
  repository.activities.push({ id: takeNextId(forge), ref, before, after, at: forge.now(), by: actor.account, type });
};

/** Emits the push event, and a create or delete event if the ref is new or gone. */
const reportPush = async (pushed: PushContext, move: MovedRef): Promise<void> => {
  const { forge, repository, actor } = pushed;
  const { ref, from, to } = move;
  const { bare } = repository;
  const [before, after] = [from ?? ZERO_SHA, to ?? ZERO_SHA];
  const commits = await pushCommitShapes(pushed, move);
  const forward = from === null || to === null || (await bare.isAncestor(from, to));
  const paths = from !== null && to !== null ? await bare.listChangedPaths(from, to) : null;
  if (from === null || to === null) reportRefCreation(pushed, move);
  recordActivity(pushed, move, forward);
  const payload = {
    ref,
    before,
    after,
    created: from === null,
    deleted: to === null,
    forced: !forward,
    base_ref: null,
    compare: `${pageUrl(forge, repository)}/compare/${before.slice(0, COMPARE_SHA_CHARS)}...${after.slice(0, COMPARE_SHA_CHARS)}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    pusher: { name: actor.account.login, email: `${actor.account.login}@users.noreply.github.com` },
  };
  const title = to === null ? "" : ((await bare.readMessage(to)).split("\n")[0] ?? "");
  const findSource = (): Promise<{ ref: string; sha: string } | null> => Promise.resolve(to === null ? null : { ref, sha: to });
  emitEvent(forge, repository, { event: "push", payload, actor, findSource, ref, paths, title });
};

const findMergedBase = async ({ repository }: PushContext, { pull }: PullRequestIssue): Promise<string | null> => {
  const base = await repository.bare.readRef(`refs/heads/${pull.baseRef}`);
  return base !== null && (await repository.bare.isAncestor(pull.head, base)) ? base : null;
};

/** Marks a pull request as merged after GitHub's delay, if its base contains its head. */
const scheduleMergedMark = async (pushed: PushContext, issue: PullRequestIssue): Promise<void> => {
  const { forge, repository, actor } = pushed;
  const { head } = issue.pull;
  if ((await findMergedBase(pushed, issue)) === null) return;
  forge.background.runLater(forge.lag.mergedMs, () =>
    repository.bare.runExclusively(async () => {
      if (issue.state !== "open" || issue.pull.head !== head) return;
      const base = await findMergedBase(pushed, issue);
      if (base !== null) markPullMerged(forge, repository, { issue, actor, commit: await repository.bare.findLandingCommit(head, base) });
    }),
  );
};

/**
 * Ends a pull request whose head was pushed to a commit that its base has anyway: closed at the tip of the base, merged at an earlier commit.
 * Measured on GitHub: Avarok-Cybersecurity/atlas#952, Mergifyio/mergify-cli#1559, grafana/mimir-prometheus#933.
 */
const endContainedPull = async (pushed: PushContext, issue: PullRequestIssue): Promise<void> => {
  const { forge, repository, actor } = pushed;
  const base = await findMergedBase(pushed, issue);
  if (base === issue.pull.head) closeUnmergedPull(forge, repository, { issue, actor });
  else if (base !== null) await scheduleMergedMark(pushed, issue);
};

/**
 * Updates the pull requests of a moved head. A deleted head closes its pull request, unless the base contains the
 * head.
 */
const updatePullHeads = async (pushed: PushContext, move: MovedRef, moved: ReadonlySet<string>): Promise<void> => {
  const { forge, repository, actor } = pushed;
  for (const issue of listOpenPulls(pushed).filter(({ pull }) => `refs/heads/${pull.headRef}` === move.ref)) {
    if (move.to !== null) {
      const before = issue.pull.head;
      issue.pull.head = move.to;
      issue.pull.size = await repository.bare.measureDiff(issue.pull.baseSha, move.to);
      issue.updated = forge.now();
      await repository.bare.setRef(`refs/pull/${issue.number}/head`, move.to);
      await relocateThreads(repository, issue, { base: issue.pull.baseSha, head: before });
      reportPullEvent(forge, repository, { issue, action: "synchronize", actor, more: { before, after: move.to } });
      if (!moved.has(`refs/heads/${issue.pull.baseRef}`)) await endContainedPull(pushed, issue);
    } else if ((await findMergedBase(pushed, issue)) === null) closeUnmergedPull(forge, repository, { issue, actor });
  }
};

/** Marks open pull requests with landed heads. */
export const markLandedPulls = async (forge: ForgeState, repository: ForgeRepository, actor: RequestActor): Promise<void> => {
  const pushed: PushContext = { forge, repository, actor };
  for (const issue of listOpenPulls(pushed)) await scheduleMergedMark(pushed, issue);
};

const updatePullBases = async (pushed: PushContext, move: MovedRef): Promise<void> => {
  const { forge, repository, actor } = pushed;
  for (const issue of listOpenPulls(pushed).filter(({ pull }) => `refs/heads/${pull.baseRef}` === move.ref)) {
    if (move.to === null) closeUnmergedPull(forge, repository, { issue, actor });
    else {
      const before = { base: issue.pull.baseSha, head: issue.pull.head };
      issue.pull.baseSha = move.to;
      await relocateThreads(repository, issue, before);
      await scheduleMergedMark(pushed, issue);
    }
  }
};

/**
 * Applies the consequences of moved refs: updates pull requests, delivers webhooks, starts workflows. The caller must
 * hold the repository's turn.
 */
export const applyPush = async (
  forge: ForgeState,
  repository: ForgeRepository,
  options: { actor: RequestActor; moves: readonly MovedRef[] },
): Promise<void> => {
  const push: PushContext = { forge, repository, actor: options.actor };
  repository.pushedAt = forge.now();
  const visible = options.moves.filter(({ ref }) => /^refs\/(?:heads|tags)\//.test(ref));
  // Process heads before bases: one push may move both, and a head that lands in the same push counts as merged.
  const moved = new Set(visible.map(({ ref }) => ref));
  for (const move of visible) await updatePullHeads(push, move, moved);
  for (const move of visible) await reportPush(push, move);
  for (const move of visible) await updatePullBases(push, move);
};
