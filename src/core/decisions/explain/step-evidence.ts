import type { Evidence, GateException } from "../../domain/explanation.ts";
import { toTaskId } from "../../domain/ids.ts";
import { type Job, toJobKey } from "../../domain/job.ts";
import { findFailureLog, findOpenConflict, isAwaitingAnswer, isHeldByPerson, type Step, type StepState } from "../../domain/step.ts";
import { listFindings } from "../../domain/tampering.ts";
import { findTrial } from "../../domain/trial.ts";
import { toTrialJob } from "../../domain/tried-step.ts";
import { viewBudget } from "../budget-room.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { toRunUrl } from "../run-links.ts";
import { listUnmetNeeds } from "../needs.ts";
import type { ExplainedStep } from "./step-reason.ts";

const MAX_NEEDS_SHOWN = 5;
const MAX_OTHERS_SHOWN = 5;

/** The address of a job's run; null if the run is unknown. */
export const findRunUrl = (tx: LedgerReader, job: Job): string | null =>
  toRunUrl(tx, tx.effectRecord(`start-job:${toJobKey(job)}`)?.number ?? null);

/** The facts behind a step's state, the nearest ones first. */
export const collectStepEvidence = (tx: DecisionReader, of: ExplainedStep): readonly Evidence[] => [
  ...showUnmetNeeds(tx, of),
  ...findGate(tx, of),
  ...findFindings(of),
  ...findTrialResult(tx, of),
  ...findConflict(tx, of),
  ...findVerdicts(tx, of),
  ...findAttempt(tx, of),
  ...findPull(of),
  ...(of.step.decision ? [{ kind: "decision", what: "step", by: of.step.decision.by } as const] : []),
  ...findBudget(tx, of),
  ...findDeadline(of),
  ...(of.step.state === "failed" && findFailureLog(of.step) !== "" ? [{ kind: "log", text: findFailureLog(of.step) } as const] : []),
];

const STATES_WITH_NEEDS: ReadonlySet<StepState> = new Set(["pending", "blocked", "published"]);

const showUnmetNeeds = (tx: DecisionReader, { execution, step, planned }: ExplainedStep): Evidence[] => {
  if (!STATES_WITH_NEEDS.has(step.state)) return [];
  // Published work started with its needs met. They matter again only while it waits for one of them to land.
  if (step.state === "published" && step.refusal?.code !== "held") return [];
  const unmet = listUnmetNeeds(tx, execution, planned);
  return unmet.slice(0, MAX_NEEDS_SHOWN).map(({ need, task, state, step: needed }) => ({
    kind: "need",
    task,
    condition: need.condition,
    state,
    reason: needed?.refusal ?? null,
  }));
};

/** Holds on a pull request are removed there, and questions are answered by a reply, so neither is a gate. */
const isGated = (step: Step): boolean => {
  if (step.state !== "waiting" || isAwaitingAnswer(step)) return false;
  return !isHeldByPerson(step) || GATE_HOLD_CODES.has(step.refusal.code);
};

/** Holds that an approving review removes. */
const GATE_HOLD_CODES: ReadonlySet<string> = new Set(["unreviewed", "changes-requested"]);

const findGate = (tx: LedgerReader, of: ExplainedStep): Evidence[] => {
  const { execution, step } = of;
  if (!isGated(step)) return [];
  const reviews = Math.max(1, tx.queue(execution.baseBranch).landingTerms?.requiredReviews ?? 0);
  const except = step.pull === null ? [] : listGateExceptions(tx, of);
  return [{ kind: "gate", pull: step.pull, head: step.head?.sha ?? null, reviews, except }];
};

const listGateExceptions = ({ snapshot }: LedgerReader, { execution, step }: ExplainedStep): GateException[] => {
  const { selfApproval } = snapshot.config.policy;
  return [
    ...(selfApproval.includes("requester") ? [] : [{ kind: "requester", login: execution.requestedBy } as const]),
    ...(selfApproval.includes("pusher") || step.head?.by !== "person" ? [] : [{ kind: "pusher" } as const]),
  ];
};

const findFindings = ({ step }: ExplainedStep): Evidence[] => {
  const findings = step.landed ? [] : listFindings(step);
  return findings.length === 0 ? [] : [{ kind: "findings", findings }];
};

const findTrialResult = (tx: LedgerReader, { step }: ExplainedStep): Evidence[] => {
  const trial = step.landed ? undefined : findTrial(step);
  if (!trial) return [];
  const known = trial.state === "running" ? tx.effectRecord(`start-job:${toTrialJob(trial)}`)?.number : "run" in trial ? trial.run : null;
  return [
    { kind: "trial", trial, run: toRunUrl(tx, known) },
    ...(trial.state === "failed" && trial.log !== "" ? [{ kind: "log", text: trial.log } as const] : []),
  ];
};

const findConflict = (tx: LedgerReader, { execution, step }: ExplainedStep): Evidence[] => {
  const conflict = findOpenConflict(step) ?? (step.refusal?.code === "unresolved" ? step.resolution : undefined);
  if (!conflict) return [];
  const target = toTaskId(execution.id, step.id);
  const run = conflict.attempt === 0 ? null : findRunUrl(tx, { kind: "resolve", target, attempt: conflict.attempt });
  return [{ kind: "conflict", conflicts: conflict.conflicts, run }];
};

const findVerdicts = (tx: LedgerReader, { execution, step }: ExplainedStep): Evidence[] => {
  const { verification } = step;
  const queue = tx.queue(execution.baseBranch);
  const task = toTaskId(execution.id, step.id);
  const at = step.state === "published" ? queue.items.findIndex((item) => item.task === task) : -1;
  const candidate = at < 0 ? undefined : queue.candidates.findLast(({ items }) => items.some((item) => item.task === task));
  const run = candidate?.runs.findLast(({ deadline, verdict }) => deadline !== null || verdict !== null);
  return [
    ...(candidate
      ? [
          {
            kind: "candidate",
            commit: candidate.commit,
            others: candidate.items.flatMap((item) => (item.task === task ? [] : [item.task])).slice(0, MAX_OTHERS_SHOWN),
            run: run ? findRunUrl(tx, { kind: "verify", target: candidate.commit, attempt: run.attempt }) : null,
          } as const,
        ]
      : []),
    ...(at > 0 ? [{ kind: "place", ahead: at, base: execution.baseBranch } as const] : []),
    ...(verification && verification.head === step.head?.sha
      ? [{ kind: "verdict", ...verification, run: toRunUrl(tx, verification.run) } as const]
      : []),
  ];
};

const findAttempt = (tx: LedgerReader, { execution, step }: ExplainedStep): Evidence[] => {
  const { attempt, faults, lastFailure, state } = step;
  if (attempt === 0) return [];
  const run = findRunUrl(tx, { kind: "work", target: toTaskId(execution.id, step.id), attempt });
  // The reason of a failed step already is the explanation.
  const fault = faults > 0 && state !== "failed" && state !== "running" ? lastFailure : null;
  return run === null && fault === null ? [] : [{ kind: "attempt", attempt, run, fault }];
};

const findPull = ({ step }: ExplainedStep): Evidence[] =>
  step.pull === null || step.state === "waiting" ? [] : [{ kind: "pull", pull: step.pull }];

const findBudget = (tx: DecisionReader, { execution, step }: ExplainedStep): Evidence[] => {
  const { charged, cap } = viewBudget(tx, execution);
  return cap === null || step.state === "done" ? [] : [{ kind: "budget", charged, cap }];
};

/** The end of an abandoned run is no deadline of its step. */
const findDeadline = ({ step }: ExplainedStep): Evidence[] => {
  const at = findOpenConflict(step)?.deadline ?? (step.state === "waiting" || step.state === "running" ? step.deadline : null);
  return at === null ? [] : [{ kind: "deadline", of: step.state === "waiting" ? "wait" : "run", at }];
};
