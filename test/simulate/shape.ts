import { type PlannedStep, LONE_STEP, type Plan } from "../../src/core/domain/plan.ts";
import { MICROS_PER_USD } from "../../src/core/domain/budget.ts";
import type { Chance } from "./chance.ts";

/** The initial conditions of a history. */
export type Shape = {
  /** Number of parallel App processes; 0 if jobs of Actions coordinate. */
  readonly coordinators: 0 | 1 | 2 | 3;
  readonly approval: "always" | "never";
  readonly parallel: number;
  readonly retries: number;
  readonly hasBudget: boolean;
  /** Duration of the faults, relative to the usual time. */
  readonly storm: number;
  readonly steps: readonly PlannedStep[];
};

/** The budget of a history that has a budget. */
export const BUDGET = { execution: 6 * MICROS_PER_USD, day: 14 * MICROS_PER_USD, attempt: MICROS_PER_USD };

export const drawShape = (chance: Chance): Shape => {
  const count = 1 + chance.below("steps", 4);
  const steps = Array.from({ length: count }, (_, at): PlannedStep => {
    const needs = Array.from({ length: at }, (_each, need) => need).filter(() => chance.number("need") < 0.4);
    return {
      ...LONE_STEP,
      id: `s${at}`,
      title: `Step ${at}`,
      description: "It writes a file.",
      tier: "standard",
      output: chance.number("output") < 0.12 ? "artifact" : "branch",
      needs: needs.map((need) => ({ step: `s${need}`, condition: "merged" })),
      checkpoint: chance.number("checkpoint") < 0.25,
    };
  });
  return {
    coordinators: ([0, 1, 1, 2, 2, 3] as const)[chance.below("coordinators", 6)] ?? 1,
    approval: chance.number("approval") < 0.4 ? "always" : "never",
    parallel: chance.below("parallel", 4),
    retries: chance.below("retries", 3),
    hasBudget: chance.number("budget") < 0.4,
    storm: 0.4 + 0.6 * chance.number("storm"),
    steps,
  };
};

export const planOf = ({ steps }: Shape): Plan => ({ steps });

/** Returns the repository's configuration. An edit changes only values that do not matter to the plan. */
export const configOf = ({ approval, parallel, retries, hasBudget }: Shape, edit: number): string => `[refinery]
verify = ["true"]
parallel = ${edit % 3 === 1 ? 1 : parallel}
retries = ${retries}
timeout_minutes = 20
[tiers.standard]
timeout_minutes = 20
[tiers.light]
timeout_minutes = 20
[workers]
max_workers = ${edit % 3 === 2 ? 1 : 10}
[plan]
approval = "${approval}"
${hasBudget ? `[budget]\nexecution = ${BUDGET.execution / MICROS_PER_USD}\nday = ${BUDGET.day / MICROS_PER_USD}\nattempt = ${BUDGET.attempt / MICROS_PER_USD}\n` : ""}`;

export const describeShape = ({ coordinators, approval, parallel, retries, hasBudget, steps }: Shape): string =>
  [
    coordinators === 0 ? "jobs of Actions coordinate" : `${coordinators} coordinator${coordinators > 1 ? "s" : ""}`,
    `approval ${approval}`,
    `parallel ${parallel}`,
    `retries ${retries}`,
    ...(hasBudget ? ["a budget"] : []),
    `steps ${steps.map(({ id, needs, checkpoint, output }) => `${id}${checkpoint ? "!" : ""}${output === "artifact" ? "?" : ""}${needs.length > 0 ? `(${needs.map((need) => ("step" in need ? need.step : "")).join(" ")})` : ""}`).join(" ")}`,
  ].join(", ");
