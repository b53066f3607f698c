import type { StepId } from "../model/ids.ts";
import { neededSteps, neededTasks, type PlannedStep } from "../model/plan.ts";
import { isAsking, type Step } from "../model/step.ts";
import { code, inline } from "./escape.ts";

type Steps = Readonly<Record<StepId, Step>>;

const MAX_ROWS = 150;

/** The steps of a plan, one a row: what each does, how and after what, and how it stands; empty without a plan. */
export const stepTable = (steps: readonly PlannedStep[], states: Steps): string => {
  if (steps.length === 0) return "";
  const begun = Object.keys(states).length > 0;
  const head = [`| step | what it does | after | ${begun ? "state" : "how"} |`, "|---|---|---|---|"];
  const rows = steps.slice(0, MAX_ROWS).map((step) => {
    const last = begun ? stateOf(states[step.id]) : how(step);
    return `| ${cell(step.id)} | ${inline(step.title, 100)} | ${needs(step)} | ${last} |`;
  });
  const more = steps.length > MAX_ROWS ? [`| … | ${steps.length - MAX_ROWS} more | | |`] : [];
  return [...head, ...rows, ...more].join("\n");
};

/** Inline code in a table: the bar would end its cell. */
const cell = (text: string): string => code(text).replaceAll("|", "\\|");

const needs = (step: PlannedStep): string => [...neededSteps(step), ...neededTasks(step)].map((need) => cell(need)).join(", ");

const how = ({ tier, role, output, checkpoint, run }: PlannedStep): string =>
  [
    run === null ? `${tier}${role === null ? "" : ` · ${inline(role, 40)}`}` : "a command",
    ...(output === "artifact" ? ["a report"] : []),
    ...(checkpoint ? ["**checkpoint**"] : []),
  ].join(" · ");

const stateOf = (step: Step | undefined): string => {
  if (!step) return "";
  const [symbol, words] = stateWords(step);
  if (step.landed) return `${symbol} ${words}${step.pull === null ? "" : ` in #${step.pull}`} as ${step.landed.commit.slice(0, 12)}`;
  return `${symbol} ${words}${step.pull === null || step.state === "done" ? "" : ` · #${step.pull}`}`;
};

/** How a step stands, as a symbol and in words. */
export const stateWords = (step: Step): readonly [string, string] => {
  const again = step.attempt > 1 ? `, attempt ${step.attempt}` : "";
  switch (step.state) {
    case "pending":
      return ["⚪", "pending"];
    case "ready":
      return ["⚪", step.attempt > 0 && step.lastFailure !== null ? "tried again soon" : "ready"];
    case "running":
      return ["🔵", `running${again}`];
    case "worker_done":
      return step.why?.code === "held" ? ["⚪", "finished; lands after what it needs"] : ["🔵", "being verified"];
    case "waiting":
      if (isAsking(step)) return ["🟡", "**waits for your answer**"];
      return ["🟡", step.pull === null ? "**waits for your approval**" : "**waits for your review**"];
    case "paused":
      return ["⏸️", "paused"];
    case "done":
      if (step.landed) return ["✅", "landed"];
      return ["✅", step.artifact ? "reported" : "nothing to change"];
    case "failed":
      return ["❌", "**failed**"];
    case "blocked":
      return ["⛔", "blocked"];
    case "skipped":
      return ["⏭️", "skipped"];
    case "cancelled":
      return ["🚫", "cancelled"];
  }
};
