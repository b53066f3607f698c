import { createWorkflowLinker, type WorkflowLinker } from "../workflow/workflow-linker.ts";
import type { Decision, Snapshot } from "../domain/decision.ts";
import type { Millis } from "../domain/ids.ts";
import type { JobKey } from "../domain/job.ts";
import { type Known, UNKNOWN } from "../domain/known.ts";
import { type QueryAnswers, type Query, type QueryKind, toQueryKey } from "../domain/query.ts";
import { openEffectRequests } from "./effect-requests.ts";
import { openGraphRecords, openLedgerWriter, openSideRecords, openTextRecords, openUsageRecords } from "./ledger-writer.ts";
import { openRefMoves } from "./ref-moves.ts";

/** A decision under construction: the new ledger, ref moves, requested effects and missing facts. The snapshot never changes. */
export type DecisionTransaction = ReturnType<typeof openTransaction>;

/** Reads the ledger and the refs as this decision leaves them. */
export type LedgerReader = Pick<
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
  | "ref"
  | "baseTip"
  | "refusedCandidates"
  | "isReportedReviewed"
  | "reportedActivity"
  | "isReportedEnded"
>;

/** Reads facts, and requests missing ones. */
export type FactReader = Pick<DecisionTransaction, "readFact">;

/** Only asks: reads the ledger and facts, and names the time at which the answer changes. */
export type DecisionReader = LedgerReader & FactReader & Pick<DecisionTransaction, "wakeAt">;

/** Asks, and adds notes to the log of the decision. */
export type NoteWriter = DecisionReader & Pick<DecisionTransaction, "note">;

/** Asks, and writes what the name says. A function that writes more takes several facets, or the whole transaction. */
type WriterFacet<Member extends keyof DecisionTransaction> = NoteWriter & Pick<DecisionTransaction, Member>;

export type StepWriter = WriterFacet<"putStep" | "recordStep">;
export type ExecutionWriter = WriterFacet<"putExecution" | "dropExecution" | "putPlan">;
export type QueueWriter = WriterFacet<"putQueue" | "recordQueue">;
export type RefWriter = WriterFacet<
  "moveRef" | "dropMove" | "deleteRefLater" | "expectUnchanged" | "refuseCandidate" | "retainResult" | "retainTexts"
>;
export type EffectWriter = WriterFacet<
  "lacksFacts" | "requestEffect" | "enqueueEffect" | "dequeueEffect" | "putEffectRecord" | "deleteEffectRecord"
>;
export type TextWriter = WriterFacet<"putBrief" | "putFeedback" | "putAnswer" | "putArtifact" | "recordBacklog">;
export type MailWriter = WriterFacet<"putMail" | "dropMail">;
export type UsageWriter = WriterFacet<"putUsage" | "dropUsage">;
export type EventWriter = WriterFacet<"markHandled" | "forgetEvent" | "setCursor" | "reportEnded" | "reportActivity">;

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
    /** Whether this decision will only name missing facts, so that all its effects are dropped. */
    lacksFacts: (): boolean => missingFacts.size > 0,
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
