import type { GitHubPorts, GitHubReply } from "../github/github-ports.ts";
import { digestEffect, type Effect, type EffectKind, rankEffect, type EffectEnding, type EffectOutcome } from "../core/domain/effect.ts";
import type { Event } from "../core/domain/event.ts";
import { isSharedReplyKey } from "../core/domain/shared-reply.ts";
import type { BranchName, Login, Millis } from "../core/domain/ids.ts";
import type { WorkflowRunInfo } from "../core/domain/github-facts.ts";
import { findJobRun } from "../core/policy/run-origin.ts";
import type { NoticePort } from "./post-notice.ts";
import { requestReview } from "./request-review.ts";
import { readFirstLine, isOwnComment, upsertComment, postCloseReason } from "./upsert-comment.ts";

type EffectOfKind<K extends EffectKind> = Extract<Effect, { kind: K }>;

/**
 * `repeated`: keys of effects requested before, perhaps successfully, and therefore looked up first. Effects from `lookUpFrom` on are
 * looked up, too: the process was suspended so long that another process may have performed them.
 */
export type EffectContext = {
  readonly github: GitHubPorts;
  readonly botLogin: Login;
  readonly defaultBranch: BranchName;
  readonly repeated: ReadonlySet<string>;
  readonly lookUpFrom: Millis;
  readonly now: () => Millis;
  readonly postNotice: NoticePort;
};

/** Lists runs at most once per call, and only if a job may already have started. */
type EffectSession = Omit<EffectContext, "repeated"> & {
  readonly mayBeDone: (key: string) => boolean;
  readonly listRuns: () => Promise<GitHubReply<readonly WorkflowRunInfo[]>>;
};

/**
 * Performs effects one at a time, the most urgent first, each key once, and reports how each ended. Nothing is retried here: a failed
 * effect ends as `later` and is looked up when it is requested again. Never rejects because of GitHub.
 */
export const performEffects = async (effects: readonly Effect[], performing: EffectContext): Promise<readonly Event[]> => {
  let listed: Promise<GitHubReply<readonly WorkflowRunInfo[]>> | null = null;
  const { repeated, lookUpFrom, now, github } = performing;
  const session: EffectSession = {
    ...performing,
    mayBeDone: (key) => repeated.has(key) || now() >= lookUpFrom,
    listRuns: () => (now() >= lookUpFrom ? github.runs.list() : (listed ??= github.runs.list())),
  };
  const unique = new Map(effects.map((effect) => [effect.key, effect]));
  const events: Event[] = [];
  for (const effect of [...unique.values()].sort((a, b) => rankEffect(a.kind) - rankEffect(b.kind))) {
    const outcome = await performEffect(effect, session);
    events.push({ kind: "performed", at: now(), outcome });
  }
  return events;
};

const toEffectOutcome = <K extends EffectKind>(effect: EffectOfKind<K>, end: EffectEnding<K>): EffectOutcome => {
  // `unclear` is dropped: the lookup has been done here, so readers of the outcome need not act on it.
  const told = end.kind === "later" ? { kind: end.kind, retryAt: end.retryAt, reason: end.reason } : end;
  // K keeps the kinds of effect and ending equal, which the union type cannot express.
  return { kind: effect.kind, key: effect.key, digest: digestEffect(effect), ending: told } as EffectOutcome;
};

const toEffectEnding = (reply: GitHubReply<null>): EffectEnding<"react"> => (reply.ok ? { kind: "done", answer: null } : reply.failure);

const performEffect = async (effect: Effect, stage: EffectSession): Promise<EffectOutcome> => {
  const { github, botLogin, mayBeDone } = stage;
  switch (effect.kind) {
    case "start-job":
      return toEffectOutcome(effect, await performStartJob(effect, stage));
    case "stop-job":
      return toEffectOutcome(effect, toEffectEnding(await github.runs.stop(effect.run)));
    case "open-pull":
      return toEffectOutcome(effect, await performOpenPull(effect, stage));
    case "open-side-pull":
      return toEffectOutcome(effect, await performOpenPull(effect, stage));
    case "merge-pull":
      return toEffectOutcome(effect, await performMergePull(effect, stage));
    case "enqueue-pull":
      return toEffectOutcome(effect, await performEnqueuePull(effect, stage));
    case "dequeue-pull":
      return toEffectOutcome(effect, toEffectEnding(await github.queue.dequeue(effect.pull)));
    case "start-workflow":
      return toEffectOutcome(effect, toEffectEnding(await github.runs.startWorkflow(effect.workflow, effect.branch)));
    case "edit-pull":
      return toEffectOutcome(effect, toEffectEnding(await github.pulls.edit(effect.pull, effect.body)));
    case "close-pull":
      return toEffectOutcome(effect, await performClosePull(effect, stage));
    case "set-status":
      return toEffectOutcome(effect, toEffectEnding(await github.checks.setStatus(effect)));
    case "write-comment":
      return toEffectOutcome(
        effect,
        await upsertComment(effect, { issues: github.issues, botLogin }, mayBeDone(effect.key) || isSharedReplyKey(effect.key)),
      );
    case "request-review":
      return toEffectOutcome(effect, await requestReview(effect, github, mayBeDone(effect.key)));
    case "post-notice":
      return toEffectOutcome(effect, await stage.postNotice(effect));
    case "reply-review-comment":
      return toEffectOutcome(effect, await performReply(effect, stage));
    case "react":
      return toEffectOutcome(effect, toEffectEnding(await github.issues.react(effect.target, effect.reaction)));
    case "close-issue":
      return toEffectOutcome(effect, toEffectEnding(await github.issues.closeIssue(effect.issue)));
    case "open-issue":
      return toEffectOutcome(effect, await performOpenIssue(effect, stage));
    case "edit-issue":
      return toEffectOutcome(effect, toEffectEnding(await github.backlog.edit(effect)));
    case "close-backlog-issue":
      return toEffectOutcome(effect, toEffectEnding(await github.backlog.close(effect.issue, effect.reason)));
  }
};

const performStartJob = async (
  effect: EffectOfKind<"start-job">,
  { github, mayBeDone, listRuns, ...starter }: EffectSession,
): Promise<EffectEnding<"start-job">> => {
  if (mayBeDone(effect.key)) {
    const listed = await listRuns();
    if (!listed.ok) return listed.failure;
    const run = findJobRun(listed.value, effect.job, starter);
    if (run) return { kind: "done", answer: { run: run.id } };
  }
  const reply = await github.runs.startJob(effect.inputs);
  if (reply.ok) return { kind: "done", answer: reply.value };
  if (reply.failure.kind === "refused" || !reply.failure.unclear) return reply.failure;
  const listed = await github.runs.list();
  const run = listed.ok ? findJobRun(listed.value, effect.job, starter) : null;
  return run ? { kind: "done", answer: { run: run.id } } : reply.failure;
};

const performOpenPull = async (
  effect: EffectOfKind<"open-pull"> | EffectOfKind<"open-side-pull">,
  { github, mayBeDone }: EffectSession,
): Promise<EffectEnding<"open-pull">> => {
  if (mayBeDone(effect.key)) {
    const found = await github.pulls.find(effect.head, effect.baseBranch);
    if (!found.ok) return found.failure;
    if (found.value) return { kind: "done", answer: found.value };
  }
  const { head, baseBranch, title, body } = effect;
  const reply = await github.pulls.open({ head, base: baseBranch, title, body });
  return reply.ok ? { kind: "done", answer: reply.value } : reply.failure;
};

/** A lost answer may still have merged the pull request, so GitHub's list is checked before the request is repeated. */
const performMergePull = async (
  { key, pull, head, squashOrRebase }: EffectOfKind<"merge-pull">,
  { github, mayBeDone }: EffectSession,
): Promise<EffectEnding<"merge-pull">> => {
  const isMerged = async (): Promise<boolean> => {
    const listed = await github.pulls.list();
    return listed.ok && listed.value.some(({ number, state }) => number === pull && state === "merged");
  };
  const done: EffectEnding<"merge-pull"> = { kind: "done", answer: null };
  if (mayBeDone(key) && (await isMerged())) return done;
  const reply = await github.pulls.merge(pull, head, squashOrRebase);
  if (reply.ok) return done;
  const { failure } = reply;
  const mayBe = failure.kind === "later" ? failure.unclear : failure.code === "not-mergeable";
  return mayBe && (await isMerged()) ? done : failure;
};

/** An earlier request may have queued the pull request, and it may have merged since. */
const performEnqueuePull = async (
  { key, pull, head }: EffectOfKind<"enqueue-pull">,
  { github, mayBeDone }: EffectSession,
): Promise<EffectEnding<"enqueue-pull">> => {
  const isIn = async (): Promise<boolean> => {
    const found = await github.queue.entry(pull);
    return found.ok && (found.value.kind === "queued" || found.value.kind === "merged");
  };
  const done: EffectEnding<"enqueue-pull"> = { kind: "done", answer: null };
  if (mayBeDone(key) && (await isIn())) return done;
  const reply = await github.queue.enqueue(pull, head);
  if (reply.ok) return done;
  const mayBe = reply.failure.kind === "later" ? reply.failure.unclear : true;
  return mayBe && (await isIn()) ? done : reply.failure;
};

/** Recognizes an issue by the marker in its first line, which is invisible on GitHub. */
const performOpenIssue = async (
  { key, marker, title, body }: EffectOfKind<"open-issue">,
  { github, botLogin, mayBeDone }: EffectSession,
): Promise<EffectEnding<"open-issue">> => {
  const find = async (): Promise<EffectEnding<"open-issue"> | null> => {
    const found = await github.backlog.find(marker, botLogin);
    if (!found.ok) return found.failure;
    return found.value && { kind: "done", answer: found.value };
  };
  const before = mayBeDone(key) ? await find() : null;
  if (before) return before;
  const reply = await github.backlog.open({ title, body: `${marker}\n${body}` });
  if (reply.ok) return { kind: "done", answer: reply.value };
  const after = reply.failure.kind === "later" && reply.failure.unclear ? await find() : null;
  return after?.kind === "done" ? after : reply.failure;
};

/** Recognizes a reply by the marker in its first line, within its thread. */
const performReply = async (
  { key, pull, comment, marker, body }: EffectOfKind<"reply-review-comment">,
  { github, botLogin, mayBeDone }: EffectSession,
): Promise<EffectEnding<"reply-review-comment">> => {
  const find = async (): Promise<EffectEnding<"reply-review-comment"> | null> => {
    const listed = await github.pulls.lineComments(pull);
    if (!listed.ok) return listed.failure;
    const ours = listed.value.find(
      (each) => each.thread === comment && isOwnComment(each, botLogin) && readFirstLine(each.body) === marker,
    );
    return ours ? { kind: "done", answer: { comment: ours.id } } : null;
  };
  const before = mayBeDone(key) ? await find() : null;
  if (before) return before;
  const reply = await github.pulls.reply({ pull, comment, body: readFirstLine(body) === marker ? body : `${marker}\n${body}` });
  if (reply.ok) return { kind: "done", answer: reply.value };
  const after = reply.failure.kind === "later" && reply.failure.unclear ? await find() : null;
  return after?.kind === "done" ? after : reply.failure;
};

/** Posts the reason first: a pull request closed without one looks like an error. */
const performClosePull = async (
  { pull, comment }: EffectOfKind<"close-pull">,
  { github, botLogin }: EffectSession,
): Promise<EffectEnding<"close-pull">> => {
  const failure = await postCloseReason(pull, comment, { issues: github.issues, botLogin });
  if (failure?.kind === "later") return failure;
  return toEffectEnding(await github.pulls.close(pull));
};
