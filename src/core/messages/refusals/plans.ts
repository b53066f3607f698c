import { refuse, type Refusal, type RefusedResult } from "../../domain/refusal.ts";

export const refuseBadStepId = (id: string, reason: string): RefusedResult => refuse("bad-step-id", `step id '${id}' ${reason}`);

export const refuseOwnNeed = (id: string): RefusedResult => refuse("own-need", `step '${id}' cannot depend on itself`);

export const refuseUnknownNeed = (id: string, need: string): RefusedResult =>
  refuse("unknown-need", `step '${id}' depends on unknown step '${need}'`);

export const NO_STEPS_REFUSAL: RefusedResult = refuse("no-steps", "steps array must not be empty");

export const refuseTooManySteps = (maxSteps: number, count: number): RefusedResult =>
  refuse("too-many-steps", `a plan has at most ${maxSteps} steps, but this plan has ${count}`);

export const refuseDuplicateStep = (id: string): RefusedResult => refuse("duplicate-step", `duplicate step id: ${id}`);

export const refuseCycle = (cycle: string): RefusedResult => refuse("cycle", `steps form a cycle: ${cycle}`);

export const refuseExistingStep = (id: string): RefusedResult => refuse("step-exists", `step id '${id}' already exists in this execution`);

export const refuseHiddenCharacter = (name: string, found: string): Refusal =>
  refuse("hidden-character", `${name} ${found}. Remove it, because people must see what they approve.`, "").refusal;

export const refuseLong = (name: string, reason: string): Refusal => refuse("text-too-long", `${name} ${reason}.`, "").refusal;

export const refuseTrailingBlank = (name: string, line: number): Refusal =>
  refuse("hidden-character", `${name} has a blank at the end of line ${line}. Remove it, because people cannot see it.`, "").refusal;

export const refuseEmptyText = (name: string): Refusal => refuse("empty-text", `${name} is empty.`, "").refusal;

export const refuseOuterBlank = (name: string): Refusal =>
  refuse("hidden-character", `${name} begins or ends with a blank, which people cannot see.`, "").refusal;

export const refuseUnknownRole = (id: string, name: string, roles: string): RefusedResult =>
  refuse("unknown-role", `step '${id}' has unknown role '${name}'; roles: ${roles}`);

export const refuseUnknownTask = (id: string, task: string): RefusedResult =>
  refuse("bad-need", `step '${id}' depends on unknown task '${task}'`);

export const refuseMissingPlan = (missing: string, because: string, words: string): RefusedResult =>
  refuse("no-plan", `The planner ended without ${missing}${because}${words}`);

export const UNCHANGED_PLAN_REFUSAL: Refusal = refuse("plan-unchanged", "The planner proposed the same plan again.").refusal;

export const refuseAbsentTask = (id: string, task: string): RefusedResult =>
  refuse("unknown-need", `step '${id}' depends on unknown task '${task}'`);

export const refuseFaultyPlanner = (faults: number, reason: string, execution: string): Refusal =>
  refuse("planner-faults", `The planner's job failed ${faults} times: ${reason}`, `/enki retry ${execution}`).refusal;
