import { type AgentUsage, NO_USAGE } from "../domain/agent-usage.ts";
import { listEndedAttempts } from "../domain/ended-attempts.ts";
import type { Execution } from "../domain/execution.ts";
import { sumUsage } from "../domain/execution-usage.ts";
import { type JobKey, readJobKey, toJobKey } from "../domain/job.ts";
import type { Step } from "../domain/step.ts";
import { formatCost, formatCount, formatUsageTotal } from "./agent-usage.ts";
import { formatDuration } from "./duration-text.ts";
import { toInlineCode } from "./escape.ts";

/** Addresses of runs by job; of a step's last verification by {@link toVerificationKey}. */
export type RunsByJob = Readonly<Record<string, string>>;

export const toVerificationKey = (step: string): string => `verification/${step}`;

type Attempt = {
  readonly name: string;
  readonly number: string;
  readonly ms: number | undefined;
  readonly usage: AgentUsage;
  readonly run: string;
};

const MAX_ATTEMPTS_LISTED = 100;

/** The ended attempts, and the jobs that only a report names. */
const listJobs = (execution: Execution): readonly JobKey[] => [
  ...new Set([...listEndedAttempts(execution).map((job) => toJobKey(job)), ...(Object.keys(execution.usage ?? {}) as JobKey[])]),
];

const nameJob = ({ kind, target }: { readonly kind: string; readonly target: string }): string => {
  const [, step = ""] = /^[^-]+-(.+)$/.exec(target) ?? [];
  return kind === "plan" ? "planner" : `${toInlineCode(step)}${kind === "resolve" ? " (conflict)" : ""}`;
};

const listAttempts = (execution: Execution, runs: RunsByJob): readonly Attempt[] => {
  const jobs = listJobs(execution).flatMap((key): Attempt[] => {
    const job = readJobKey(key);
    const [ms, usage, run] = [execution.times?.[key], execution.usage?.[key], runs[key]];
    if (job === null || (ms === undefined && usage === undefined && run === undefined)) return [];
    return [{ name: nameJob(job), number: String(job.attempt), ms, usage: usage ?? NO_USAGE, run: run ?? "" }];
  });
  const verified = Object.values(execution.steps).flatMap(({ id, verification }: Step): Attempt[] => {
    const run = runs[toVerificationKey(id)];
    if (run === undefined || !verification) return [];
    const name = `${toInlineCode(id)} (${verification.passed ? "verified" : "not verified"})`;
    return [{ name, number: "", ms: undefined, usage: NO_USAGE, run }];
  });
  return [...jobs, ...verified];
};

const formatAmount = (amount: number | null, format: (amount: number) => string): string =>
  amount === null ? "not reported" : format(amount);

const formatRow = ({ name, number, ms, usage, run }: Attempt, hasUsage: boolean): string => {
  const { inputTokens, outputTokens, costUsd } = usage;
  const reported =
    number === ""
      ? ["", "", ""]
      : [formatAmount(inputTokens, formatCount), formatAmount(outputTokens, formatCount), formatAmount(costUsd, formatCost)];
  const cells = [
    name,
    number,
    ms === undefined ? "" : formatDuration(ms),
    ...(hasUsage ? reported : []),
    run === "" ? "" : `[run](${run})`,
  ];
  return `| ${cells.join(" | ")} |`;
};

/** The ended attempts and the last verifications, each with its time, its run and what its agent reported; empty before the first. */
export const renderAttempts = (execution: Execution, runs: RunsByJob = {}): string => {
  const [total, all] = [sumUsage(execution), listAttempts(execution, runs)];
  if (all.length === 0) return "";
  const columns = ["step", "attempt", "time", ...(total === null ? [] : ["tokens in", "tokens out", "cost"]), "run"];
  const rows = all.slice(0, MAX_ATTEMPTS_LISTED).map((each) => formatRow(each, total !== null));
  const more = all.length > rows.length ? [`| … | ${all.length - rows.length} more |`] : [];
  const table = [`| ${columns.join(" | ")} |`, `|${"---|".repeat(columns.length)}`, ...rows, ...more].join("\n");
  const summary = total === null ? "Attempts and runs" : `Usage: ${formatUsageTotal(total)}`;
  return `<details>\n<summary>${summary}</summary>\n\n${table}\n\n</details>`;
};
