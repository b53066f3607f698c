import type { Decision, RefMove, Snapshot } from "../domain/decision.ts";
import { digestEffect, type Effect, isCreation } from "../domain/effect.ts";
import { type BranchName, type Millis, type RefName, type Sha } from "../domain/ids.ts";
import type { JobKey } from "../domain/job.ts";
import { type QueryAnswers, type Query, type QueryKind, toQueryKey } from "../domain/query.ts";
import { toBranchRef } from "../domain/refs.ts";
import { graphRecords, openLedger, sideRecords, textRecords } from "./records.ts";

/** A decision under way: the ledger as it will be, and what goes with it. The snapshot is never changed. */
export type Draft = ReturnType<typeof openDraft>;

export const openDraft = (snapshot: Snapshot) => {
  const writer = openLedger(snapshot.ledger);
  const records = { ...graphRecords(writer), ...textRecords(writer), ...sideRecords(writer, snapshot.now) };
  const facts = openFacts(snapshot);
  const refs = openRefs(snapshot, writer.hurry);
  const clock = openClock(snapshot.now);
  const notes: string[] = [];
  const wishes = openWishes({ snapshot, records, hurry: writer.hurry, wake: clock.wake });
  return {
    snapshot,
    now: snapshot.now,
    ledger: writer.ledger,
    ...records,
    ...facts,
    ...refs,
    ...clock,
    note: (text: string): void => void notes.push(text),
    want: wishes.want,
    decision: (): Decision => {
      const queries = facts.needs();
      if (queries.length > 0) return { kind: "need", queries };
      const { moves, attempts } = refs.refs();
      return {
        kind: "act",
        ledger: writer.ledger(),
        notes,
        refMoves: moves,
        retainedResults: attempts,
        ...wishes.given(),
        mustSave: writer.urgent(),
        wakeAt: clock.wakeAt(),
      };
    },
  };
};

const openFacts = (snapshot: Snapshot) => {
  const needs = new Map<string, Query>();
  return {
    needs: (): readonly Query[] => [...needs.values()],
    /** The answer when it is known; otherwise undefined, and it is asked for. */
    ask: <K extends QueryKind>(query: Extract<Query, { kind: K }>): QueryAnswers[K] | undefined => {
      const fact = snapshot.facts.get(toQueryKey(query));
      if (fact === undefined) needs.set(toQueryKey(query), query);
      // Facts are filed under their query, so the kinds agree.
      return fact?.answer as QueryAnswers[K] | undefined;
    },
  };
};

const openRefs = (snapshot: Snapshot, hurry: () => void) => {
  const moves = new Map<RefName, RefMove>();
  const attempts = new Set<Sha>();
  const ref = (name: RefName): Sha | null => {
    const move = moves.get(name);
    return move ? move.newSha : (snapshot.refs[name] ?? null);
  };
  return {
    /** The value of a ref after this decision; null where there is none. */
    ref,
    base: (base: BranchName): Sha | null => ref(toBranchRef(base)),
    move: (name: RefName, to: Sha | null): void => {
      hurry();
      moves.set(name, { ref: name, oldSha: snapshot.refs[name] ?? null, newSha: to });
    },
    /** Lets the push fail when the ref is not what was read. */
    guard: (name: RefName): void => {
      const at = snapshot.refs[name];
      if (at !== undefined && !moves.has(name)) moves.set(name, { ref: name, oldSha: at, newSha: at });
    },
    /** Removes a ref with the next write, whenever that is. */
    tidy: (name: RefName): void => {
      const at = snapshot.refs[name];
      if (at !== undefined && !moves.has(name)) moves.set(name, { ref: name, oldSha: at, newSha: null });
    },
    /** Keeps a result's commit reachable after its ref is gone. */
    keep: (result: Sha): void => {
      hurry();
      attempts.add(result);
    },
    refs: () => ({ moves: [...moves.values()], attempts: [...attempts] }),
  };
};

type People = "pulls" | "reviews" | "kept";

const openClock = (now: Millis) => {
  let next: Millis | null = null;
  const ended = new Set<JobKey | "all">();
  const people = new Set<People>();
  const reviewed = new Set<number>();
  return {
    wake: (at: Millis | null): void => {
      if (at !== null && at > now && (next === null || at < next)) next = at;
    },
    wakeAt: (): Millis | null => next,
    hint: (job: JobKey | "all"): void => void ended.add(job),
    /** `pull`: the pull request that was reviewed, where that is known. */
    hintPeople: (what: People, pull?: number): void => {
      people.add(what);
      if (pull !== undefined) reviewed.add(pull);
    },
    /** True where somebody is said to have reviewed this pull request. */
    saidReviewed: (pull: number): boolean => reviewed.has(pull),
    /** `pulls`: somebody did something to pull requests, `reviews`: reviewed one; `kept`: those that a person kept from landing are looked at again. */
    saidOfPeople: (): ReadonlySet<People> => people,
    /** True when the run of this job is said to be over. */
    saidOver: (job: JobKey): boolean => ended.has("all") || ended.has(job),
  };
};

type Wishing = {
  readonly snapshot: Snapshot;
  readonly records: Pick<ReturnType<typeof sideRecords>, "trace" | "putTrace">;
  readonly hurry: () => void;
  readonly wake: (at: Millis | null) => void;
};

const openWishes = ({ snapshot, records, hurry, wake }: Wishing) => {
  const effects = new Map<string, Effect>();
  const repeated = new Set<string>();
  const record = (effect: Effect): void => {
    const trace = records.trace(effect.key);
    if (trace) repeated.add(effect.key);
    const notBefore = snapshot.now + snapshot.graceMs;
    hurry();
    records.putTrace(effect.key, {
      at: snapshot.now,
      attempts: (trace?.attempts ?? 0) + 1,
      notBefore,
      refused: null,
      number: trace?.number ?? null,
      digest: null,
    });
    wake(notBefore);
  };
  return {
    /**
     * Gives an effect unless it is known to be done, waits for its time, or was refused.
     * What makes something new is recorded as asked for first; who finds such a record waits the grace and looks it up.
     */
    want: (effect: Effect): void => {
      const trace = records.trace(effect.key);
      const done = (trace?.digest ?? null) !== null;
      if (isCreation(effect) ? done || trace?.refused : done && trace?.digest === digestEffect(effect)) return;
      if (trace && trace.notBefore > snapshot.now) return wake(trace.notBefore);
      if (isCreation(effect)) record(effect);
      effects.set(effect.key, effect);
    },
    given: () => ({ effects: [...effects.values()], repeated }),
  };
};
