import { decide } from "./decisions/decide.ts";
import { isTriggerLabel } from "./events/issue.ts";
import type { Config } from "./model/config.ts";
import type { Decision, Snapshot } from "./model/decision.ts";
import type { Event } from "./model/event.ts";
import type { Login, Millis } from "./model/ids.ts";
import type { Ledger } from "./model/ledger.ts";
import type { Facts, Query, Refs } from "./model/query.ts";

type Act = Extract<Decision, { kind: "act" }>;

export type Loaded = { readonly ledger: Ledger; readonly refs: Refs; readonly config: Config; readonly results: readonly Event[] };
/** What led to a write, so that it can be decided again: `decide(events, { ...snapshot, ledger: parent })` gives the same ledger. */
export type Inputs = {
  readonly events: readonly Event[];
  readonly snapshot: Omit<Snapshot, "ledger" | "facts"> & { readonly facts: readonly (readonly [string, unknown])[] };
};
export type Saved =
  | { readonly kind: "saved"; readonly loaded: Loaded }
  | { readonly kind: "ledger-moved" }
  | { readonly kind: "refused"; readonly event: Event };
/** Facts that could not be read: not before this time. */
export type Unread = { readonly kind: "later"; readonly at: Millis; readonly why: string };

/** Everything that deciding needs of the world, for one repository. */
export type World = {
  readonly self: Login;
  readonly defaultBranch: string;
  readonly grace: Millis;
  /** How long outcomes may stay unsaved in memory, in milliseconds; 0 where the process ends when it comes to rest. */
  readonly keep: Millis;
  readonly now: () => Millis;
  readonly load: () => Promise<Loaded>;
  /** What people asked for since the ledger's cursor, as events, and how far they reach. Nothing where GitHub does not answer now. */
  readonly sweep: (loaded: Loaded) => Promise<readonly Event[]>;
  readonly answer: (queries: readonly Query[]) => Promise<Facts | Unread>;
  readonly save: (act: Act, before: Loaded, inputs: Inputs) => Promise<Saved>;
  readonly perform: (effects: Act["effects"], again: Act["again"]) => Promise<readonly Event[]>;
  readonly log: (line: string) => void;
};

/** Bounds of one call: a decision that never comes to rest is a bug, and is told as one. */
const MAX_ROUNDS = 500;
/** Each conflict that is found asks for the next candidate: as many as there may be steps. */
const MAX_READS = 10_000;
/** Saves lost in a row before it is no race any more: a ref that is locked, or an answer that never comes. */
const MAX_LOST = 20;

/** What the loop holds between calls: outcomes that are not saved yet, and what was loaded or saved last. */
type Held = { pending: readonly Event[]; loaded: Loaded | null; learned: Millis | null };

/**
 * The loop for one repository, one call at a time: load, decide, read what it needs, save in one push, perform; outcomes are events again.
 * Ends when a decision gives nothing. What was learned and not saved is kept for the next call. Gives the time to call again; null for never.
 * With `sweep`, comments that no webhook told are listed first.
 */
export const openHandle = (world: World) => {
  const held: Held = { pending: [], loaded: null, learned: null };
  return async (events: readonly Event[], sweep = false): Promise<{ wakeAt: Millis | null }> => {
    held.pending = [...held.pending, ...events];
    held.loaded = null;
    await list(world, held, { events, sweep });
    let facts = new Map<string, unknown>();
    let lost = 0;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const next = await turn(world, held, facts);
      if ("kind" in next) return { wakeAt: next.at };
      const { act } = next;
      if (!(await settle(world, held, next))) {
        facts = new Map();
        if ((lost += 1) >= MAX_LOST) throw new Error(`the ledger could not be saved in ${MAX_LOST} tries`);
        continue;
      }
      lost = 0;
      // What GitHub told before a save is not what it would tell now; what git computed from commits stays true.
      if (act.urgent) facts = lasting(facts);
      if (act.effects.length > 0) held.pending = [...held.pending, ...(await world.perform(act.effects, act.again))];
      // GitHub moved a ref: it is read before anything is decided on it.
      if (act.effects.some(({ kind }) => kind === "merge-pull")) held.loaded = null;
      else if (!act.urgent) return { wakeAt: rest(world, held, act) };
    }
    throw new Error("a decision that does not come to rest");
  };
};

type Listing = { readonly events: readonly Event[]; readonly sweep: boolean };

/** Lists what people asked for, where it is time, or where an event says that there is something. */
const list = async (world: World, held: Held, { events, sweep }: Listing): Promise<void> => {
  if (!sweep && !events.some(hasTrigger)) return;
  held.loaded = await world.load();
  if (sweep || startsIssue(events, held.loaded.config)) held.pending = [...held.pending, ...(await world.sweep(held.loaded))];
};

const hasTrigger = (event: Event): boolean => event.kind === "woken" && event.trigger !== undefined;

/** True where somebody made a change to an issue that starts it: only a listing says who. */
const startsIssue = (events: readonly Event[], { triggers }: Config): boolean =>
  events.some((event) => {
    if (event.kind !== "woken" || !event.trigger) return false;
    return event.trigger.kind === "assignment" || isTriggerLabel(event.trigger.name, triggers.label);
  });

type Turn = { readonly act: Act; readonly inputs: Inputs };

/** At rest: keeps outcomes for the next write, or for a write of their own after a while. */
const rest = (world: World, held: Held, act: Act): Millis | null => {
  held.pending = held.pending.filter((event) => event.kind === "performed");
  if (held.pending.length === 0) return act.wakeAt;
  held.learned ??= world.now();
  const due = held.learned + world.keep;
  return act.wakeAt === null ? due : Math.min(act.wakeAt, due);
};

/** True when outcomes were kept long enough, and nothing else is left to do. */
const isDue = (world: World, held: Held, act: Act): boolean => {
  if (act.effects.length > 0 || !held.pending.some((event) => event.kind === "performed")) return false;
  held.learned ??= world.now();
  return world.now() >= held.learned + world.keep;
};

const lasting = (facts: ReadonlyMap<string, unknown>): Map<string, unknown> =>
  new Map(
    [...facts].filter(([key]) =>
      /"kind":"(work|carry|ground|rejoined|workflow-files|chain|contains|merge-of|revert|conflicts|resolution)"/.test(key),
    ),
  );

/** Decides, reading what the decision asks for. */
const turn = async (world: World, held: Held, facts: Map<string, unknown>): Promise<Turn | Unread> => {
  for (let read = 0; read < MAX_READS; read += 1) {
    const before = held.loaded ?? (held.loaded = await world.load());
    const events = [...held.pending, ...before.results];
    const { ledger, refs, config } = before;
    const frame = { now: world.now(), grace: world.grace, self: world.self, defaultBranch: world.defaultBranch, config, refs };
    // Facts come from `answer`, which files each under its own query.
    const decision = decide(events, { ...frame, ledger, facts: facts as Facts });
    if (decision.kind === "act") return { act: decision, inputs: { events, snapshot: { ...frame, facts: [...facts] } } };
    const answers = await world.answer(decision.queries);
    if ("kind" in answers) return answers;
    // A result that was published before its run was seen to be over must be seen too.
    if (decision.queries.some(({ kind }) => kind === "runs")) held.loaded = null;
    for (const [key, fact] of answers) facts.set(key, fact);
  }
  throw new Error("a decision asked for facts without end");
};

/** Saves what must be saved; false when it has to be decided again. */
const settle = async (world: World, held: Held, { act, inputs }: Turn): Promise<boolean> => {
  if (!held.loaded || !(act.urgent || isDue(world, held, act))) return true;
  const saved = await world.save(act, held.loaded, inputs);
  held.loaded = saved.kind === "saved" ? saved.loaded : null;
  switch (saved.kind) {
    case "saved":
      held.pending = [];
      held.learned = null;
      for (const note of act.notes) world.log(note);
      return true;
    case "ledger-moved":
      return false;
    case "refused":
      held.pending = [...held.pending, saved.event];
      return false;
  }
};
