import type { Execution } from "../domain/execution.ts";
import { type Millis, readTaskId, type TaskId } from "../domain/ids.ts";
import type { Job, JobEnd, JobResult } from "../domain/job.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { formatUsage } from "./agent-usage.ts";
import { formatDuration } from "./duration-text.ts";
import { describeWorkCheck } from "./work-check.ts";
import { readTrialTarget } from "../domain/trial.ts";
import { escapeInline, escapeSentence, listExactly, toInlineCode } from "./escape.ts";

/** A job whose result is built. */
export type SummarizedJob = {
  readonly job: Job;
  readonly result: JobResult;
  readonly execution: Pick<Execution, "id" | "issue">;
  /** The step of a job that works on one; null for planning and verification. */
  readonly step: Pick<PlannedStep, "id" | "title" | "role"> | null;
  /** The tasks of a verified candidate; empty for its base. */
  readonly tasks: readonly TaskId[];
  readonly verify: readonly string[];
  /** Since the job was requested; null if unknown. */
  readonly took: Millis | null;
  /** The address of the repository's pages. */
  readonly repositoryUrl: string;
};

const MAX_COMMANDS_LISTED = 20;

const nameTasks = (tasks: readonly TaskId[]): string =>
  tasks.length === 0 ? "the base" : tasks.map((task) => toInlineCode(readTaskId(task)?.step ?? task)).join(", ");

const renderHeading = ({ job, step, execution, tasks }: SummarizedJob): string => {
  const title = step === null ? "" : `${toInlineCode(step.id)}: ${escapeInline(step.title, 100)}`;
  switch (job.kind) {
    case "plan":
      return `The plan of ${toInlineCode(execution.id)}`;
    case "work":
      return title;
    case "resolve":
      return `A conflict of ${title}`;
    case "verify":
      return `Verification of ${nameTasks(tasks)}${readTrialTarget(job.target) === null ? "" : " with the checks that judge it as before"}`;
  }
};

const countPlannedSteps = ({ tools }: JobResult): number => {
  const proposal = tools.findLast(({ kind }) => kind === "propose");
  return proposal?.kind === "propose" ? proposal.plan.steps.length : 0;
};

const count = (amount: number, word: string): string => `${amount} ${word}${amount === 1 ? "" : "s"}`;

const describeSuccess = ({ job, result }: SummarizedJob): string => {
  if (job.kind === "verify") return "Passed.";
  if (job.kind === "plan") return `Finished: it planned ${count(countPlannedSteps(result), "step")}.`;
  return `Finished: it changed ${count(result.files.length, "file")}.`;
};

const END_WORDS: Readonly<Record<Exclude<JobEnd, "success">, string>> = {
  artifact: "Finished: it delivered a report",
  unchanged: "Finished: it changed no file",
  failed: "Failed",
  asked: "Stopped with a question",
  "timed-out": "Stopped at its time limit",
  crashed: "Ended without a result",
  cancelled: "Stopped before its end",
  refused: "Refused",
};

/** The result in one sentence. */
const describeEnd = (summarized: SummarizedJob): string => {
  const { end, reason, outcome } = summarized.result;
  if (end === "success") return describeSuccess(summarized);
  const why = escapeSentence(reason === "" ? (outcome?.reason ?? "") : reason);
  return `${END_WORDS[end]}${why === "" ? "" : `: ${why}`}${/[.!?…]$/.test(why) ? "" : "."}`;
};

const renderFacts = ({ job, step, took, result: { usage } }: SummarizedJob): string =>
  [
    `Attempt ${job.attempt}`,
    ...(job.kind === "work" && step?.role ? [`role ${toInlineCode(step.role)}`] : []),
    ...(took === null ? [] : [formatDuration(took)]),
    ...(job.kind === "verify" ? [] : [usage ? formatUsage(usage) : "usage not reported"]),
  ].join(" · ");

/** The verify commands, and how they ended; empty without any. */
const renderVerification = ({ job, verify, result: { end, failures = [] } }: SummarizedJob): readonly string[] => {
  const list = (sentence: string, commands: readonly string[]): readonly string[] =>
    commands.length === 0 ? [] : [listExactly(sentence, commands.slice(0, MAX_COMMANDS_LISTED))];
  if (job.kind !== "verify") return end === "success" && job.kind !== "plan" ? list("Verification comes next, with", verify) : [];
  const named = (passedAgain: boolean): readonly string[] =>
    failures.filter((failure) => failure.passedAgain === passedAgain).map(({ command }) => command);
  return [
    ...(end === "success" ? list("Verified with", verify) : list("Failed in", named(false))),
    ...list("Passed only when repeated:", named(true)),
  ];
};

/** The page of a job's run: what the job was for, how it ended, what it cost, and where the request is. Texts of agents are escaped. */
export const renderJobSummary = (summarized: SummarizedJob): string => {
  const { repositoryUrl, execution } = summarized;
  return [
    `### ${renderHeading(summarized)}`,
    describeEnd(summarized),
    renderFacts(summarized),
    ...(summarized.result.check ? [`Checked its work: ${describeWorkCheck(summarized.result.check)}`] : []),
    ...renderVerification(summarized),
    `Requested in [issue ${execution.issue}](${repositoryUrl}/issues/${execution.issue}).`,
    "",
  ].join("\n\n");
};
