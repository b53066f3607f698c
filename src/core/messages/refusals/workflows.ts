import { refuse, type RefusedResult } from "../../domain/refusal.ts";

export const refuseUnfoundWorkflow = (name: string, places: string, suggestion: string): RefusedResult =>
  refuse("unknown-workflow", `there is no workflow "${name}": looked for ${places}`, suggestion);

export const refuseAbsentWorkflow = (name: string): RefusedResult => refuse("unknown-workflow", `There is no workflow \`${name}\`.`);

export const refuseFaultyWorkflow = (shown: string, more: string): RefusedResult =>
  refuse("bad-workflow", `The workflow has mistakes: ${shown}${more}.`, "fix its file on the default branch");

export const refuseUnknownWorkflow = (name: string, known: string, next: string): RefusedResult =>
  refuse("unknown-workflow", `There is no workflow \`${name}\`. Available workflows: ${known}.`, next);

export const refuseUnknownNode = (node: string): RefusedResult => refuse("unknown-unit", `the workflow has no role for "${node}"`);

export const refuseCallingRole = (role: string): RefusedResult =>
  refuse("unknown-unit", `role "${role}" only calls a workflow and does no work of its own`);

export const refuseMissingValue = (role: string, name: string, field: { role: string; name: string }): RefusedResult =>
  refuse("cannot-render", `role "${role}": $${name} has no value, because "${field.role}" gave no \`${field.name}\``);

export const refuseLongValue = (role: string, name: string, most: number): RefusedResult =>
  refuse("cannot-render", `role "${role}": $${name} is longer than ${most} bytes`);

export const refuseMissingList = (role: string, field: string): RefusedResult => refuse("no-list", `"${role}" gave no list \`${field}\``);

export const refuseLongList = (role: string, list: { field: string; count: number }, max: number): RefusedResult =>
  refuse("too-many-items", `"${role}" gave ${list.count} \`${list.field}\`, but at most ${max} are worked on`);

export const refuseRoleWithoutCall = (role: string): RefusedResult => refuse("no-call", `role "${role}" calls no workflow`);

export const refuseMissingCallee = (name: string): RefusedResult => refuse("unknown-workflow", `there is no workflow "${name}"`);

export const refuseDeepCalls = (most: number): RefusedResult =>
  refuse("calls-too-deep", `workflows call each other more than ${most} levels deep`);

export const refuseTemplate = (name: string, message: string): RefusedResult =>
  refuse("cannot-render", `${name}: ${message}`, 'give a default, such as `{{ default "none" .review.summary }}`, or fix the workflow');
