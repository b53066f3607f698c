import type { StepId } from "../model/ids.ts";
import { neededSteps, neededTasks, type PlannedStep } from "../model/plan.ts";
import { isAsking, type Step, type StepState } from "../model/step.ts";
import { code, inline } from "./escape.ts";

type Steps = Readonly<Record<StepId, Step>>;

const MAX_ROWS = 150;

/** The steps of a plan, one a row: what each does, how and after what, and how it stands; empty without a plan. */
export const stepTable = (steps: readonly PlannedStep[], states: Steps): string => {
  if (steps.length === 0) return "";
  const begun = Object.keys(states).length > 0;
  const head = [`| step | what it does | after | ${begun ? "state" : "how"} |`, "|---|---|---|---|"];
  const all = begun && steps.length > MAX_ROWS ? byUrgency(steps, states) : steps;
  const rows = all.slice(0, MAX_ROWS).map((step) => {
    const last = begun ? stateOf(states[step.id]) : how(step);
    return `| ${cell(step.id)} | ${inline(step.title, 100)} | ${needs(step)} | ${last} |`;
  });
  const rest = all.slice(MAX_ROWS);
  const more = rest.length > 0 ? [`| … | ${rest.length} more | | ${begun ? `${counted(rest, states)} ` : ""}|`] : [];
  return [...head, ...rows, ...more].join("\n");
};

/** What a person must do something about first, then what goes on; what needs no look any more comes last. */
const URGENCY: Readonly<Record<StepState, number>> = {
  waiting: 0,
  failed: 1,
  paused: 2,
  blocked: 3,
  running: 4,
  worker_done: 5,
  ready: 6,
  pending: 7,
  cancelled: 8,
  skipped: 9,
  done: 10,
};

const byUrgency = (steps: readonly PlannedStep[], states: Steps): readonly PlannedStep[] => {
  const groups: PlannedStep[][] = Object.values(URGENCY).map(() => []);
  for (const step of steps) groups[URGENCY[states[step.id]?.state ?? "pending"]]?.push(step);
  return groups.flat();
};

/** Steps that have no row of their own, by how they stand. */
const counted = (steps: readonly PlannedStep[], states: Steps): string => {
  const counts = new Map<string, { readonly symbol: string; count: number }>();
  for (const { id } of steps) {
    const step = states[id];
    const [symbol, words] = step ? stateWords({ ...step, attempt: 1 }) : ["⚪", "pending"];
    const group = counts.get(words) ?? { symbol, count: 0 };
    counts.set(words, group);
    group.count += 1;
  }
  return [...counts].map(([words, { symbol, count }]) => `${symbol} ${count} ${words}`).join(", ");
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
