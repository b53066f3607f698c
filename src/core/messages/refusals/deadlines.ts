import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseUnansweredPlanner = (next: string): Refusal => refuse("no-answer", "Nobody answered the planner in time.", next).refusal;

export const refuseUnapprovedPlan = (next: string): Refusal => refuse("no-approval", "Nobody approved the plan in time.", next).refusal;

export const refuseUnansweredStep = (next: string): Refusal => refuse("no-answer", "Nobody answered it in time.", next).refusal;

export const refuseLongHold = (reason: string, next: string): Refusal =>
  refuse("held-too-long", `It was held too long. ${reason}`, next).refusal;

export const refuseUnapprovedStep = (next: string): Refusal => refuse("no-approval", "Nobody approved it in time.", next).refusal;
