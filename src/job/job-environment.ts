import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findDialect, restrictTools } from "./agent/agent-dialect.ts";
import type { JobSpec, JobPaths } from "./job-spec.ts";
import type { StepTexts } from "./step-texts.ts";

/** Of the machine's environment a job's processes get these and no others: no token, no address of an API, no command file of the runner. */
const INHERITED_VARIABLES = ["PATH", "LANG", "LC_ALL", "TZ"];

/** A value of `[agent] env` that stands for the model's key, so that the key itself is never in a file. */
const MODEL_KEY_PLACEHOLDER = "$ENKI_MODEL_KEY";

/** The environment of commands that test code: a home of their own, and nothing that they could misuse. */
export const prepareCommandEnv = async (
  machine: Readonly<Record<string, string | undefined>>,
  at: JobPaths,
): Promise<Record<string, string>> => {
  const tmp = join(at.home, "tmp");
  await mkdir(tmp, { recursive: true });
  const kept = INHERITED_VARIABLES.flatMap((name) => {
    const value = machine[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), HOME: at.home, TMPDIR: tmp, CI: "true" };
};

/** Where the files of a job are. */
type JobFiles = { readonly at: JobPaths; readonly texts: StepTexts };

/** The environment of a step's own command: that of a command, and who it is and what it works on. */
export const prepareStepEnv = async (
  machine: Readonly<Record<string, string | undefined>>,
  spec: JobSpec,
  { at, texts }: JobFiles,
): Promise<Record<string, string>> => ({
  ...(await prepareCommandEnv(machine, at)),
  ENKI_INPUTS: texts.directory,
  ENKI_KIND: spec.kind,
  ENKI_ROLE: spec.role?.name ?? (spec.kind === "plan" ? "planner" : "worker"),
  ENKI_EXECUTION: spec.execution,
  ENKI_STEP: spec.step?.id ?? "",
  ENKI_ATTEMPT: String(spec.attempt),
  ...(spec.model === null ? {} : { ENKI_MODEL: spec.model }),
  ...(makesArtifact(spec) ? { ENKI_ARTIFACT: texts.report } : {}),
  ...(spec.tools === null ? {} : { ENKI_TOOLS: spec.tools.join(",") }),
  ...spec.environment,
});

/** The environment of an agent: that of a step, what its configuration says, the model's key where that asks for it, and what leaves it only its tools. */
export const prepareAgentEnv = async (
  machine: Readonly<Record<string, string | undefined>>,
  spec: JobSpec,
  { modelKey, at, texts }: JobFiles & { readonly modelKey: string },
): Promise<Record<string, string>> => {
  const configured = Object.entries(spec.agent.env).flatMap(([name, value]) =>
    value !== MODEL_KEY_PLACEHOLDER ? [[name, value] as const] : modelKey === "" ? [] : [[name, modelKey] as const],
  );
  const dialect = findDialect(spec.agent);
  const { env, settings } = restrictTools(dialect, spec.tools);
  if (settings) await writeFile(at.settings, settings.content);
  return {
    ...(await prepareStepEnv(machine, spec, { at, texts })),
    ...(spec.model === null || !dialect?.model ? {} : { [dialect.model]: spec.model }),
    ...Object.fromEntries(configured),
    ...env,
    ...(settings && { [settings.variable]: at.settings }),
  };
};

/** True for a step that leaves a report instead of files. */
export const makesArtifact = ({ step }: JobSpec): boolean => step?.output === "artifact";

/** Whether an agent writes its report to a file: one that can only read has nothing to write it with. */
export const writesReport = (spec: JobSpec): boolean => makesArtifact(spec) && !spec.readOnly;

/** True where the agent may change files. */
export const mayEdit = (spec: JobSpec): boolean =>
  spec.kind !== "plan" && !makesArtifact(spec) && spec.role?.canEdit !== false && !spec.readOnly;
