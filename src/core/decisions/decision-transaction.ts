import { createWorkflowLinker, type WorkflowLinker } from "../workflow/workflow-linker.ts";
import type { Decision, RefMove, Snapshot } from "../domain/decision.ts";
import { digestEffect, type Effect, isCreation } from "../domain/effect.ts";
import { type BranchName, type Millis, type RefName, type Sha } from "../domain/ids.ts";
import type { JobKey } from "../domain/job.ts";
import type { EffectRecord } from "../domain/ledger.ts";
import { type QueryAnswers, type Query, type QueryKind, toQueryKey } from "../domain/query.ts";
import { type Known, UNKNOWN } from "../domain/known.ts";
import { toBranchRef } from "../domain/refs.ts";
import type { TextCommit } from "../domain/text-commit.ts";
import { openGraphRecords, openLedgerWriter, openSideRecords, openTextRecords, openUsageRecords } from "./ledger-writer.ts";

/** A decision under construction: the new ledger, ref moves, requested effects and missing facts. The snapshot never changes. */
export type DecisionTransaction = ReturnType<typeof openTransaction>;

/**
 * A decision under construction for functions that only ask: they may read, request facts, and name the time at which their answer changes.
 */
export type DecisionReader = Pick<
  DecisionTransaction,
  | "snapshot"
  | "now"
  | "linkWorkflow"
  | "ledger"
  | "executions"
  | "execution"
  | "steps"
  | "plan"
  | "planned"
  | "order"
  | "brief"
  | "mails"
  | "mail"
  | "queue"
  | "effectRecord"
  | "usage"
  | "readFact"
  | "missingFacts"
  | "ref"
  | "baseTip"
  | "refusedCandidates"
  | "wakeAt"
  | "isReportedReviewed"
  | "reportedActivity"
  | "isReportedEnded"
>;

export const openTransaction = (snapshot: Snapshot, linkWorkflow: WorkflowLinker = createWorkflowLinker()) => {
  const writer = openLedgerWriter(snapshot.ledger);
  const records = {
    ...openGraphRecords(writer),
    ...openTextRecords(writer),
    ...openSideRecords(writer, snapshot.now),
    ...openUsageRecords(writer, snapshot.now),
  };
  const facts = openFactReader(snapshot);
  const refs = openRefMoves(snapshot, writer.requireSave);
  const clock = openWakeUps(snapshot.now);
  const notes: string[] = [];
  const effectRequests = openEffectRequests({ snapshot, records, requireSave: writer.requireSave, wake: clock.wakeAt });
  return {
    snapshot,
    now: snapshot.now,
    linkWorkflow,
    ledger: writer.ledger,
    ...records,
    ...facts,
    ...refs,
    ...clock,
    note: (text: string): void => void notes.push(text),
    requestEffect: effectRequests.requestEffect,
    decision: (): Decision => {
      const queries = facts.missingFacts();
      if (queries.length > 0) return { kind: "need", queries };
      const { moves, attempts, texts } = refs.refs();
      return {
        kind: "act",
        ledger: writer.ledger(),
        notes,
        refMoves: moves,
        retainedResults: attempts,
        retainedTexts: texts,
        ...effectRequests.requestedEffects(),
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
    /** The answer to a query. A missing answer is requested for the next decision. */
    readFact: <K extends QueryKind>(query: Extract<Query, { kind: K }>): Known<QueryAnswers[K]> => {
      const key = toQueryKey(query);
      const fact = snapshot.facts.get(key);
      if (fact === undefined) {
        missingFacts.set(key, query);
        return UNKNOWN;
      }
      // Facts are stored by query, so the kinds agree.
      return fact.answer as QueryAnswers[K];
    },
  };
};

const openRefMoves = (snapshot: Snapshot, requireSave: () => void) => {
  const moves = new Map<RefName, RefMove>();
  const refusedCandidates = new Map<RefName, string>();
  const attempts = new Set<Sha>();
  const texts: TextCommit[] = [];
  const ref = (name: RefName): Sha | null => {
    const moveRef = moves.get(name);
    return moveRef ? moveRef.newSha : (snapshot.refs[name] ?? null);
  };
  return {
    /** The value of a ref after this decision; null if the ref does not exist. */
    ref,
    baseTip: (base: BranchName): Sha | null => ref(toBranchRef(base)),
    moveRef: (name: RefName, to: Sha | null): void => {
      requireSave();
      moves.set(name, { ref: name, oldSha: snapshot.refs[name] ?? null, newSha: to });
    },
    /** Leaves a ref as it is, because GitHub refused its move. */
    dropMove: (name: RefName): void => void moves.delete(name),
    /** Remembers, during the decision, GitHub's refusal to create the ref of a candidate or a trial. */
    refuseCandidate: (name: RefName, text: string): void => void refusedCandidates.set(name, text),
    /** GitHub's words for each refused ref. */
    refusedCandidates: (): ReadonlyMap<RefName, string> => refusedCandidates,
    /** Makes the push fail if the ref has changed since it was read. */
    expectUnchanged: (name: RefName): void => {
      const at = snapshot.refs[name];
      if (at !== undefined && !moves.has(name)) moves.set(name, { ref: name, oldSha: at, newSha: at });
    },
    /** Deletes a ref with the next write; this alone causes no write. */
    deleteRefLater: (name: RefName): void => {
      const at = snapshot.refs[name];
      if (at !== undefined && !moves.has(name)) moves.set(name, { ref: name, oldSha: at, newSha: null });
    },
    /** Keeps a result's commit reachable after its ref is deleted. */
    retainResult: (result: Sha): void => {
      requireSave();
      attempts.add(result);
    },
    /** Stores linked texts with the next write. */
    retainTexts: (commit: TextCommit): void => {
      requireSave();
      texts.push(commit);
    },
    refs: () => ({ moves: [...moves.values()], attempts: [...attempts], texts }),
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
    /** `pull`: the reviewed pull request, if known. */
    reportActivity: (what: PersonActivity, pull?: number): void => {
      people.add(what);
      if (pull !== undefined) reviewed.add(pull);
    },
    /** Whether an event reported a review of this pull request. */
    isReportedReviewed: (pull: number): boolean => reviewed.has(pull),
    /** `pulls`: activity on pull requests; `reviews`: a review; `kept`: pull requests that a person holds are due for another look. */
    reportedActivity: (): ReadonlySet<PersonActivity> => people,
    /** Whether an event reported that the run of this job ended. */
    isReportedEnded: (job: JobKey): boolean => ended.has("all") || ended.has(job),
  };
};

type EffectRequestContext = {
  readonly snapshot: Snapshot;
  readonly records: Pick<ReturnType<typeof openSideRecords>, "effectRecord" | "putEffectRecord">;
  readonly requireSave: () => void;
  readonly wake: (at: Millis | null) => void;
};

/** Whether an effect needs no further request: it is done, or GitHub refused to create it. */
const isConcluded = (effect: Effect, { digest, refused }: EffectRecord): boolean =>
  isCreation(effect) ? digest !== null || refused !== null : digest === digestEffect(effect);

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
     * Requests an effect unless it is done, refused or waiting for its time. An effect that creates something is recorded before it is
     * performed; a later decision that finds the record waits for the grace period and looks the result up.
     */
    requestEffect: (effect: Effect): void => {
      const trace = records.effectRecord(effect.key);
      if (trace && isConcluded(effect, trace)) return;
      if (trace && trace.notBefore > snapshot.now) return wake(trace.notBefore);
      if (isCreation(effect)) record(effect);
      effects.set(effect.key, effect);
    },
    requestedEffects: () => ({ effects: [...effects.values()], repeated }),
  };
};
