import type { Execution } from "../model/execution.ts";
import { taskId } from "../model/ids.ts";
import { neededSteps, type Plan, type PlannedStep } from "../model/plan.ts";
import type { Queue } from "../model/queue.ts";
import type { Step } from "../model/step.ts";
import { fenced, inline } from "./escape.ts";
import { mermaid } from "./graph.ts";
import { writeMarker } from "./marker.ts";

export type Shown = { readonly execution: Execution; readonly plan: Plan | null; readonly queue: Queue };

/** GitHub takes 65,536 characters. */
const LIMIT = 60_000;
const MAX_ROWS = 150;

/** The one comment of an execution: how it stands, its graph, and the next useful command. Edited in place. */
export const executionComment = ({ execution, plan, queue }: Shown): string => {
  const steps = plan?.steps ?? [];
  const parts = [
    writeMarker({ kind: "execution", id: execution.id }),
    `### ${headline(execution)}`,
    `Execution \`${execution.id}\` on \`${execution.base}\`, asked for by @\u200b${execution.by}: ${inline(execution.request, 500)}`,
    ...(steps.length > 0 ? [mermaid(steps, execution.steps) ?? "", table(execution, steps)] : []),
    ...frozen(queue, execution),
    ...failures(execution, steps),
    ...landed(execution, steps),
    ...next(execution),
  ];
  const text = parts.filter((part) => part !== "").join("\n\n");
  return text.length <= LIMIT ? text : `${text.slice(0, LIMIT)}\n\n… cut.`;
};

const headline = (execution: Execution): string => {
  const states = Object.values(execution.steps);
  const done = states.filter((step) => step.state === "done").length;
  switch (execution.state) {
    case "planning":
      return "Reading the code and making a plan";
    case "asking":
      return "The planner has a question";
    case "proposed":
      return "A plan, for your approval";
    case "running":
      return `At work: ${done} of ${states.length} steps done`;
    case "paused":
      return `Paused: ${done} of ${states.length} steps done`;
    case "done":
      return states.some((step) => step.landed) ? "Done: all of it landed" : "Done: there was nothing to land";
    case "failed":
      return `Stopped: ${done} of ${states.length} steps done`;
    case "cancelled":
      return "Cancelled";
  }
};

const table = (execution: Execution, steps: readonly PlannedStep[]): string => {
  const rows = steps.slice(0, MAX_ROWS).map((step) => row(execution, step));
  const more = steps.length > MAX_ROWS ? [`| … and ${steps.length - MAX_ROWS} more | | | | |`] : [];
  return ["| step | | tier | needs | state |", "|---|---|---|---|---|", ...rows, ...more].join("\n");
};

const row = (execution: Execution, planned: PlannedStep): string => {
  const step = execution.steps[planned.id];
  const needs = neededSteps(planned)
    .map((need) => `\`${need}\``)
    .join(", ");
  const kind = planned.checkpoint ? " · checkpoint" : "";
  return `| \`${planned.id}\` | ${inline(planned.title, 80)} | ${planned.tier}${planned.role ? ` · ${inline(planned.role, 40)}` : ""}${kind} | ${needs} | ${state(step)} |`;
};

const state = (step: Step | undefined): string => {
  if (!step) return "";
  const pull = step.pull === null ? "" : ` · #${step.pull}`;
  if (step.landed) return `landed${pull}`;
  switch (step.state) {
    case "worker_done":
      return `being verified${pull}`;
    case "waiting":
      return `**waits for your review**${pull}`;
    case "running":
      return step.attempt > 1 ? `running, attempt ${step.attempt}` : "running";
    case "done":
      return step.artifact ? "done: report" : "done: nothing to change";
    case "pending":
    case "ready":
    case "paused":
    case "failed":
    case "blocked":
    case "skipped":
    case "cancelled":
      return `${step.state}${pull}`;
  }
};

const frozen = (queue: Queue, execution: Execution): string[] =>
  queue.frozen && execution.state === "running"
    ? [`> **Nothing lands for now.** ${inline(queue.frozen.why, 500)} Go on with \`${queue.frozen.next}\`.`]
    : [];

const failures = (execution: Execution, steps: readonly PlannedStep[]): string[] => {
  const own = execution.why && steps.length === 0 ? [`**${inline(execution.why.why, 1_000)}**`] : [];
  const failed = steps.flatMap(({ id }) => {
    const step = execution.steps[id];
    if (step?.state !== "failed" || !step.why) return [];
    return [
      `**\`${id}\`: ${inline(step.why.why, 500)}**`,
      ...(step.lastFailure && step.lastFailure !== step.why.why ? [fenced(step.lastFailure)] : []),
    ];
  });
  return [...own, ...failed.slice(0, 20)];
};

const landed = (execution: Execution, steps: readonly PlannedStep[]): string[] => {
  const lines = steps.flatMap(({ id, title }) => {
    const step = execution.steps[id];
    return step?.landed
      ? [`- ${step.landed.commit.slice(0, 12)} ${inline(title, 100)}${step.pull === null ? "" : ` (#${step.pull})`}`]
      : [];
  });
  return lines.length > 0 && execution.state !== "running" ? [["Landed:", ...lines].join("\n")] : [];
};

const command = (line: string): string => `\`\`\`\n${line}\n\`\`\``;

const next = (execution: Execution): string[] => {
  switch (execution.state) {
    case "proposed":
      return [
        `Nothing runs before a person with write permission says so. To start exactly this plan:`,
        command(`/enki approve ${(execution.plan ?? "").slice(0, 12)}`),
      ];
    case "failed":
      return ["To try what failed again:", command(execution.why?.next ?? `/enki retry ${execution.id}`)];
    case "running":
      return waiting(execution);
    case "planning":
    case "asking":
    case "paused":
    case "done":
    case "cancelled":
      return [];
  }
};

const waiting = (execution: Execution): string[] =>
  Object.values(execution.steps).flatMap((step) => {
    if (step.state !== "waiting") return [];
    if (step.pull !== null) return [`\`${step.id}\` is a checkpoint: approve #${step.pull} with a review to go on.`];
    return [
      `\`${step.id}\` is a checkpoint. To go on with its result:`,
      command(`/enki approve ${taskId(execution.id, step.id)}@${(step.result ?? "").slice(0, 12)}`),
    ];
  });
