import type { Decision, RefMove, Snapshot } from "../domain/decision.ts";
import { digestEffect, type Effect, isCreation } from "../domain/effect.ts";
import { type BranchName, type Millis, type RefName, type Sha } from "../domain/ids.ts";
import type { JobKey } from "../domain/job.ts";
import { type QueryAnswers, type Query, type QueryKind, toQueryKey } from "../domain/query.ts";
import { toBranchRef } from "../domain/refs.ts";
import { graphRecords, openLedgerWriter, sideRecords, textRecords } from "./ledger-writer.ts";

/** A decision under way: the ledger as it will be, and what goes with it. The snapshot is never changed. */
export type DecisionTransaction = ReturnType<typeof openTransaction>;

export const openTransaction = (snapshot: Snapshot) => {
  const writer = openLedgerWriter(snapshot.ledger);
  const records = { ...graphRecords(writer), ...textRecords(writer), ...sideRecords(writer, snapshot.now) };
  const facts = openFactReader(snapshot);
  const refs = openRefMoves(snapshot, writer.requireSave);
  const clock = openWakeUps(snapshot.now);
  const notes: string[] = [];
  const wishes = openEffectRequests({ snapshot, records, requireSave: writer.requireSave, wake: clock.wakeAt });
  return {
    snapshot,
    now: snapshot.now,
    ledger: writer.ledger,
    ...records,
    ...facts,
    ...refs,
    ...clock,
    note: (text: string): void => void notes.push(text),
    want: wishes.requestEffect,
    decision: (): Decision => {
      const queries = facts.missingFacts();
      if (queries.length > 0) return { kind: "need", queries };
      const { moves, attempts } = refs.refs();
      return {
        kind: "act",
        ledger: writer.ledger(),
        notes,
        refMoves: moves,
        retainedResults: attempts,
        ...wishes.requestedEffects(),
        mustSave: writer.isSaveRequired(),
        wakeAt: clock.nextWakeUp(),
      };
    },
  };
};

const openFactReader = (snapshot: Snapshot) => {
  const missingFacts = new Map<string, Query>();
  return {
    missingFacts: (): readonly Query[] => [...missingFacts.values()],
    /** The answer when it is known; otherwise undefined, and it is asked for. */
    readFact: <K extends QueryKind>(query: Extract<Query, { kind: K }>): QueryAnswers[K] | undefined => {
      const fact = snapshot.facts.get(toQueryKey(query));
      if (fact === undefined) missingFacts.set(toQueryKey(query), query);
      // Facts are filed under their query, so the kinds agree.
      return fact?.answer as QueryAnswers[K] | undefined;
    },
  };
};

const openRefMoves = (snapshot: Snapshot, hurry: () => void) => {
  const moves = new Map<RefName, RefMove>();
  const attempts = new Set<Sha>();
  const ref = (name: RefName): Sha | null => {
    const moveRef = moves.get(name);
    return moveRef ? moveRef.newSha : (snapshot.refs[name] ?? null);
  };
  return {
    /** The value of a ref after this decision; null where there is none. */
    ref,
    baseTip: (base: BranchName): Sha | null => ref(toBranchRef(base)),
    moveRef: (name: RefName, to: Sha | null): void => {
      hurry();
      moves.set(name, { ref: name, oldSha: snapshot.refs[name] ?? null, newSha: to });
    },
    /** Lets the push fail when the ref is not what was read. */
    expectUnchanged: (name: RefName): void => {
      const at = snapshot.refs[name];
      if (at !== undefined && !moves.has(name)) moves.set(name, { ref: name, oldSha: at, newSha: at });
    },
    /** Removes a ref with the next write, whenever that is. */
    deleteRefLater: (name: RefName): void => {
      const at = snapshot.refs[name];
      if (at !== undefined && !moves.has(name)) moves.set(name, { ref: name, oldSha: at, newSha: null });
    },
    /** Keeps a result's commit reachable after its ref is gone. */
    retainResult: (result: Sha): void => {
      hurry();
      attempts.add(result);
    },
    refs: () => ({ moves: [...moves.values()], attempts: [...attempts] }),
  };
};

type PersonActivity = "pulls" | "reviews" | "kept";

const openWakeUps = (now: Millis) => {
  let next: Millis | null = null;
  const ended = new Set<JobKey | "all">();
  const people = new Set<PersonActivity>();
  const reviewed = new Set<number>();
  return {
    wakeAt: (at: Millis | null): void => {
      if (at !== null && at > now && (next === null || at < next)) next = at;
    },
    nextWakeUp: (): Millis | null => next,
    reportEnded: (job: JobKey | "all"): void => void ended.add(job),
    /** `pull`: the pull request that was reviewed, where that is known. */
    reportActivity: (what: PersonActivity, pull?: number): void => {
      people.add(what);
      if (pull !== undefined) reviewed.add(pull);
    },
    /** True where somebody is said to have reviewed this pull request. */
    isReportedReviewed: (pull: number): boolean => reviewed.has(pull),
    /** `pulls`: somebody did something to pull requests, `reviews`: reviewed one; `kept`: those that a person kept from landing are looked at again. */
    reportedActivity: (): ReadonlySet<PersonActivity> => people,
    /** True when the run of this job is said to be over. */
    isReportedEnded: (job: JobKey): boolean => ended.has("all") || ended.has(job),
  };
};

type EffectRequestContext = {
  readonly snapshot: Snapshot;
  readonly records: Pick<ReturnType<typeof sideRecords>, "effectRecord" | "putEffectRecord">;
  readonly requireSave: () => void;
  readonly wake: (at: Millis | null) => void;
};

const openEffectRequests = ({ snapshot, records, requireSave, wake }: EffectRequestContext) => {
  const effects = new Map<string, Effect>();
  const repeated = new Set<string>();
  const record = (effect: Effect): void => {
    const trace = records.effectRecord(effect.key);
    if (trace) repeated.add(effect.key);
    const notBefore = snapshot.now + snapshot.graceMs;
    requireSave();
    records.putEffectRecord(effect.key, {
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
    requestEffect: (effect: Effect): void => {
      const trace = records.effectRecord(effect.key);
      const done = (trace?.digest ?? null) !== null;
      if (isCreation(effect) ? done || trace?.refused : done && trace?.digest === digestEffect(effect)) return;
      if (trace && trace.notBefore > snapshot.now) return wake(trace.notBefore);
      if (isCreation(effect)) record(effect);
      effects.set(effect.key, effect);
    },
    requestedEffects: () => ({ effects: [...effects.values()], repeated }),
  };
};
