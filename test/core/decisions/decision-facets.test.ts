import { expectTypeOf, test } from "vitest";
import type {
  DecisionReader,
  DecisionTransaction,
  EffectWriter,
  EventWriter,
  ExecutionWriter,
  FactReader,
  LedgerReader,
  MailWriter,
  NoteWriter,
  QueueWriter,
  RefWriter,
  StepWriter,
  TextWriter,
  UsageWriter,
} from "../../../src/core/decisions/decision-transaction.ts";
import { reconcileComments } from "../../../src/core/decisions/reconcile/comments.ts";
import { reconcileRequiredChecks } from "../../../src/core/decisions/reconcile/check-gates.ts";
import { reconcileTampering } from "../../../src/core/decisions/reconcile/tampering.ts";
import { reconcileTrials } from "../../../src/core/decisions/reconcile/trials.ts";

type Writer = StepWriter | ExecutionWriter | QueueWriter | RefWriter | EffectWriter | TextWriter | MailWriter | UsageWriter | EventWriter;
/** The members of all types in a union. */
type MemberOf<Facet> = Facet extends unknown ? keyof Facet : never;
/** Members for the door alone, which makes the decision. */
type Outcome = "decision" | "missingFacts" | "nextWakeUp" | "refs";

test("each write belongs to a facet", () => {
  expectTypeOf<MemberOf<Writer> | Outcome>().toEqualTypeOf<keyof DecisionTransaction>();
});

test("a reader writes nothing, and a reader of the ledger requests nothing", () => {
  expectTypeOf<keyof DecisionReader & ("putStep" | "putExecution" | "moveRef" | "requestEffect" | "note")>().toBeNever();
  expectTypeOf<keyof LedgerReader & ("readFact" | "wakeAt")>().toBeNever();
  expectTypeOf<keyof FactReader>().toEqualTypeOf<"readFact">();
  expectTypeOf<keyof NoteWriter>().toEqualTypeOf<keyof DecisionReader | "note">();
});

test("a pass names what it writes", () => {
  expectTypeOf(reconcileTampering).parameter(0).toEqualTypeOf<StepWriter>();
  expectTypeOf(reconcileRequiredChecks).parameter(0).toEqualTypeOf<QueueWriter>();
  expectTypeOf(reconcileComments).parameter(0).toEqualTypeOf<EffectWriter>();
  expectTypeOf(reconcileTrials).parameter(0).toEqualTypeOf<StepWriter & RefWriter & EffectWriter>();
});

test("a pass cannot write beyond its facets", () => {
  const writeElsewhere = (tx: StepWriter): void => {
    // @ts-expect-error a writer of steps moves no refs
    tx.moveRef("refs/heads/main", null);
    // @ts-expect-error a writer of steps requests no effects
    reconcileComments(tx);
  };
  expectTypeOf(writeElsewhere).parameter(0).not.toExtend<RefWriter>();
});
