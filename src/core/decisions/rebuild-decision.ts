import { createHash } from "node:crypto";
import type { PersonCommand } from "../domain/command.ts";
import { digestEffect, type Effect } from "../domain/effect.ts";
import type { Event } from "../domain/event.ts";
import type { Execution } from "../domain/execution.ts";
import { type BranchName, type ExecutionId, hashValue, type Millis, readTaskId, type Sha, type StepId, toTaskId } from "../domain/ids.ts";
import { emptyLedger, type Ledger, type EffectRecord } from "../domain/ledger.ts";
import { DEFAULT_TIER, type Plan } from "../domain/plan.ts";
import { emptyQueue } from "../domain/queue.ts";
import { readTaskRef } from "../domain/refs.ts";
import type { Refusal } from "../domain/refusal.ts";
import { createStep, type Step } from "../domain/step.ts";
import { readCommentEnd } from "../messages/execution-comment.ts";
import { isTextOfStep, renderLostPull } from "../messages/lost-pull.ts";
import { refuseLostExecution } from "../messages/lost-execution.ts";
import { readMarker, writeMarker } from "../messages/comment-marker.ts";
import { toPullEditKey } from "./pull-texts.ts";

type RecoveredCommand = Extract<Event, { kind: "commanded" }>;

/** A merge by which a step landed, read from its trailers. */
export type LandedMerge = {
  readonly baseBranch: BranchName;
  readonly commit: Sha;
  readonly at: Millis;
  readonly title: string;
  readonly task: string;
  readonly head: Sha;
};
/** A comment by Enki. */
type OwnComment = {
  readonly id: number;
  readonly issue: number;
  readonly onPull: boolean;
  readonly body: string;
  readonly updated: Millis;
};

/** An open pull request by Enki. */
type OwnPull = { readonly number: number; readonly body: string };

/** Everything that shows what executions did when the ledger is gone. */
export type RebuildEvidence = {
  readonly landings: readonly LandedMerge[];
  readonly refs: readonly string[];
  readonly ownComments: readonly OwnComment[];
  readonly ownPulls: readonly OwnPull[];
  readonly commands: readonly RecoveredCommand[];
  readonly baseBranch: BranchName;
  readonly now: Millis;
};

/**
 * A ledger rebuilt from the traces of executions: merges with their trailers, task branches, and comments. Landed work is known as landed.
 * Unfinished executions cannot continue without their plan: they are cancelled and reported as lost once.
 */
export const rebuildFromEvidence = (evidence: RebuildEvidence): Ledger => {
  const told = new Map(evidence.ownComments.flatMap((each) => readExecutionMarker(each)));
  const asked = evidence.commands.map((event) => ({ event, hash: createHash("sha256").update(event.id).digest("hex") }));
  // An execution's id is a prefix of the hash of the event that requested it.
  const askedFor = (id: ExecutionId): RecoveredCommand | null => asked.find((each) => each.hash.startsWith(id))?.event ?? null;
  const known = [...told].map(([id, said]) => rebuildExecution(evidence, { id, ownComment: said, command: askedFor(id) }));
  const last = Math.max(0, ...evidence.ownComments.map(({ updated }) => updated));
  const begun = new Set([...told.keys()].map((id) => askedFor(id)));
  return {
    ...emptyLedger,
    cursor: last,
    // Events before Enki's last comment count as handled, as far as that can be known.
    handledEvents: Object.fromEntries(
      evidence.commands.flatMap((each) => (each.at <= last || begun.has(each) || isAboutLostWork(each) ? [[each.id, each.at]] : [])),
    ),
    executions: Object.fromEntries(known.map(({ execution }) => [execution.id, execution])),
    plans: Object.fromEntries(known.flatMap(({ execution, plan }) => (execution.plan === null ? [] : [[execution.plan, plan]]))),
    queues: rebuildQueues(evidence.landings),
    outbox: Object.fromEntries(known.flatMap(({ outbox }) => outbox.map((effect) => [effect.key, effect]))),
    effectRecords: Object.fromEntries(known.flatMap(({ effectRecords }) => effectRecords)),
  };
};

/** Commands that mean something without earlier work. */
const INDEPENDENT_COMMANDS: ReadonlySet<PersonCommand["kind"]> = new Set(["do", "plan", "run", "quick", "ask", "land", "status", "help"]);

/** Whether a comment only concerns work that the lost ledger held: Enki reports that work as lost and does not answer the comment again. */
const isAboutLostWork = ({ requests }: RecoveredCommand): boolean =>
  requests.length > 0 && requests.every((request) => request.ok && !INDEPENDENT_COMMANDS.has(request.command.kind));

const readExecutionMarker = (said: OwnComment): [ExecutionId, OwnComment][] => {
  const marker = readMarker(said.body);
  return marker?.kind === "execution" ? [[marker.id, said]] : [];
};

/** Queues with the last landed commit of each base, so that a rewound base is noticed. */
const rebuildQueues = (landings: readonly LandedMerge[]): Ledger["queues"] =>
  Object.fromEntries(landings.map(({ baseBranch, commit }) => [baseBranch, { ...emptyQueue, landedTip: commit }]));

type RebuiltExecution = {
  readonly execution: Execution;
  readonly plan: Plan;
  readonly outbox: readonly Effect[];
  readonly effectRecords: readonly (readonly [string, EffectRecord])[];
};

type ExecutionEvidence = { readonly id: ExecutionId; readonly ownComment: OwnComment; readonly command: RecoveredCommand | null };

const rebuildExecution = (evidence: RebuildEvidence, of: ExecutionEvidence): RebuiltExecution => {
  const landings = evidence.landings.filter(({ task }) => readTaskId(task)?.execution === of.id);
  const done = new Set(landings.map(({ task }) => task));
  const branches = evidence.refs.flatMap((ref) => {
    const task = readTaskRef(ref) ?? "";
    const id = readTaskId(task);
    return id?.execution === of.id && !done.has(task) ? [id.step] : [];
  });
  const end = readCommentEnd(of.ownComment.body);
  const lost = createLostRefusal(of.id, branches);
  const plan = rebuildPlan(landings, branches);
  const execution: Execution = {
    ...rebuildRequest(evidence, of),
    baseBranch: landings[0]?.baseBranch ?? evidence.baseBranch,
    state: end ?? "cancelled",
    refusal: end === null ? lost : null,
    plan: plan.steps.length > 0 ? hashValue(plan) : null,
    steps: rebuildSteps(landings, branches, lost),
  };
  return {
    execution,
    plan,
    outbox: end === null ? [createLostNotice(execution, lost), ...editLostPulls(evidence, execution, branches)] : [],
    effectRecords: rebuildEffectRecords(evidence.now, execution, of.ownComment),
  };
};

const rebuildRequest = (
  { now }: RebuildEvidence,
  { id, ownComment, command }: ExecutionEvidence,
): Omit<Execution, "baseBranch" | "state" | "refusal" | "plan" | "steps"> => ({
  id,
  issue: ownComment.issue,
  onPullRequest: ownComment.onPull,
  requestedBy: command?.by ?? "ghost",
  request: command?.requests.map((each) => (each.ok ? toRequestText(each.command) : "")).find((words) => words !== "") ?? "",
  createdAt: command?.at ?? now,
  planOnly: false,
  planning: { attempt: 0, faults: 0, notBefore: 0, deadline: null },
  approved: null,
  amendment: null,
  spent: 0,
  // What an undo reverted is lost with the ledger; a later undo still skips it.
  ...(isUndo(command) && { undoes: {} }),
});

const isUndo = (command: RecoveredCommand | null): boolean =>
  command?.requests.some((each) => each.ok && each.command.kind === "undo") === true;

/** The request in a command that creates an execution. */
const toRequestText = (command: PersonCommand): string => {
  if (command.kind === "do" || command.kind === "plan") return command.text || "Fix this issue";
  if (command.kind === "quick") return command.prompt;
  if (command.kind === "ask") return command.question;
  if (command.kind === "undo") return `Undo ${command.target ?? "the newest request"}`;
  return command.kind === "run" ? `${command.workflow} ${command.args}`.trimEnd() : "";
};

const createLostRefusal = (id: ExecutionId, branches: readonly StepId[]): Refusal =>
  refuseLostExecution(branches.map((step) => `task/${id}-${step}`));

const rebuildSteps = (landings: readonly LandedMerge[], branches: readonly StepId[], lost: Refusal): Record<StepId, Step> => {
  const steps: Record<StepId, Step> = {};
  for (const { task, commit, head, at } of landings) {
    const step = readTaskId(task)?.step ?? "";
    steps[step] = { ...createStep(step), state: "done", attempt: 1, head: { sha: head, since: at, by: "worker" }, landed: { commit, at } };
  }
  for (const step of branches) steps[step] = { ...createStep(step), state: "cancelled", refusal: lost };
  return steps;
};

/** A plan that contains only the names of the known steps. */
const rebuildPlan = (landings: readonly LandedMerge[], branches: readonly StepId[]): Plan => {
  const titles = new Map([
    ...landings.map(({ task, title }) => [readTaskId(task)?.step ?? "", title] as const),
    ...branches.map((step) => [step, step] as const),
  ]);
  const rest = { description: "", tier: DEFAULT_TIER, role: null, output: "branch" as const, needs: [] };
  return {
    steps: [...titles].map(([id, title]) => ({ id, title, ...rest, checkpoint: false, paths: [], verify: [], optional: false, run: null })),
  };
};

/** Posts a new comment about the loss, once: editing the execution's comment would notify no one. */
const createLostNotice = ({ id, issue }: Execution, why: Refusal): Effect => {
  const marker = writeMarker({ kind: "reply", id: `lost${id}` });
  const body = [
    marker,
    `Execution \`${id}\` is lost. ${why.message}`,
    "To have the rest done, ask again:",
    `\`\`\`\n${why.next}\n\`\`\``,
  ].join("\n\n");
  return { kind: "write-comment", key: `write-comment:reply/lost${id}`, issue, marker, body, comment: null };
};

/** Pull requests of work that has not landed say that nothing lands it any longer. */
const editLostPulls = ({ ownPulls }: RebuildEvidence, { id, issue }: Execution, branches: readonly StepId[]): readonly Effect[] =>
  branches.flatMap((step): Effect[] => {
    const lost = { execution: id, step, issue };
    const own = ownPulls.find(({ body }) => isTextOfStep(body, lost));
    const key = toPullEditKey(toTaskId(id, step), { landing: "exact", state: "lost" });
    return own ? [{ kind: "edit-pull", key, pull: own.number, body: renderLostPull(own.body, lost) }] : [];
  });

/** The effect records of an execution's comment: a finished execution's text stays, a lost one's comment is edited. */
const rebuildEffectRecords = (now: Millis, { id, issue, state, refusal }: Execution, said: OwnComment): [string, EffectRecord][] => {
  const trace = { at: now, attempts: 1, notBefore: 0, refused: null, number: null };
  if (refusal) return [[`write-comment:execution/${id}`, { ...trace, number: said.id, digest: null }]];
  const close: Effect = { kind: "close-issue", key: `close-issue:${id}`, issue };
  const closed: [string, EffectRecord][] = state === "done" ? [[close.key, { ...trace, digest: digestEffect(close) }]] : [];
  return [[`write-comment:execution/${id}`, { ...trace, digest: hashValue(said.body).slice(0, 16) }], ...closed];
};
