import type { Execution } from "../../../src/core/domain/execution.ts";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import type { PlannedStep } from "../../../src/core/domain/plan.ts";
import type { Step } from "../../../src/core/domain/step.ts";
import { toLedgerFiles } from "../../../src/storage/ledger/ledger-files.ts";

const PLAN_HASH = "a".repeat(64);

/** A ledger with the execution `abc123` on issue 1. */
export const ledgerOf = (planned: readonly PlannedStep[], steps: readonly Step[], over: Partial<Execution> = {}): Ledger => {
  const execution = {
    id: "abc123",
    issue: 1,
    state: "running",
    request: "make <script>alert(1)</script> faster",
    requestedBy: "octo",
    createdAt: Date.parse("2026-11-20T11:00:00Z"),
    baseBranch: "main",
    plan: PLAN_HASH,
    refusal: null,
    spent: 0,
    planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
    steps: Object.fromEntries(steps.map((each) => [each.id, each])),
    ...over,
  } as unknown as Execution;
  return { ...emptyLedger, executions: { abc123: execution }, plans: { [PLAN_HASH]: { steps: planned } } };
};

/** The files of a whole ledger. */
export const filesOf = (ledger: Ledger): Record<string, string> =>
  Object.fromEntries([...toLedgerFiles(null, ledger)].flatMap(([path, text]) => (text === null ? [] : [[path, text] as const])));
