import type { StepId } from "../model/ids.ts";
import { neededSteps, neededTasks, type PlannedStep } from "../model/plan.ts";
import { conflictOf, isAsking, isIdle, isKept, NOTHING_TO_DO, type Step, type StepState } from "../model/step.ts";
import { tryWords } from "./conflicts.ts";
import { code, inline } from "./escape.ts";

type Steps = Readonly<Record<StepId, Step>>;

const MAX_ROWS = 150;

/** The steps of a plan, one a row: what each does, how and after what, and how it stands; empty without a plan. */
export const stepTable = (steps: readonly PlannedStep[], states: Steps): string => {
  if (steps.length === 0) return "";
  const begun = Object.keys(states).length > 0;
  const head = [`| step | what it does | after | ${begun ? "state" : "how"} |`, "|---|---|---|---|"];
  const all = steps.map((planned) => ({ planned, step: states[planned.id] }));
  const sorted = begun && all.length > MAX_ROWS ? byUrgency(all) : all;
  const rows = sorted.slice(0, MAX_ROWS).map(({ planned, step }) => {
    const last = begun ? stateOf(step) : how(planned);
    return `| ${cell(planned.id)} | ${inline(planned.title, 100)} | ${needs(planned)} | ${last} |`;
  });
  const rest = sorted.slice(MAX_ROWS);
  const more = rest.length > 0 ? [`| … | ${rest.length} more | | ${begun ? `${counted(rest)} ` : ""}|`] : [];
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

type Standing = { readonly planned: PlannedStep; readonly step: Step | undefined };

const byUrgency = (all: readonly Standing[]): readonly Standing[] => {
  const groups: Standing[][] = Object.values(URGENCY).map(() => []);
  for (const each of all) groups[URGENCY[each.step?.state ?? "pending"]]?.push(each);
  return groups.flat();
};

/** Steps that have no row of their own, by how they stand. */
const counted = (all: readonly Standing[]): string => {
  const counts = new Map<string, { readonly symbol: string; count: number }>();
  for (const { step } of all) {
    const [symbol, words] = step ? plainWords(step) : NOT_BEGUN;
    const group = counts.get(words);
    if (group) group.count += 1;
    else counts.set(words, { symbol, count: 1 });
  }
  return [...counts].map(([words, { symbol, count }]) => `${symbol} ${count} ${words}`).join(", ");
};

/** Inline code in a table: the bar would end its cell. */
const cell = (text: string): string => code(text).replaceAll("|", "\\|");

const needs = (step: PlannedStep): string => [...neededSteps(step), ...neededTasks(step)].map((need) => cell(need)).join(", ");

const how = ({ tier, role, output, checkpoint, optional, run }: PlannedStep): string =>
  [
    run === null ? `${tier}${role === null ? "" : ` · ${inline(role, 40)}`}` : "a command",
    ...(output === "artifact" ? ["a report"] : []),
    ...(checkpoint ? ["**checkpoint**"] : []),
    ...(optional ? ["optional"] : []),
  ].join(" · ");

const stateOf = (step: Step | undefined): string => {
  if (!step) return "";
  const [symbol, plain] = stateWords(step);
  const reason = idleReason(step);
  const words = reason === "" ? plain : `${plain}: ${inline(reason, 100)}`;
  if (step.landed) return `${symbol} ${words}${step.pull === null ? "" : ` in #${step.pull}`} as ${step.landed.commit.slice(0, 12)}`;
  return `${symbol} ${words}${step.pull === null || step.state === "done" ? "" : ` · #${step.pull}`}`;
};

/** Why a step found nothing to do, in its agent's words; empty for any other. */
export const idleReason = ({ state, why }: Step): string => (state === "done" && why?.code === NOTHING_TO_DO ? why.why : "");

type Words = readonly [string, string];

const NOT_BEGUN: Words = ["⚪", "pending"];

/** How a step stands, as a symbol and in words. */
export const stateWords = (step: Step): Words => {
  const conflict = conflictOf(step);
  if (conflict) return ["🔵", `resolving a conflict, ${tryWords(conflict)}`];
  const [symbol, words] = plainWords(step);
  return [symbol, step.state === "running" && step.attempt > 1 ? `${words}, attempt ${step.attempt}` : words];
};

const plainWords = (step: Step): Words => {
  switch (step.state) {
    case "pending":
      return NOT_BEGUN;
    case "ready":
      return ["⚪", step.attempt > 0 && step.lastFailure !== null ? "tried again soon" : "ready"];
    case "running":
      return ["🔵", "running"];
    case "worker_done":
      return step.why?.code === "held" ? ["⚪", "finished; lands after what it needs"] : ["🔵", "being verified"];
    case "waiting":
      if (isAsking(step)) return ["🟡", "**waits for your answer**"];
      if (isKept(step)) return ["🟡", "**held by a person**"];
      if (isIdle(step)) return ["🟡", "**found nothing to do; waits for you**"];
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
