import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { captureOutput } from "./agent/capture-output.ts";
import type { RecordedCommand } from "../core/domain/command.ts";
import type { Outcome, ThreadReply } from "../core/domain/outcome.ts";
import { holdsValues, redactSecrets, redactJson } from "../core/policy/secrets.ts";
import { removeOutputMarkers } from "../core/workflow/output-block.ts";
import type { NewBundle } from "./job-bundle.ts";
import { readPlainFile } from "./read-plain-file.ts";
import { formatPaths, renderDiscardedChanges } from "../core/messages/discarded-changes.ts";
import { cutAnswer, cutText, redactEnds } from "./cut-text.ts";
import { makesArtifact, mayEdit } from "./job-environment.ts";
import { isCommandOnly, type JobSpec } from "./job-spec.ts";
import { asksPerson, findReportedOutcome, collectThreadReplies } from "./reported-outcome.ts";
import type { WorkResult } from "./work-result.ts";
import type { WorkspaceChange } from "./job-workspace.ts";

/** A larger report is ignored. In bytes. */
const MAX_REPORT_BYTES = 100_000_000;

type AttemptEvidence = {
  readonly spec: JobSpec;
  /** The report's path, whether or not the agent wrote it. */
  readonly artifact: string;
  readonly worked: WorkResult;
  /** The changes, or the reason why git cannot read them. */
  readonly changed: readonly WorkspaceChange[] | string;
  /** Changes that the agent had no right to make. */
  readonly discarded: readonly WorkspaceChange[];
  readonly secrets: readonly string[];
};

const BUNDLE_END_BY_AGENT_END = { refused: "failed", "timed-out": "timed-out", crashed: "crashed" } as const;

/** Turns an attempt's result into the bundle that publish reads. */
export const evaluateAttempt = async ({ spec, artifact, worked, changed, discarded, secrets }: AttemptEvidence): Promise<NewBundle> => {
  const clean = (text: string): string => redactSecrets(text, secrets);
  const left = { ...collectAgentOutput(spec, worked, secrets), why: clean(renderDiscardedChanges(discarded.map(({ path }) => path))) };
  const failed = (why: string): NewBundle => ({ ...left, end: "failed", why });
  if (worked.end !== "finished")
    return {
      ...left,
      session: worked.session ?? null,
      end: BUNDLE_END_BY_AGENT_END[worked.end],
      why: clean(worked.reason),
      files: selectKeptFiles({ spec, changed, secrets }),
    };
  // Changes made before the question are discarded, as the tool announced: the step starts again with the answer.
  if (asksPerson(worked.tools)) return { ...left, end: "asked", why: "It asked a person." };
  if (spec.kind === "plan") {
    const why = explainMissingPlan(spec, worked);
    return why === null ? { ...left, end: "success" } : failed(clean(why));
  }
  const stopped = findStoppingOutcome(left.outcome);
  // Keep a written report whatever the outcome.
  if (stopped)
    return {
      ...left,
      ...stopped,
      artifact: makesArtifact(spec) ? cutText(redactEnds(await readAgentReport(artifact, ""), secrets)) || null : null,
    };
  if (makesArtifact(spec)) {
    const report = cutText(redactEnds(await readAgentReport(artifact, worked.answer), secrets));
    return report === "" ? failed("The agent left no report.") : { ...left, end: "artifact", artifact: report };
  }
  return evaluateFiles({ left, failed, clean }, { spec, changed, secrets });
};

/** The end of an attempt whose agent failed or is blocked; null for any other outcome. */
const findStoppingOutcome = (outcome: Outcome | null): Pick<NewBundle, "end" | "why"> | null => {
  if (outcome?.kind === "failed")
    return { end: "failed", why: outcome.reason || "The agent says that it could not do the task, but not why." };
  if (outcome?.kind !== "blocked") return null;
  return { end: "asked", why: outcome.reason || "The agent says that it is blocked, but not by what." };
};

/** The agent's answer, outcome, replies and recorded commands, without secrets. */
const collectAgentOutput = (spec: JobSpec, worked: WorkResult, secrets: readonly string[]) => {
  const redacted = redactEnds(worked.answer, secrets);
  const answer = redacted.text;
  const tools = JSON.parse(redactJson(worked.tools, secrets)) as RecordedCommand[];
  const outcome: Outcome | null = findReportedOutcome(spec, { tools, answer });
  const replies: readonly ThreadReply[] = collectThreadReplies(tools);
  const { failure, usage, transcript, check = null } = worked;
  const none = { files: [], artifact: null, transcript, failure, usage, check };
  return { ...none, tools, outcome, replies, answer: cutAnswer(redacted), output: captureOutput(answer) };
};

/** Selects the changes of an interrupted attempt for the next attempt: changes without a secret. */
const selectKeptFiles = ({ spec, changed, secrets }: AttemptChanges): readonly WorkspaceChange[] =>
  spec.kind !== "work" || isCommandOnly(spec) || typeof changed === "string"
    ? []
    : changed.filter(({ path, content }) => !holdsValues(`${path}\n${content?.toString("utf8") ?? ""}`, secrets));

type EvaluationContext = {
  readonly left: Omit<NewBundle, "end">;
  readonly failed: (why: string) => NewBundle;
  readonly clean: (text: string) => string;
};
type AttemptChanges = Pick<AttemptEvidence, "spec" | "changed" | "secrets">;

const evaluateFiles = ({ left, failed, clean }: EvaluationContext, { spec, changed, secrets }: AttemptChanges): NewBundle => {
  if (typeof changed === "string") return failed(clean(changed));
  const leak = changed.find(({ path, content }) => holdsValues(`${path}\n${content?.toString("utf8") ?? ""}`, secrets));
  if (leak) return failed(`${JSON.stringify(leak.path)} holds the model's key or another secret of the agent.`);
  const { outcome } = left;
  if (changed.length > 0) {
    if (outcome?.kind !== "nothing-to-do") return { ...left, end: "success", files: changed };
    return failed(`The agent says that there is nothing to do, but changed ${formatPaths(changed.map(({ path }) => path))}.`);
  }
  const why = explainMissingChange(spec, outcome);
  return why === null ? { ...left, end: "unchanged", why: left.why || (outcome?.reason ?? "") } : failed(why);
};

/** Why an editing step may not end without a change; null if it may. In a workflow, the file's edges decide what follows. */
const explainMissingChange = (spec: JobSpec, outcome: Outcome | null): string | null => {
  if (isCommandOnly(spec) || spec.conflict !== null || !mayEdit(spec)) return null;
  if (outcome === null) return "The agent ended without a change and without saying why.";
  if (outcome.kind === "nothing-to-do") return outcome.reason === "" ? "The agent says that there is nothing to do, but not why." : null;
  return spec.nodeRun === null ? "The agent says that it is done, but changed nothing." : null;
};

/** Commands that a planner may record instead of a plan. */
const PLANNING_COMMANDS: readonly RecordedCommand["kind"][] = ["propose", "add-steps", "create-task", "quick"];

const explainMissingPlan = ({ amendment }: JobSpec, { tools, refusedPlan }: WorkResult): string | null => {
  if (tools.some(({ kind }) => (amendment === null ? PLANNING_COMMANDS.includes(kind) : kind === "add-steps"))) return null;
  return refusedPlan === null
    ? `it never called ${amendment === null ? "enki_execution_create" : "enki_execution_add_steps"}`
    : `its plan was refused: ${refusedPlan}`;
};

/** The report file, or the last message if the file is missing or empty. */
const readAgentReport = async (path: string, answer: string): Promise<string> => {
  // A link in place of the folder would redirect the read.
  const real = await realpath(dirname(path)).catch(() => null);
  const written = real === dirname(path) ? ((await readPlainFile(path, MAX_REPORT_BYTES))?.toString("utf8") ?? "") : "";
  return written.trim() === "" ? removeOutputMarkers(answer) : written;
};
