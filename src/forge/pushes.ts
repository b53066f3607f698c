import type { Refs } from "./bare.ts";
import { happen } from "./happen.ts";
import { closePull, isPull, markMerged, tellPull } from "./pull-events.ts";
import { pageUrl } from "./addresses.ts";
import type { PullIssue } from "./pull-shapes.ts";
import type { Actor, Forge, Repository } from "./state.ts";
import { moveThreads } from "./threads.ts";

const ZERO = "0".repeat(40);
const SHORT = 12;

/** A ref that moved; null for not there. */
export type Move = { readonly ref: string; readonly from: string | null; readonly to: string | null };

export const movesBetween = (before: Refs, after: Refs): Move[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .map((ref) => ({ ref, from: before.get(ref) ?? null, to: after.get(ref) ?? null }))
    .filter(({ from, to }) => from !== to);

type Pushed = { readonly forge: Forge; readonly repository: Repository; readonly actor: Actor };

const short = (ref: string): string => ref.replace(/^refs\/(?:heads|tags)\//, "");

const openPulls = ({ repository }: Pushed): PullIssue[] =>
  [...repository.issues.values()].filter(isPull).filter(({ state }) => state === "open");

const commitsOf = async ({ forge, repository }: Pushed, move: Move): Promise<unknown[]> => {
  if (move.to === null) return [];
  const range = move.from === null ? ["--max-count=1", move.to] : [`${move.from}..${move.to}`];
  return (await repository.bare.log(range)).map(({ sha, tree, message, author, committer, added, modified, removed }) => ({
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

const tellCreation = ({ forge, repository, actor }: Pushed, { ref, from }: Move): void => {
  const payload = {
    ref: short(ref),
    ref_type: ref.startsWith("refs/tags/") ? "tag" : "branch",
    ...(from === null && { master_branch: repository.defaultBranch, description: null }),
    pusher_type: "user",
  };
  happen(forge, repository, { event: from === null ? "create" : "delete", payload, actor });
};

/** The push itself, and where a ref came or went, that. Refs other than branches and tags raise nothing. */
const tellPush = async (pushed: Pushed, move: Move): Promise<void> => {
  const { forge, repository, actor } = pushed;
  const { ref, from, to } = move;
  const { bare } = repository;
  const [before, after] = [from ?? ZERO, to ?? ZERO];
  const commits = await commitsOf(pushed, move);
  const forward = from === null || to === null || (await bare.isAncestor(from, to));
  const paths = from !== null && to !== null ? await bare.changed(from, to) : null;
  if (from === null || to === null) tellCreation(pushed, move);
  const payload = {
    ref,
    before,
    after,
    created: from === null,
    deleted: to === null,
    forced: !forward,
    base_ref: null,
    compare: `${pageUrl(forge, repository)}/compare/${before.slice(0, SHORT)}...${after.slice(0, SHORT)}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    pusher: { name: actor.account.login, email: `${actor.account.login}@users.noreply.github.com` },
  };
  const title = to === null ? "" : ((await bare.message(to)).split("\n")[0] ?? "");
  const place = (): Promise<{ ref: string; sha: string } | null> => Promise.resolve(to === null ? null : { ref, sha: to });
  happen(forge, repository, { event: "push", payload, actor, place, ref, paths, title });
};

const isLanded = async ({ repository }: Pushed, { pull }: PullIssue): Promise<string | null> => {
  const base = await repository.bare.ref(`refs/heads/${pull.baseRef}`);
  return base !== null && (await repository.bare.isAncestor(pull.head, base)) ? base : null;
};

/** The head moved: the pull request follows it, or is closed with it, unless it landed. */
const follow = async (pushed: Pushed, move: Move): Promise<void> => {
  const { forge, repository, actor } = pushed;
  for (const issue of openPulls(pushed).filter(({ pull }) => `refs/heads/${pull.headRef}` === move.ref)) {
    if (move.to !== null) {
      const before = issue.pull.head;
      issue.pull.head = move.to;
      issue.pull.size = await repository.bare.size(issue.pull.baseSha, move.to);
      issue.updated = forge.now();
      await repository.bare.point(`refs/pull/${issue.number}/head`, move.to);
      await moveThreads(repository, issue, { base: issue.pull.baseSha, head: before });
      tellPull(forge, repository, { issue, action: "synchronize", actor, more: { before, after: move.to } });
    } else if ((await isLanded(pushed, issue)) === null) closePull(forge, repository, { issue, actor });
  }
};

/** A moment later GitHub sees that a head is in its base. */
const markLater = async (pushed: Pushed, issue: PullIssue): Promise<void> => {
  const { forge, repository, actor } = pushed;
  const { head } = issue.pull;
  if ((await isLanded(pushed, issue)) === null) return;
  forge.work.later(forge.lag.merged, () =>
    repository.bare.alone(async () => {
      if (issue.state !== "open" || issue.pull.head !== head) return;
      const base = await isLanded(pushed, issue);
      if (base !== null) markMerged(forge, repository, { issue, actor, commit: await repository.bare.broughtIn(head, base) });
    }),
  );
};

const settleBase = async (pushed: Pushed, move: Move): Promise<void> => {
  const { forge, repository, actor } = pushed;
  for (const issue of openPulls(pushed).filter(({ pull }) => `refs/heads/${pull.baseRef}` === move.ref)) {
    if (move.to === null) closePull(forge, repository, { issue, actor });
    else {
      const before = { base: issue.pull.baseSha, head: issue.pull.head };
      issue.pull.baseSha = move.to;
      await moveThreads(repository, issue, before);
      await markLater(pushed, issue);
    }
  }
};

/** What follows from moved refs: pull requests follow their branches, Apps are told, workflows start. The caller is alone with the repository. */
export const pushed = async (forge: Forge, repository: Repository, of: { actor: Actor; moves: readonly Move[] }): Promise<void> => {
  const push: Pushed = { forge, repository, actor: of.actor };
  repository.pushed = forge.now();
  const visible = of.moves.filter(({ ref }) => /^refs\/(?:heads|tags)\//.test(ref));
  // A base may come from the same push as its heads: heads first, so that a landing with its head is a landing.
  for (const move of visible) await follow(push, move);
  for (const move of visible) await tellPush(push, move);
  for (const move of visible) await settleBase(push, move);
};
