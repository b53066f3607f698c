import { captureOutput } from "../agent/output.ts";
import type { Command } from "../model/command.ts";
import { redact, redactJson } from "../policy/secrets.ts";
import { type NewBundle, readRegular } from "./bundle.ts";
import { thrownAway } from "../render/thrown-away.ts";
import { cutText } from "./cut-text.ts";
import { makesArtifact } from "./environment.ts";
import { isCommand, type JobSpec } from "./spec.ts";
import { withoutMarkers } from "../workflow/output-block.ts";
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
  const said = clean(worked.answer);
  const left = {
    tools: JSON.parse(redactJson(worked.tools, secrets)) as Command[],
    transcript: worked.transcript,
    files: [],
    artifact: null,
    output: captureOutput(said),
    why: clean(thrownAway(thrown.map(({ path }) => path))),
  };
  const failed = (why: string): NewBundle => ({ ...left, end: "failed", why });
  if (worked.end !== "finished") return { ...left, end: ENDS[worked.end], why: clean(worked.why) };
  // What it changed before it asked is not kept: it was told so, and begins again with the answer.
  if (worked.tools.some((each) => isQuestion(each))) return { ...left, end: "asked", why: "It asked a person." };
  if (spec.kind === "plan") {
    const why = whyNoPlan(spec, worked);
    return why === null ? { ...left, end: "success" } : failed(clean(why));
  }
  if (makesArtifact(spec)) {
    const report = cutText(clean(await readReport(artifact, worked.answer)));
    return report === "" ? failed("The agent left no report.") : { ...left, end: "artifact", artifact: report };
  }
  return judgeFiles({ left, failed, clean }, { spec, said, changed, secrets });
};

type Left = {
  readonly left: Omit<NewBundle, "end">;
  readonly failed: (why: string) => NewBundle;
  readonly clean: (text: string) => string;
};
type Changes = Pick<Judged, "spec" | "changed" | "secrets"> & { readonly said: string };

const judgeFiles = ({ left, failed, clean }: Left, { spec, said, changed, secrets }: Changes): NewBundle => {
  if (typeof changed === "string") return failed(clean(changed));
  const leak = changed.find(({ content }) => content && secrets.some((secret) => content.includes(secret)));
  if (leak) return failed(`${JSON.stringify(leak.path)} holds the model's key.`);
  if (changed.length > 0) return { ...left, end: "success", files: changed };
  if (said.trim() === "" && !isCommand(spec)) return failed("The agent said nothing and changed nothing.");
  return { ...left, end: "unchanged" };
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

/** The report that the agent wrote, else what it said. */
const readReport = async (path: string, text: string): Promise<string> => {
  const written = (await readRegular(path, LONGEST_REPORT))?.toString("utf8") ?? "";
  return written.trim() === "" ? withoutMarkers(text) : written;
};
