import { createHash } from "node:crypto";
import type { Command } from "../model/command.ts";
import { digestOf, type Effect } from "../model/effect.ts";
import type { Event } from "../model/event.ts";
import type { Execution } from "../model/execution.ts";
import { type Base, type ExecutionId, hash, type Millis, readTaskId, type Sha, type StepId } from "../model/ids.ts";
import { emptyLedger, type Ledger, type Trace } from "../model/ledger.ts";
import { DEFAULT_TIER, type Plan } from "../model/plan.ts";
import { emptyQueue } from "../model/queue.ts";
import { readTaskRef } from "../model/refs.ts";
import { type Refusal, refuse } from "../model/refusal.ts";
import { newStep, type Step } from "../model/step.ts";
import { toldEnd } from "../render/execution-comment.ts";
import { lostWords } from "../render/lost.ts";
import { readMarker, writeMarker } from "../render/marker.ts";

type Commanded = Extract<Event, { kind: "commanded" }>;

/** A merge by which a step landed, as its trailers tell. */
export type Landing = {
  readonly base: Base;
  readonly commit: Sha;
  readonly at: Millis;
  readonly title: string;
  readonly task: string;
  readonly head: Sha;
};
/** One of our own comments. */
type Said = {
  readonly id: number;
  readonly issue: number;
  readonly onPull: boolean;
  readonly body: string;
  readonly updated: Millis;
};

/** All that tells of executions where there is no ledger. */
export type Evidence = {
  /** Oldest first. */
  readonly landings: readonly Landing[];
  /** Names of all refs. */
  readonly refs: readonly string[];
  readonly said: readonly Said[];
  readonly commands: readonly Commanded[];
  readonly base: Base;
  readonly now: Millis;
};

/**
 * A ledger from what its executions left: merges with their trailers, task branches, and the comment of each execution.
 * What landed is known as landed. What was under way cannot go on, since nobody knows its plan: it is given up, and said to be lost once.
 */
export const rebuilt = (evidence: Evidence): Ledger => {
  const told = new Map(evidence.said.flatMap((each) => markedFor(each)));
  const asked = evidence.commands.map((event) => ({ event, hash: createHash("sha256").update(event.id).digest("hex") }));
  // An execution's id is the beginning of the hash of the event that asked for it.
  const askedFor = (id: ExecutionId): Commanded | null => asked.find((each) => each.hash.startsWith(id))?.event ?? null;
  const known = [...told].map(([id, said]) => rebuildOne(evidence, { id, said, asked: askedFor(id) }));
  const last = Math.max(0, ...evidence.said.map(({ updated }) => updated));
  const begun = new Set([...told.keys()].map((id) => askedFor(id)));
  return {
    ...emptyLedger,
    cursor: last,
    // What came before our last words was taken in, as far as anybody can tell.
    handled: Object.fromEntries(evidence.commands.flatMap((each) => (each.at <= last || begun.has(each) ? [[each.id, each.at]] : []))),
    executions: Object.fromEntries(known.map(({ execution }) => [execution.id, execution])),
    plans: Object.fromEntries(known.flatMap(({ execution, plan }) => (execution.plan === null ? [] : [[execution.plan, plan]]))),
    queues: queuesOf(evidence.landings),
    outbox: Object.fromEntries(known.flatMap(({ outbox }) => outbox.map((effect) => [effect.key, effect]))),
    traces: Object.fromEntries(known.flatMap(({ traces }) => traces)),
  };
};

const markedFor = (said: Said): [ExecutionId, Said][] => {
  const marker = readMarker(said.body);
  return marker?.kind === "execution" ? [[marker.id, said]] : [];
};

/** What landed last on a base is known, so that a base that is rewound now is noticed. */
const queuesOf = (landings: readonly Landing[]): Ledger["queues"] =>
  Object.fromEntries(landings.map(({ base, commit }) => [base, { ...emptyQueue, landed: commit }]));

type Rebuilt = {
  readonly execution: Execution;
  readonly plan: Plan;
  readonly outbox: readonly Effect[];
  readonly traces: readonly (readonly [string, Trace])[];
};

type Of = { readonly id: ExecutionId; readonly said: Said; readonly asked: Commanded | null };

const rebuildOne = (evidence: Evidence, of: Of): Rebuilt => {
  const landings = evidence.landings.filter(({ task }) => readTaskId(task)?.execution === of.id);
  const done = new Set(landings.map(({ task }) => task));
  const branches = evidence.refs.flatMap((ref) => {
    const task = readTaskRef(ref) ?? "";
    const id = readTaskId(task);
    return id?.execution === of.id && !done.has(task) ? [id.step] : [];
  });
  const end = toldEnd(of.said.body);
  const why = end === null ? lost(of.id, branches) : null;
  const plan = planOf(landings, branches);
  const execution: Execution = {
    ...whatWasAsked(evidence, of),
    base: landings[0]?.base ?? evidence.base,
    state: end ?? "cancelled",
    why,
    plan: plan.steps.length > 0 ? hash(plan) : null,
    steps: stepsOf(landings, { branches, why }),
  };
  return { execution, plan, outbox: why ? [tellLost(execution, why)] : [], traces: tracesOf(evidence.now, execution, of.said) };
};

const whatWasAsked = ({ now }: Evidence, { id, said, asked }: Of): Omit<Execution, "base" | "state" | "why" | "plan" | "steps"> => ({
  id,
  issue: said.issue,
  onPull: said.onPull,
  by: asked?.by ?? "ghost",
  request: asked?.requests.map((each) => (each.ok ? wordsOf(each.command) : "")).find((words) => words !== "") ?? "",
  created: asked?.at ?? now,
  planOnly: false,
  planning: { attempt: 0, faults: 0, notBefore: 0, until: null },
  approved: null,
  adding: null,
  spent: 0,
});

/** What a command asks for, where it asks for an execution. */
const wordsOf = (command: Command): string => {
  if (command.kind === "do" || command.kind === "plan") return command.text || "Fix this issue";
  if (command.kind === "quick") return command.prompt;
  return command.kind === "run" ? `${command.workflow} ${command.args}`.trimEnd() : "";
};

const lost = (id: ExecutionId, branches: readonly StepId[]): Refusal =>
  refuse("ledger-lost", lostWords(branches.map((step) => `task/${id}-${step}`)), "/enki fix <what is left to do>").refusal;

const stepsOf = (
  landings: readonly Landing[],
  { branches, why }: { branches: readonly StepId[]; why: Refusal | null },
): Record<StepId, Step> => {
  const steps: Record<StepId, Step> = {};
  for (const { task, commit, head, at } of landings) {
    const step = readTaskId(task)?.step ?? "";
    steps[step] = { ...newStep(step), state: "done", attempt: 1, head: { sha: head, since: at, by: "worker" }, landed: { commit, at } };
  }
  for (const step of branches) steps[step] = { ...newStep(step), state: "cancelled", why };
  return steps;
};

/** A plan that says no more than what is known: which steps there were. */
const planOf = (landings: readonly Landing[], branches: readonly StepId[]): Plan => {
  const titles = new Map([
    ...landings.map(({ task, title }) => [readTaskId(task)?.step ?? "", title] as const),
    ...branches.map((step) => [step, step] as const),
  ]);
  const rest = { description: "", tier: DEFAULT_TIER, role: null, output: "branch" as const, needs: [] };
  return {
    steps: [...titles].map(([id, title]) => ({ id, title, ...rest, checkpoint: false, paths: [], verify: [], optional: false, run: null })),
  };
};

/** Its own comment is edited, which nobody is told of: so it is said in a new one too, once. */
const tellLost = ({ id, issue }: Execution, why: Refusal): Effect => {
  const marker = writeMarker({ kind: "reply", id: `lost${id}` });
  const body = [marker, `Execution \`${id}\` is lost. ${why.why}`, "To have the rest done, ask again:", `\`\`\`\n${why.next}\n\`\`\``].join(
    "\n\n",
  );
  return { kind: "say", key: `say:reply/lost${id}`, issue, marker, body, comment: null };
};

/** What was said to the end stays as it was said; what is lost is told in the comment that is there. */
const tracesOf = (now: Millis, { id, issue, state, why }: Execution, said: Said): [string, Trace][] => {
  const trace = { at: now, tries: 1, notBefore: 0, refused: null, known: null };
  if (why) return [[`say:execution/${id}`, { ...trace, known: said.id, digest: null }]];
  const close: Effect = { kind: "close-issue", key: `close-issue:${id}`, issue };
  const closed: [string, Trace][] = state === "done" ? [[close.key, { ...trace, digest: digestOf(close) }]] : [];
  return [[`say:execution/${id}`, { ...trace, digest: hash(said.body).slice(0, 16) }], ...closed];
};
