import type { GitHub, Reply } from "../github/ports.ts";
import { digestOf, type Effect, type EffectKind, effectRank, type Ending, type Outcome } from "../model/effect.ts";
import type { Event } from "../model/event.ts";
import type { Login, Millis } from "../model/ids.ts";
import type { Run } from "../model/query.ts";
import { firstLine, isOurs, say, sayWhy } from "./say.ts";

type Of<K extends EffectKind> = Extract<Effect, { kind: K }>;

/** `again`: keys of effects that somebody asked for before us, perhaps with success: they are looked up first. */
export type Performing = {
  readonly github: GitHub;
  readonly self: Login;
  readonly again: ReadonlySet<string>;
  readonly now: () => Millis;
};

/** Runs are listed once for all jobs of one call, and only when one of them may have been started before. */
type Stage = Performing & { readonly runs: () => Promise<Reply<readonly Run[]>> };

/**
 * Performs effects one at a time, the most urgent first, each key once, and tells how each ended.
 * Nothing is tried twice here: what failed ends as `later`, and is looked up when it is given again. Never rejects for what GitHub does.
 */
export const perform = async (effects: readonly Effect[], performing: Performing): Promise<readonly Event[]> => {
  let listed: Promise<Reply<readonly Run[]>> | null = null;
  const stage: Stage = { ...performing, runs: () => (listed ??= performing.github.runs.list()) };
  const unique = new Map(effects.map((effect) => [effect.key, effect]));
  const events: Event[] = [];
  for (const effect of [...unique.values()].sort((a, b) => effectRank(a.kind) - effectRank(b.kind))) {
    const told = await performOne(effect, stage);
    events.push({ kind: "performed", at: performing.now(), outcome: told });
  }
  return events;
};

const outcome = <K extends EffectKind>(effect: Of<K>, end: Ending<K>): Outcome => {
  // What is unclear was looked up here: whoever reads an outcome has nothing to do about it.
  const told = end.kind === "later" ? { kind: end.kind, at: end.at, why: end.why } : end;
  // The kinds of effect and ending agree by K, which the union's members cannot express.
  return { kind: effect.kind, key: effect.key, digest: digestOf(effect), end: told } as Outcome;
};

const ending = (reply: Reply<null>): Ending<"react"> => (reply.ok ? { kind: "done", known: null } : reply.failure);

const performOne = async (effect: Effect, stage: Stage): Promise<Outcome> => {
  const { github, self, again } = stage;
  switch (effect.kind) {
    case "start-job":
      return outcome(effect, await startJob(effect, stage));
    case "stop-job":
      return outcome(effect, ending(await github.runs.stop(effect.run)));
    case "open-pull":
      return outcome(effect, await openPull(effect, stage));
    case "open-side-pull":
      return outcome(effect, await openPull(effect, stage));
    case "merge-pull":
      return outcome(effect, await mergePull(effect, stage));
    case "enqueue-pull":
      return outcome(effect, await enqueuePull(effect, stage));
    case "dequeue-pull":
      return outcome(effect, ending(await github.queue.dequeue(effect.pull)));
    case "start-workflow":
      return outcome(effect, ending(await github.runs.startWorkflow(effect.workflow, effect.branch)));
    case "edit-pull":
      return outcome(effect, ending(await github.pulls.edit(effect.pull, effect.body)));
    case "close-pull":
      return outcome(effect, await closePull(effect, stage));
    case "set-status":
      return outcome(effect, ending(await github.checks.setStatus(effect)));
    case "say":
      return outcome(effect, await say(effect, { issues: github.issues, self }, again.has(effect.key)));
    case "reply-review-comment":
      return outcome(effect, await replyTo(effect, stage));
    case "react":
      return outcome(effect, ending(await github.issues.react(effect.on, effect.with)));
    case "close-issue":
      return outcome(effect, ending(await github.issues.closeIssue(effect.issue)));
    case "open-issue":
      return outcome(effect, await openIssue(effect, stage));
    case "edit-issue":
      return outcome(effect, ending(await github.backlog.edit(effect)));
    case "drop-issue":
      return outcome(effect, ending(await github.backlog.close(effect.issue, effect.reason)));
  }
};

/** The run of a job: the one that still goes on, else the newest. */
const runOf = (runs: readonly Run[], name: string): Run | undefined => {
  const named = runs.filter((run) => run.name === name).sort((a, b) => b.id - a.id);
  return named.find(({ state }) => state !== "done") ?? named[0];
};

const startJob = async (effect: Of<"start-job">, { github, again, runs }: Stage): Promise<Ending<"start-job">> => {
  if (again.has(effect.key)) {
    const listed = await runs();
    if (!listed.ok) return listed.failure;
    const run = runOf(listed.value, effect.job);
    if (run) return { kind: "done", known: { run: run.id } };
  }
  const reply = await github.runs.startJob(effect.inputs);
  if (reply.ok) return { kind: "done", known: reply.value };
  if (reply.failure.kind === "refused" || !reply.failure.unclear) return reply.failure;
  const listed = await github.runs.list();
  const run = listed.ok ? runOf(listed.value, effect.job) : undefined;
  return run ? { kind: "done", known: { run: run.id } } : reply.failure;
};

const openPull = async (effect: Of<"open-pull"> | Of<"open-side-pull">, { github, again }: Stage): Promise<Ending<"open-pull">> => {
  if (again.has(effect.key)) {
    const found = await github.pulls.find(effect.head, effect.base);
    if (!found.ok) return found.failure;
    if (found.value) return { kind: "done", known: found.value };
  }
  const { head, base, title, body } = effect;
  const reply = await github.pulls.open({ head, base, title, body });
  return reply.ok ? { kind: "done", known: reply.value } : reply.failure;
};

/** An answer that was lost may have merged: what GitHub lists is looked at before anybody asks again. */
const mergePull = async ({ key, pull, head, how }: Of<"merge-pull">, { github, again }: Stage): Promise<Ending<"merge-pull">> => {
  const isMerged = async (): Promise<boolean> => {
    const listed = await github.pulls.list();
    return listed.ok && listed.value.some(({ number, state }) => number === pull && state === "merged");
  };
  const done: Ending<"merge-pull"> = { kind: "done", known: null };
  if (again.has(key) && (await isMerged())) return done;
  const reply = await github.pulls.merge(pull, head, how);
  if (reply.ok) return done;
  const { failure } = reply;
  const mayBe = failure.kind === "later" ? failure.unclear : failure.code === "not-mergeable";
  return mayBe && (await isMerged()) ? done : failure;
};

/** Whoever asked before us may have put it there, and it may be merged since. */
const enqueuePull = async ({ key, pull, head }: Of<"enqueue-pull">, { github, again }: Stage): Promise<Ending<"enqueue-pull">> => {
  const isIn = async (): Promise<boolean> => {
    const found = await github.queue.entry(pull);
    return found.ok && (found.value.kind === "queued" || found.value.kind === "merged");
  };
  const done: Ending<"enqueue-pull"> = { kind: "done", known: null };
  if (again.has(key) && (await isIn())) return done;
  const reply = await github.queue.enqueue(pull, head);
  if (reply.ok) return done;
  const mayBe = reply.failure.kind === "later" ? reply.failure.unclear : true;
  return mayBe && (await isIn()) ? done : reply.failure;
};

/** Known again by the first line of its text, which nobody sees. */
const openIssue = async ({ key, marker, title, body }: Of<"open-issue">, { github, self, again }: Stage): Promise<Ending<"open-issue">> => {
  const find = async (): Promise<Ending<"open-issue"> | null> => {
    const found = await github.backlog.find(marker, self);
    if (!found.ok) return found.failure;
    return found.value && { kind: "done", known: found.value };
  };
  const before = again.has(key) ? await find() : null;
  if (before) return before;
  const reply = await github.backlog.open({ title, body: `${marker}\n${body}` });
  if (reply.ok) return { kind: "done", known: reply.value };
  const after = reply.failure.kind === "later" && reply.failure.unclear ? await find() : null;
  return after?.kind === "done" ? after : reply.failure;
};

/** Known again by the first line of its text, in the thread that it answers. */
const replyTo = async (
  { key, pull, comment, marker, body }: Of<"reply-review-comment">,
  { github, self, again }: Stage,
): Promise<Ending<"reply-review-comment">> => {
  const find = async (): Promise<Ending<"reply-review-comment"> | null> => {
    const listed = await github.pulls.lineComments(pull);
    if (!listed.ok) return listed.failure;
    const ours = listed.value.find((each) => each.thread === comment && isOurs(each, self) && firstLine(each.body) === marker);
    return ours ? { kind: "done", known: { comment: ours.id } } : null;
  };
  const before = again.has(key) ? await find() : null;
  if (before) return before;
  const reply = await github.pulls.reply({ pull, comment, body: firstLine(body) === marker ? body : `${marker}\n${body}` });
  if (reply.ok) return { kind: "done", known: reply.value };
  const after = reply.failure.kind === "later" && reply.failure.unclear ? await find() : null;
  return after?.kind === "done" ? after : reply.failure;
};

/** The reason first: a pull request that is closed without a word looks like a fault. */
const closePull = async ({ pull, comment }: Of<"close-pull">, { github, self }: Stage): Promise<Ending<"close-pull">> => {
  const failure = await sayWhy(pull, comment, { issues: github.issues, self });
  if (failure?.kind === "later") return failure;
  return ending(await github.pulls.close(pull));
};
