import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { captureOutput } from "./agent/capture-output.ts";
import type { Command } from "../core/domain/command.ts";
import type { Outcome, ThreadReply } from "../core/domain/outcome.ts";
import { redactSecrets, redactJson } from "../core/policy/secrets.ts";
import { removeOutputMarkers } from "../core/workflow/output-block.ts";
import { type NewBundle, readPlainFile } from "./job-bundle.ts";
import { formatPaths, renderDiscardedChanges } from "../core/messages/discarded-changes.ts";
import { cutAnswer, cutText } from "./cut-text.ts";
import { makesArtifact, mayEdit } from "./job-environment.ts";
import { isCommandOnly, type JobSpec } from "./job-spec.ts";
import { findReportedOutcome, collectThreadReplies } from "./reported-outcome.ts";
import type { WorkResult } from "./run-work.ts";
import type { WorkspaceChange } from "./job-workspace.ts";

/** A longer report is not read. In bytes. */
const MAX_REPORT_BYTES = 100_000_000;

type AttemptEvidence = {
  readonly spec: JobSpec;
  /** Where the report is, if the agent wrote one. */
  readonly artifact: string;
  readonly worked: WorkResult;
  /** A sentence where it cannot be read. */
  readonly changed: readonly WorkspaceChange[] | string;
  /** What it changed although it may not. */
  readonly discarded: readonly WorkspaceChange[];
  readonly secrets: readonly string[];
};

const BUNDLE_END_BY_AGENT_END = { refused: "failed", "timed-out": "timed-out", crashed: "crashed" } as const;

/** What an attempt comes to. */
export const evaluateAttempt = async ({ spec, artifact, worked, changed, discarded, secrets }: AttemptEvidence): Promise<NewBundle> => {
  const clean = (text: string): string => redactSecrets(text, secrets);
  const left = { ...collectAgentOutput(spec, worked, secrets), why: clean(renderDiscardedChanges(discarded.map(({ path }) => path))) };
  const failed = (why: string): NewBundle => ({ ...left, end: "failed", why });
  if (worked.end !== "finished") return { ...left, end: BUNDLE_END_BY_AGENT_END[worked.end], why: clean(worked.reason) };
  // What it changed before it asked is not kept: it was told so, and begins again with the answer.
  if (worked.tools.some((each) => isQuestionToPerson(each))) return { ...left, end: "asked", why: "It asked a person." };
  if (spec.kind === "plan") {
    const why = explainMissingPlan(spec, worked);
    return why === null ? { ...left, end: "success" } : failed(clean(why));
  }
  const stopped = findStoppingOutcome(left.outcome);
  // A report that was written is kept, whatever its outcome.
  if (stopped)
    return { ...left, ...stopped, artifact: makesArtifact(spec) ? cutText(clean(await readAgentReport(artifact, ""))) || null : null };
  if (makesArtifact(spec)) {
    const report = cutText(clean(await readAgentReport(artifact, worked.answer)));
    return report === "" ? failed("The agent left no report.") : { ...left, end: "artifact", artifact: report };
  }
  return evaluateFiles({ left, failed, clean }, { spec, changed, secrets });
};

/** What ends a step whatever its agent left: that it could not do it, or needs an answer. */
const findStoppingOutcome = (outcome: Outcome | null): Pick<NewBundle, "end" | "why"> | null => {
  if (outcome?.kind === "failed") return { end: "failed", why: outcome.reason || "The agent says that it could not do it, and not why." };
  if (outcome?.kind !== "blocked") return null;
  return { end: "asked", why: outcome.reason || "The agent says that it is blocked, and not by what." };
};

/** All that an agent said, without the secrets. */
const collectAgentOutput = (spec: JobSpec, worked: WorkResult, secrets: readonly string[]) => {
  const answer = redactSecrets(worked.answer, secrets);
  const tools = JSON.parse(redactJson(worked.tools, secrets)) as Command[];
  const outcome: Outcome | null = findReportedOutcome(spec, { tools, answer });
  const replies: readonly ThreadReply[] = collectThreadReplies(tools);
  const none = { files: [], artifact: null, transcript: worked.transcript };
  return { ...none, tools, outcome, replies, answer: cutAnswer(answer), output: captureOutput(answer) };
};

type EvaluationContext = {
  readonly left: Omit<NewBundle, "end">;
  readonly failed: (why: string) => NewBundle;
  readonly clean: (text: string) => string;
};
type AttemptChanges = Pick<AttemptEvidence, "spec" | "changed" | "secrets">;

const evaluateFiles = ({ left, failed, clean }: EvaluationContext, { spec, changed, secrets }: AttemptChanges): NewBundle => {
  if (typeof changed === "string") return failed(clean(changed));
  const leak = changed.find(({ content }) => content && secrets.some((secret) => content.includes(secret)));
  if (leak) return failed(`${JSON.stringify(leak.path)} holds the model's key.`);
  const { outcome } = left;
  if (changed.length > 0) {
    if (outcome?.kind !== "nothing-to-do") return { ...left, end: "success", files: changed };
    return failed(`The agent says that there is nothing to do, and changed ${formatPaths(changed.map(({ path }) => path))}.`);
  }
  const why = explainMissingChange(spec, outcome);
  return why === null ? { ...left, end: "unchanged", why: left.why || (outcome?.reason ?? "") } : failed(why);
};

/** Why a step that could change files may not end without a change; null where it may. Of a workflow its author's edges say what follows. */
const explainMissingChange = (spec: JobSpec, outcome: Outcome | null): string | null => {
  if (isCommandOnly(spec) || spec.conflict !== null || !mayEdit(spec)) return null;
  if (outcome === null) return "The agent ended without a change and without saying why.";
  if (outcome.kind === "nothing-to-do") return outcome.reason === "" ? "The agent says that there is nothing to do, and not why." : null;
  return spec.nodeRun === null ? "The agent says that it is done, and changed nothing." : null;
};

const isQuestionToPerson = (command: Command): boolean =>
  command.kind === "mail-send" && command.to === "user" && command.type === "request";

/** What a planner may leave in the place of a plan. */
const PLANNING_COMMANDS: readonly Command["kind"][] = ["propose", "add-steps", "create-task", "quick"];

const explainMissingPlan = ({ amendment }: JobSpec, { tools, refusedPlan }: WorkResult): string | null => {
  if (tools.some(({ kind }) => (amendment === null ? PLANNING_COMMANDS.includes(kind) : kind === "add-steps"))) return null;
  return refusedPlan === null
    ? `it never called ${amendment === null ? "enki_execution_create" : "enki_execution_add_steps"}`
    : `its plan was refused: ${refusedPlan}`;
};

/** The report that the agent wrote, else what it said last. */
const readAgentReport = async (path: string, answer: string): Promise<string> => {
  // A link in the place of its folder would lead elsewhere.
  const real = await realpath(dirname(path)).catch(() => null);
  const written = real === dirname(path) ? ((await readPlainFile(path, MAX_REPORT_BYTES))?.toString("utf8") ?? "") : "";
  return written.trim() === "" ? removeOutputMarkers(answer) : written;
};
