import type { Command } from "../model/command.ts";
import type { Outcome, ThreadReply } from "../model/outcome.ts";
import { statedOutcome } from "../workflow/stated-outcome.ts";
import { isCommand, type JobSpec } from "./spec.ts";
import type { Worked } from "./work.ts";

type Report = Extract<Command, { kind: "report" }>;

const reportsOf = (tools: readonly Command[]): Report[] => tools.filter((each): each is Report => each.kind === "report");

/**
 * What an agent says that its work came to: its last call of `enki_worker_report` with an outcome, else the `status:` of its output block.
 * Null where it says nothing of that. A command's outcome is its exit code.
 */
export const outcomeOf = (spec: JobSpec, { tools, answer }: Pick<Worked, "tools" | "answer">): Outcome | null => {
  if (isCommand(spec) || spec.kind === "plan") return null;
  const { outcome, reason = "" } = reportsOf(tools).findLast((each) => each.outcome !== undefined) ?? {};
  if (outcome !== undefined) return { kind: outcome, reason: reason.trim() };
  return spec.piece?.ownStatus === true ? null : statedOutcome(answer);
};

/** The answers to review comments that its tools recorded; of two to the same comment the later. */
export const repliesOf = (tools: readonly Command[]): readonly ThreadReply[] => [
  ...new Map(reportsOf(tools).flatMap(({ replies = [] }) => replies.map((reply) => [reply.comment, reply] as const))).values(),
];
