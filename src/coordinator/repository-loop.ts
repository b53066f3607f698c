import { createWorkflowLinker, type WorkflowLinker } from "../core/workflow/workflow-linker.ts";
import { decide } from "../core/decisions/decide.ts";
import { isTriggerLabel } from "../core/events/read-issue.ts";
import type { Config } from "../core/domain/config.ts";
import { type Decision, DECISION_RULES, type Snapshot } from "../core/domain/decision.ts";
import type { Event } from "../core/domain/event.ts";
import type { Login, Millis } from "../core/domain/ids.ts";
import { keepLastingFacts } from "../core/domain/lasting-facts.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { Query, QueryFact, QueryFacts, RepositoryRefs } from "../core/domain/query.ts";

export type ActDecision = Extract<Decision, { kind: "act" }>;

export type LoadedState = {
  readonly ledger: Ledger;
  readonly refs: RepositoryRefs;
  readonly config: Config;
  readonly results: readonly Event[];
};
/**
 * The inputs of a write, complete enough to repeat its decision: `decide(events, { ...snapshot, ledger: parent })` returns the same ledger.
 */
export type DecisionInputs = {
  readonly events: readonly Event[];
  readonly snapshot: Omit<Snapshot, "ledger" | "facts"> & { readonly facts: readonly (readonly [string, unknown])[] };
};
export type SaveResult =
  | { readonly kind: "saved"; readonly loaded: LoadedState }
  | { readonly kind: "ledger-moved" }
  | { readonly kind: "refused"; readonly event: Event };
/** Facts that remain unreadable until `retryAt`. */
export type UnreadFacts = { readonly kind: "later"; readonly retryAt: Millis; readonly reason: string };

/** The loop's access to the outside for one repository. */
export type RepositoryPorts = {
  readonly botLogin: Login;
  readonly defaultBranch: string;
  /** See Snapshot.repositoryUrl. */
  readonly repositoryUrl: string;
  readonly graceMs: Millis;
  /** The longest time that outcomes may stay unsaved in memory, in milliseconds; 0 if the process exits when idle. */
  readonly keepOutcomesMs: Millis;
  /** See Snapshot.endsWhenIdle. */
  readonly endsWhenIdle?: true | undefined;
  /** See Snapshot.runners. */
  readonly runners?: number | undefined;
  /** See Snapshot.unsignedLedger. */
  readonly isLedgerSigned: boolean;
  readonly now: () => Millis;
  readonly load: () => Promise<LoadedState>;
  /** Commands since the ledger's cursor, as events, and the time up to which they are complete. Empty while GitHub does not answer. */
  readonly sweep: (loaded: LoadedState) => Promise<readonly Event[]>;
  readonly answerQueries: (queries: readonly Query[]) => Promise<QueryFacts | UnreadFacts>;
  readonly save: (act: ActDecision, before: LoadedState, inputs: DecisionInputs) => Promise<SaveResult>;
  /** `decidedAt`: effects that are performed much later are looked up first, because another process may have performed them. */
  readonly performEffects: (
    effects: ActDecision["effects"],
    again: ActDecision["repeated"],
    decidedAt: Millis,
  ) => Promise<readonly Event[]>;
  readonly log: (line: string) => void;
};

/** The limit of rounds in one call; a decision without an end is a bug. */
const MAX_DECISION_ROUNDS = 500;
/** Each conflict found requests another candidate, so there may be as many reads as steps. */
const MAX_FACT_READS = 10_000;
/** After this many consecutive lost saves, the cause is not a race but a locked ref or a missing answer. */
const MAX_LOST_SAVES = 20;

/** Kept between calls: unsaved outcomes, the state of the last load or save, and the workflows already read. */
type LoopState = {
  pending: readonly Event[];
  loaded: LoadedState | null;
  pendingSince: Millis | null;
  readonly linkWorkflow: WorkflowLinker;
};

/**
 * Opens the loop of one repository, one call at a time: load, decide, read facts, save in one push, perform; outcomes are events again.
 * A call ends when a decision requires nothing more, and returns the time of the next call, or null for never. Unsaved events are kept
 * for that call. With `sweep`, the call first lists comments that no webhook reported.
 */
export const openRepositoryLoop = (world: RepositoryPorts) => {
  const held: LoopState = { pending: [], loaded: null, pendingSince: null, linkWorkflow: createWorkflowLinker() };
  return async (events: readonly Event[], sweep = false): Promise<{ wakeAt: Millis | null }> => {
    held.pending = [...held.pending, ...events];
    held.loaded = null;
    await addListedEvents(world, held, { events, sweep });
    let facts = new Map<string, QueryFact>();
    let lost = 0;
    for (let round = 0; round < MAX_DECISION_ROUNDS; round += 1) {
      const next = await decideWithFacts(world, held, facts);
      if ("kind" in next) return { wakeAt: next.retryAt };
      const { act } = next;
      if (!(await saveIfRequired(world, held, next))) {
        facts = new Map();
        if ((lost += 1) >= MAX_LOST_SAVES) throw new Error(`the ledger could not be saved in ${MAX_LOST_SAVES} attempts`);
        continue;
      }
      lost = 0;
      if (act.mustSave) facts = keepLastingFacts(facts);
      if (act.effects.length > 0) {
        const performed = await world.performEffects(act.effects, act.repeated, next.inputs.snapshot.now);
        held.pending = [...held.pending, ...performed];
      }
      // GitHub moved a ref, so the state is loaded again before the next decision.
      if (act.effects.some(({ kind }) => kind === "merge-pull")) held.loaded = null;
      else if (!act.mustSave) return { wakeAt: goIdle(world, held, act) };
    }
    throw new Error(`the loop did not finish in ${MAX_DECISION_ROUNDS} rounds`);
  };
};

type LoopInput = { readonly events: readonly Event[]; readonly sweep: boolean };

/** Lists commands if a sweep is due or an event requires it. */
const addListedEvents = async (world: RepositoryPorts, held: LoopState, { events, sweep }: LoopInput): Promise<void> => {
  if (!sweep && !events.some(hasTrigger)) return;
  held.loaded = await world.load();
  if (sweep || needsIssueListing(events, held.loaded.config)) held.pending = [...held.pending, ...(await world.sweep(held.loaded))];
};

const hasTrigger = (event: Event): boolean => event.kind === "woken" && event.trigger !== undefined;

/** Whether someone set a label or an assignment that starts work; only a listing names the author. */
const needsIssueListing = (events: readonly Event[], { triggers }: Config): boolean =>
  events.some((event) => {
    if (event.kind !== "woken" || !event.trigger) return false;
    return event.trigger.kind === "assignment" || isTriggerLabel(event.trigger.name, triggers.label);
  });

type DecisionTurn = { readonly act: ActDecision; readonly inputs: DecisionInputs };

/** Keeps outcomes for the next write, or for a separate write after keepOutcomesMs; returns when to wake. */
const goIdle = (world: RepositoryPorts, held: LoopState, act: ActDecision): Millis | null => {
  held.pending = held.pending.filter((event) => event.kind === "performed");
  if (held.pending.length === 0) return act.wakeAt;
  held.pendingSince ??= world.now();
  const due = held.pendingSince + world.keepOutcomesMs;
  return act.wakeAt === null ? due : Math.min(act.wakeAt, due);
};

/** Whether outcomes have waited long enough and no effect remains. */
const trackSaveDue = (world: RepositoryPorts, held: LoopState, act: ActDecision): boolean => {
  if (act.effects.length > 0 || !held.pending.some((event) => event.kind === "performed")) return false;
  held.pendingSince ??= world.now();
  return world.now() >= held.pendingSince + world.keepOutcomesMs;
};

/** Repeats the decision until every requested fact is read. */
const decideWithFacts = async (
  world: RepositoryPorts,
  held: LoopState,
  facts: Map<string, QueryFact>,
): Promise<DecisionTurn | UnreadFacts> => {
  for (let read = 0; read < MAX_FACT_READS; read += 1) {
    const before = held.loaded ?? (held.loaded = await world.load());
    const events = [...held.pending, ...before.results];
    const { ledger, refs, config } = before;
    const { graceMs, botLogin, defaultBranch, repositoryUrl } = world;
    const unsigned = world.isLedgerSigned ? {} : { unsignedLedger: true as const };
    const ending = world.endsWhenIdle ? { endsWhenIdle: true as const } : {};
    const machine = world.runners === undefined ? {} : { runners: world.runners };
    const frame = {
      now: world.now(),
      rules: DECISION_RULES,
      graceMs,
      botLogin,
      defaultBranch,
      repositoryUrl,
      config,
      refs,
      ...unsigned,
      ...ending,
      ...machine,
    };
    const decision = decide(events, { ...frame, ledger, facts }, held.linkWorkflow);
    if (decision.kind === "act") return { act: decision, inputs: { events, snapshot: { ...frame, facts: [...facts] } } };
    const answers = await world.answerQueries(decision.queries);
    if ("kind" in answers) return answers;
    // A result published before its run was seen to end must be loaded too.
    if (decision.queries.some(({ kind }) => kind === "runs")) held.loaded = null;
    for (const [key, fact] of answers) facts.set(key, fact);
  }
  throw new Error(`a decision requested facts more than ${MAX_FACT_READS} times`);
};

/** Saves if required; false if the decision must be repeated. */
const saveIfRequired = async (world: RepositoryPorts, held: LoopState, { act, inputs }: DecisionTurn): Promise<boolean> => {
  if (!held.loaded || !(act.mustSave || trackSaveDue(world, held, act))) return true;
  const saved = await world.save(act, held.loaded, inputs);
  held.loaded = saved.kind === "saved" ? saved.loaded : null;
  switch (saved.kind) {
    case "saved":
      held.pending = [];
      held.pendingSince = null;
      for (const note of act.notes) world.log(note);
      return true;
    case "ledger-moved":
      return false;
    case "refused":
      held.pending = [...held.pending, saved.event];
      return false;
  }
};
