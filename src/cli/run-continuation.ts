import { type Execution, hasEnded } from "../core/domain/execution.ts";
import type { Explanation, SuggestedAction } from "../core/domain/explanation.ts";
import type { Step } from "../core/domain/step.ts";
import type { Refusal } from "../core/domain/refusal.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { toTerminalLine } from "../core/messages/failure-action.ts";
import { explainLanded, INTERRUPTED_RUN } from "../core/messages/refusals/waits.ts";
import { formatRepeatCall } from "./run-request.ts";
import type { RunActivity } from "./shown-ledgers.ts";

const MAX_CALL_CHARS = 300;

/** What a person can do about an execution of `enki run`, on which nobody can comment; null after its success or its end by a person. */
export const findContinuation = (execution: Execution, activity: RunActivity): Extract<SuggestedAction, { kind: "command" }> | null => {
  const { id, state, request, workflow } = execution;
  if (activity === "at-work") return null;
  if (activity === "resumable") return { kind: "command", purpose: "continue", command: `/enki run --resume ${id}` };
  if (state === "done" || state === "cancelled") return null;
  const call = formatRepeatCall({ request: toOneLine(request, MAX_CALL_CHARS), workflow: workflow?.name ?? null });
  return { kind: "command", purpose: "retry", command: `/enki run ${call}` };
};

/** Whether the process of a run ended in the middle of the work, so that a state such as `running` is out of date. */
export const isInterruptedRun = ({ state, steps }: Execution, activity: RunActivity): boolean =>
  activity === "resumable" &&
  (state === "planning" || Object.values(steps).some((step) => step.state === "running" || step.state === "published"));

/** Reasons that promise something without a person, which only the process of the run would do. */
const INTERRUPTED_CODES: ReadonlySet<string> = new Set([
  "in-progress",
  "at-work",
  "resolving",
  "accused",
  "in-queue",
  "awaits-verdict",
  "awaits-landing",
  "awaits-pull",
  "awaits-worker",
  "awaits-stop",
  "awaits-retry",
]);

const toInterrupted = (why: Refusal): Refusal => (INTERRUPTED_CODES.has(why.code) ? INTERRUPTED_RUN : why);

/** The work of a run lands on a branch of its own, and its pull requests end with its process. */
const toLanded = (why: Refusal, step: Step | undefined, { id }: Execution): Refusal =>
  why.code === "landed" && step?.landed ? explainLanded(`enki/${id}`, step.landed.commit.slice(0, 12)) : why;

/** The explanation for an execution of `enki run`: its commands, and no claim that something runs after an interruption. */
export const explainRun = (found: Explanation, execution: Execution, activity: RunActivity): Explanation => {
  const action = findContinuation(execution, activity);
  const told = {
    ...found,
    actions: action === null ? [] : [action],
    why: toLanded(found.why, execution.steps[found.step ?? ""], execution),
    evidence: activity === "at-work" ? found.evidence : found.evidence.filter(({ kind }) => kind !== "pull"),
  };
  if (!isInterruptedRun(execution, activity)) return told;
  return {
    ...told,
    why: toInterrupted(told.why),
    steps: told.steps.map((each) => ({ ...each, why: toInterrupted(each.why) })),
    evidence: told.evidence.filter(({ kind }) => kind !== "deadline"),
  };
};

/** Why a command that only a GitHub carries out changes nothing about an execution of `enki run`, and what a person can do instead. */
export const formatRunAdvice = (execution: Execution, activity: RunActivity): string => {
  const { id } = execution;
  const head = `${id} is an execution of enki run, so GitHub does not know it;`;
  if (activity === "at-work") return `${head} its process is still running, and enki status ${id} shows the state`;
  const next = findContinuation(execution, activity);
  if (next) return `${head} to ${next.purpose === "continue" ? "continue" : "try again"}: ${toTerminalLine(next.command, 0)}`;
  const hasLanded = hasEnded(execution) && Object.values(execution.steps).some((step) => step.landed !== null);
  return `${head} ${hasLanded ? `what landed is on the branch enki/${id}` : `it is ${execution.state}`}`;
};
