import type { Event } from "../../domain/event.ts";
import type { Execution } from "../../domain/execution.ts";
import type { Job } from "../../domain/job.ts";
import { readOwn } from "../../domain/own-record.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { explainForbiddenEnd, type OutputTerms } from "../../policy/job-output.ts";
import { findNodeRole } from "../../workflow/node-step.ts";
import { areReadOnlyTools } from "../../workflow/workflow.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { findStep } from "../find-step.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

type ResultedEvent = Extract<Event, { kind: "resulted" }>;

/**
 * Judges a result again as publish did, with the configuration of the default branch now: what lands must not depend on who pushed the
 * result. A refused result ends as if publish had refused it.
 */
export const judgeResult = (tx: DecisionReader, job: Job, event: ResultedEvent): Known<ResultedEvent> => {
  if (job.kind !== "work" && job.kind !== "resolve") return event;
  const found = findStep(tx, job.target);
  const planned = found && tx.planned(found.execution, found.step.id);
  if (!found || !planned) return event;
  const forbidden = explainForbiddenResult(tx, job, { event, execution: found.execution, planned });
  if (forbidden !== null) return refuseResult(event, forbidden);
  if (event.result.end !== "success") return event;
  const refusal = checkResultFiles(tx, job, { event, planned });
  if (refusal === UNKNOWN) return UNKNOWN;
  return refusal === null ? event : refuseResult(event, refusal.message);
};

type JudgedResult = { readonly event: ResultedEvent; readonly execution: Execution; readonly planned: PlannedStep };

const explainForbiddenResult = (tx: LedgerReader, job: Job, { event, execution, planned }: JudgedResult): string | null => {
  const { end, files } = event.result;
  if (end !== "success" && files.length > 0) return `The job ended as ${end}, but its result has files.`;
  return explainForbiddenEnd(end, findOutputTerms(tx, job, { execution, planned }), tx.snapshot.config.broken);
};

const checkResultFiles = (tx: DecisionReader, { kind }: Job, { event, planned }: Omit<JudgedResult, "execution">) => {
  const { policy } = tx.snapshot.config;
  // The resolution is built with both sides, so conflict markers are found there.
  const open = kind === "resolve" ? { allowed: [], anyLockFiles: true } : { allowed: planned.paths };
  return tx.readFact<"result-files">({ kind: "result-files", result: event.commit, rules: { ...policy, ...open, resolving: false } });
};

const refuseResult = (event: ResultedEvent, reason: string): ResultedEvent => ({
  ...event,
  result: {
    ...event.result,
    end: "refused",
    reason,
    outcome: null,
    answer: "",
    replies: [],
    output: "",
    artifact: null,
    files: [],
    tools: [],
  },
});

const findOutputTerms = (
  tx: LedgerReader,
  { kind }: Job,
  { execution, planned }: { execution: Execution; planned: PlannedStep },
): OutputTerms => {
  const { roles } = tx.snapshot.config;
  const output = planned.output;
  if (kind === "resolve") return { kind, output, canEdit: readOwn(roles, "merger")?.canEdit !== false, readOnly: false };
  // The rights of a missing role are unknown.
  const canEdit = planned.role === null || (readOwn(roles, planned.role)?.canEdit ?? false);
  return { kind, output, canEdit, readOnly: isReadOnlyNode(tx, execution, planned) };
};

/** Whether the tools of a workflow's role can change nothing. */
const isReadOnlyNode = (tx: LedgerReader, { workflow }: Execution, planned: PlannedStep): boolean => {
  const path = workflow?.nodes[planned.id];
  const flow = workflow && path && tx.linkWorkflow(workflow);
  const role = flow?.ok && path ? findNodeRole(flow.value, path) : undefined;
  return areReadOnlyTools(role?.tools ?? null);
};
