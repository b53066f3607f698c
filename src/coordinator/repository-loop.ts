import { createWorkflowLinker, type WorkflowLinker } from "../core/workflow/workflow-linker.ts";
import { decide } from "../core/decisions/decide.ts";
import { isTriggerLabel } from "../core/events/read-issue.ts";
import type { Config } from "../core/domain/config.ts";
import type { Decision, Snapshot } from "../core/domain/decision.ts";
import type { Event } from "../core/domain/event.ts";
import type { Login, Millis } from "../core/domain/ids.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { QueryFacts, Query, QueryKind, RepositoryRefs } from "../core/domain/query.ts";

type ActDecision = Extract<Decision, { kind: "act" }>;

export type LoadedState = {
  readonly ledger: Ledger;
  readonly refs: RepositoryRefs;
  readonly config: Config;
  readonly results: readonly Event[];
};
/** What led to a write, so that it can be decided again: `decide(events, { ...snapshot, ledger: parent })` gives the same ledger. */
export type DecisionInputs = {
  readonly events: readonly Event[];
  readonly snapshot: Omit<Snapshot, "ledger" | "facts"> & { readonly facts: readonly (readonly [string, unknown])[] };
};
export type SaveResult =
  | { readonly kind: "saved"; readonly loaded: LoadedState }
  | { readonly kind: "ledger-moved" }
  | { readonly kind: "refused"; readonly event: Event };
/** Facts that could not be read: not before this time. */
export type UnreadFacts = { readonly kind: "later"; readonly retryAt: Millis; readonly reason: string };

/** Everything that deciding needs of the world, for one repository. */
export type RepositoryPorts = {
  readonly botLogin: Login;
  readonly defaultBranch: string;
  readonly graceMs: Millis;
  /** How long outcomes may stay unsaved in memory, in milliseconds; 0 where the process ends when it comes to rest. */
  readonly keepOutcomesMs: Millis;
  readonly now: () => Millis;
  readonly load: () => Promise<LoadedState>;
  /** What people asked for since the ledger's cursor, as events, and how far they reach. Nothing where GitHub does not answer now. */
  readonly sweep: (loaded: LoadedState) => Promise<readonly Event[]>;
  readonly answerQueries: (queries: readonly Query[]) => Promise<QueryFacts | UnreadFacts>;
  readonly save: (act: ActDecision, before: LoadedState, inputs: DecisionInputs) => Promise<SaveResult>;
  readonly performEffects: (effects: ActDecision["effects"], again: ActDecision["repeated"]) => Promise<readonly Event[]>;
  readonly log: (line: string) => void;
};

/** Bounds of one call: a decision that never comes to rest is a bug, and is told as one. */
const MAX_DECISION_ROUNDS = 500;
/** Each conflict that is found asks for the next candidate: as many as there may be steps. */
const MAX_FACT_READS = 10_000;
/** Saves lost in a row before it is no race any more: a ref that is locked, or an answer that never comes. */
const MAX_LOST_SAVES = 20;

/** Kept between calls: outcomes that are not saved yet, the state that was loaded or saved last, and workflows that were read. */
type LoopState = {
  pending: readonly Event[];
  loaded: LoadedState | null;
  pendingSince: Millis | null;
  readonly linkWorkflow: WorkflowLinker;
};

/**
 * The loop for one repository, one call at a time: load, decide, read what it needs, save in one push, perform; outcomes are events again.
 * Ends when a decision gives nothing. What was learned and not saved is kept for the next call. Gives the time to call again; null for never.
 * With `sweep`, comments that no webhook told are listed first.
 */
export const openRepositoryLoop = (world: RepositoryPorts) => {
  const held: LoopState = { pending: [], loaded: null, pendingSince: null, linkWorkflow: createWorkflowLinker() };
  return async (events: readonly Event[], sweep = false): Promise<{ wakeAt: Millis | null }> => {
    held.pending = [...held.pending, ...events];
    held.loaded = null;
    await addListedEvents(world, held, { events, sweep });
    let facts = new Map<string, unknown>();
    let lost = 0;
    for (let round = 0; round < MAX_DECISION_ROUNDS; round += 1) {
      const next = await decideWithFacts(world, held, facts);
      if ("kind" in next) return { wakeAt: next.retryAt };
      const { act } = next;
      if (!(await saveIfRequired(world, held, next))) {
        facts = new Map();
        if ((lost += 1) >= MAX_LOST_SAVES) throw new Error(`the ledger could not be saved in ${MAX_LOST_SAVES} tries`);
        continue;
      }
      lost = 0;
      // What GitHub told before a save is not what it would tell now; what git computed from commits stays true.
      if (act.mustSave) facts = keepCommitFacts(facts);
      if (act.effects.length > 0) held.pending = [...held.pending, ...(await world.performEffects(act.effects, act.repeated))];
      // GitHub moved a ref: it is read before anything is decided on it.
      if (act.effects.some(({ kind }) => kind === "merge-pull")) held.loaded = null;
      else if (!act.mustSave) return { wakeAt: goIdle(world, held, act) };
    }
    throw new Error("a decision that does not come to rest");
  };
};

type LoopInput = { readonly events: readonly Event[]; readonly sweep: boolean };

/** Lists what people asked for, where it is time, or where an event says that there is something. */
const addListedEvents = async (world: RepositoryPorts, held: LoopState, { events, sweep }: LoopInput): Promise<void> => {
  if (!sweep && !events.some(hasTrigger)) return;
  held.loaded = await world.load();
  if (sweep || needsIssueListing(events, held.loaded.config)) held.pending = [...held.pending, ...(await world.sweep(held.loaded))];
};

const hasTrigger = (event: Event): boolean => event.kind === "woken" && event.trigger !== undefined;

/** True where somebody made a change to an issue that starts it: only a listing says who. */
const needsIssueListing = (events: readonly Event[], { triggers }: Config): boolean =>
  events.some((event) => {
    if (event.kind !== "woken" || !event.trigger) return false;
    return event.trigger.kind === "assignment" || isTriggerLabel(event.trigger.name, triggers.label);
  });

type DecisionTurn = { readonly act: ActDecision; readonly inputs: DecisionInputs };

/** At rest: keeps outcomes for the next write, or for a write of their own after a while. */
const goIdle = (world: RepositoryPorts, held: LoopState, act: ActDecision): Millis | null => {
  held.pending = held.pending.filter((event) => event.kind === "performed");
  if (held.pending.length === 0) return act.wakeAt;
  held.pendingSince ??= world.now();
  const due = held.pendingSince + world.keepOutcomesMs;
  return act.wakeAt === null ? due : Math.min(act.wakeAt, due);
};

/** True when outcomes were kept long enough, and nothing else is left to do. */
const checkSaveDue = (world: RepositoryPorts, held: LoopState, act: ActDecision): boolean => {
  if (act.effects.length > 0 || !held.pending.some((event) => event.kind === "performed")) return false;
  held.pendingSince ??= world.now();
  return world.now() >= held.pendingSince + world.keepOutcomesMs;
};

const LASTING: readonly QueryKind[] = [
  "work",
  "rebase-commits",
  "newest-base",
  "reattach",
  "workflow-files",
  "merge-chain",
  "contains",
  "merge-of",
  "revert",
  "conflicts",
  "resolution",
];

const keepCommitFacts = (facts: ReadonlyMap<string, unknown>): Map<string, unknown> =>
  new Map([...facts].filter(([key]) => LASTING.some((kind) => key.includes(`"kind":"${kind}"`))));

/** Decides, reading what the decision asks for. */
const decideWithFacts = async (
  world: RepositoryPorts,
  held: LoopState,
  facts: Map<string, unknown>,
): Promise<DecisionTurn | UnreadFacts> => {
  for (let read = 0; read < MAX_FACT_READS; read += 1) {
    const before = held.loaded ?? (held.loaded = await world.load());
    const events = [...held.pending, ...before.results];
    const { ledger, refs, config } = before;
    const frame = { now: world.now(), graceMs: world.graceMs, botLogin: world.botLogin, defaultBranch: world.defaultBranch, config, refs };
    // Facts come from `answer`, which files each under its own query.
    const decision = decide(events, { ...frame, ledger, facts: facts as QueryFacts }, held.linkWorkflow);
    if (decision.kind === "act") return { act: decision, inputs: { events, snapshot: { ...frame, facts: [...facts] } } };
    const answers = await world.answerQueries(decision.queries);
    if ("kind" in answers) return answers;
    // A result that was published before its run was seen to be over must be seen too.
    if (decision.queries.some(({ kind }) => kind === "runs")) held.loaded = null;
    for (const [key, fact] of answers) facts.set(key, fact);
  }
  throw new Error("a decision asked for facts without end");
};

/** Saves what must be saved; false when it has to be decided again. */
const saveIfRequired = async (world: RepositoryPorts, held: LoopState, { act, inputs }: DecisionTurn): Promise<boolean> => {
  if (!held.loaded || !(act.mustSave || checkSaveDue(world, held, act))) return true;
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
