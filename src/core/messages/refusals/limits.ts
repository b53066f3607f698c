import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseManyExecutions = (login: string, most: number): Refusal =>
  refuse(
    "too-many-executions",
    `\`${login}\` started ${most} executions within an hour. Start the next one when the hour is over.`,
    "/enki status",
  ).refusal;

export const refuseBusyAgents = (login: string, most: number, kind: string): Refusal =>
  refuse("too-much-this-hour", `agents that work for ${login} reached the limit of ${most} ${kind} in an hour`).refusal;
