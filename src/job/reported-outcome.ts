import type { RecordedCommand } from "../core/domain/command.ts";
import type { Outcome, ThreadReply } from "../core/domain/outcome.ts";
import { readStatedOutcome } from "../core/workflow/read-stated-outcome.ts";
import { isCommandOnly, type JobSpec } from "./job-spec.ts";
import type { WorkResult } from "./work-result.ts";

type ReportCommand = Extract<RecordedCommand, { kind: "report" }>;

const listReports = (tools: readonly RecordedCommand[]): ReportCommand[] =>
  tools.filter((each): each is ReportCommand => each.kind === "report");

/**
 * The outcome that an agent reports: its last `enki_worker_report` call with an outcome, else the `status:` of its output block. Returns null if
 * it reports none. A command's outcome is its exit code.
 */
export const findReportedOutcome = (spec: JobSpec, { tools, answer }: Pick<WorkResult, "tools" | "answer">): Outcome | null => {
  if (isCommandOnly(spec) || spec.kind === "plan") return null;
  const { outcome, reason = "" } = listReports(tools).findLast((each) => each.outcome !== undefined) ?? {};
  if (outcome !== undefined) return { kind: outcome, reason: reason.trim() };
  return spec.nodeRun?.ownStatus === true ? null : readStatedOutcome(answer);
};

/** Whether the agent asked a person. */
export const asksPerson = (tools: readonly RecordedCommand[]): boolean =>
  tools.some((each) => each.kind === "mail-send" && each.to === "user" && each.type === "request");

/** Whether an agent that ended its turn may have left work to publish: it asked nobody, and reported no other outcome than done. */
export const hasWorkToCheck = (spec: JobSpec, said: Pick<WorkResult, "tools" | "answer">): boolean =>
  !asksPerson(said.tools) && (findReportedOutcome(spec, said)?.kind ?? "done") === "done";

/** The replies to review comments that the tools recorded; the later of two to the same comment wins. */
export const collectThreadReplies = (tools: readonly RecordedCommand[]): readonly ThreadReply[] => [
  ...new Map(listReports(tools).flatMap(({ replies = [] }) => replies.map((reply) => [reply.comment, reply] as const))).values(),
];
