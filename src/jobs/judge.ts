import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { captureOutput } from "../agent/output.ts";
import type { Command } from "../model/command.ts";
import type { Outcome, ThreadReply } from "../model/outcome.ts";
import { redact, redactJson } from "../policy/secrets.ts";
import { withoutMarkers } from "../workflow/output-block.ts";
import { type NewBundle, readRegular } from "./bundle.ts";
import { namedPaths, thrownAway } from "../render/thrown-away.ts";
import { cutAnswer, cutText } from "./cut-text.ts";
import { makesArtifact, mayEdit } from "./environment.ts";
import { isCommand, type JobSpec } from "./spec.ts";
import { outcomeOf, repliesOf } from "./stated.ts";
import type { Worked } from "./work.ts";
import type { Changed } from "./workspace.ts";

/** A longer report is not read. In bytes. */
const LONGEST_REPORT = 100_000_000;

type Judged = {
  readonly spec: JobSpec;
  /** Where the report is, if the agent wrote one. */
  readonly artifact: string;
  readonly worked: Worked;
  /** A sentence where it cannot be read. */
  readonly changed: readonly Changed[] | string;
  /** What it changed although it may not. */
  readonly thrown: readonly Changed[];
  readonly secrets: readonly string[];
};

const ENDS = { refused: "failed", "timed-out": "timed-out", crashed: "crashed" } as const;

/** What an attempt comes to. */
export const judge = async ({ spec, artifact, worked, changed, thrown, secrets }: Judged): Promise<NewBundle> => {
  const clean = (text: string): string => redact(text, secrets);
  const left = { ...wordsOf(spec, worked, secrets), why: clean(thrownAway(thrown.map(({ path }) => path))) };
  const failed = (why: string): NewBundle => ({ ...left, end: "failed", why });
  if (worked.end !== "finished") return { ...left, end: ENDS[worked.end], why: clean(worked.why) };
  // What it changed before it asked is not kept: it was told so, and begins again with the answer.
  if (worked.tools.some((each) => isQuestion(each))) return { ...left, end: "asked", why: "It asked a person." };
  if (spec.kind === "plan") {
    const why = whyNoPlan(spec, worked);
    return why === null ? { ...left, end: "success" } : failed(clean(why));
  }
  const stopped = stoppedBy(left.outcome);
  // A report that was written is kept, whatever its outcome.
  if (stopped)
    return { ...left, ...stopped, artifact: makesArtifact(spec) ? cutText(clean(await readReport(artifact, ""))) || null : null };
  if (makesArtifact(spec)) {
    const report = cutText(clean(await readReport(artifact, worked.answer)));
    return report === "" ? failed("The agent left no report.") : { ...left, end: "artifact", artifact: report };
  }
  return judgeFiles({ left, failed, clean }, { spec, changed, secrets });
};

/** What ends a step whatever its agent left: that it could not do it, or needs an answer. */
const stoppedBy = (outcome: Outcome | null): Pick<NewBundle, "end" | "why"> | null => {
  if (outcome?.kind === "failed") return { end: "failed", why: outcome.reason || "The agent says that it could not do it, and not why." };
  if (outcome?.kind !== "blocked") return null;
  return { end: "asked", why: outcome.reason || "The agent says that it is blocked, and not by what." };
};

/** All that an agent said, without the secrets. */
const wordsOf = (spec: JobSpec, worked: Worked, secrets: readonly string[]) => {
  const answer = redact(worked.answer, secrets);
  const tools = JSON.parse(redactJson(worked.tools, secrets)) as Command[];
  const outcome: Outcome | null = outcomeOf(spec, { tools, answer });
  const replies: readonly ThreadReply[] = repliesOf(tools);
  const none = { files: [], artifact: null, transcript: worked.transcript };
  return { ...none, tools, outcome, replies, answer: cutAnswer(answer), output: captureOutput(answer) };
};

type Left = {
  readonly left: Omit<NewBundle, "end">;
  readonly failed: (why: string) => NewBundle;
  readonly clean: (text: string) => string;
};
type Changes = Pick<Judged, "spec" | "changed" | "secrets">;

const judgeFiles = ({ left, failed, clean }: Left, { spec, changed, secrets }: Changes): NewBundle => {
  if (typeof changed === "string") return failed(clean(changed));
  const leak = changed.find(({ content }) => content && secrets.some((secret) => content.includes(secret)));
  if (leak) return failed(`${JSON.stringify(leak.path)} holds the model's key.`);
  const { outcome } = left;
  if (changed.length > 0) {
    if (outcome?.kind !== "nothing-to-do") return { ...left, end: "success", files: changed };
    return failed(`The agent says that there is nothing to do, and changed ${namedPaths(changed.map(({ path }) => path))}.`);
  }
  const why = whyNotUnchanged(spec, outcome);
  return why === null ? { ...left, end: "unchanged", why: left.why || (outcome?.reason ?? "") } : failed(why);
};

/** Why a step that could change files may not end without a change; null where it may. Of a workflow its author's edges say what follows. */
const whyNotUnchanged = (spec: JobSpec, outcome: Outcome | null): string | null => {
  if (isCommand(spec) || spec.conflict !== null || !mayEdit(spec)) return null;
  if (outcome === null) return "The agent ended without a change and without saying why.";
  if (outcome.kind === "nothing-to-do") return outcome.reason === "" ? "The agent says that there is nothing to do, and not why." : null;
  return spec.piece === null ? "The agent says that it is done, and changed nothing." : null;
};

const isQuestion = (command: Command): boolean => command.kind === "mail-send" && command.to === "user" && command.type === "request";

/** What a planner may leave in the place of a plan. */
const PLANS: readonly Command["kind"][] = ["propose", "add-steps", "create-task", "quick"];

const whyNoPlan = ({ adding }: JobSpec, { tools, refusedPlan }: Worked): string | null => {
  if (tools.some(({ kind }) => (adding === null ? PLANS.includes(kind) : kind === "add-steps"))) return null;
  return refusedPlan === null
    ? `it never called ${adding === null ? "enki_execution_create" : "enki_execution_add_steps"}`
    : `its plan was refused: ${refusedPlan}`;
};

/** The report that the agent wrote, else what it said last. */
const readReport = async (path: string, answer: string): Promise<string> => {
  // A link in the place of its folder would lead elsewhere.
  const real = await realpath(dirname(path)).catch(() => null);
  const written = real === dirname(path) ? ((await readRegular(path, LONGEST_REPORT))?.toString("utf8") ?? "") : "";
  return written.trim() === "" ? withoutMarkers(answer) : written;
};
