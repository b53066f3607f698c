import { join } from "node:path";
import { mayChangeFiles, type OutputTerms } from "../core/policy/job-output.ts";
import type { JobSpec } from "./job-spec.ts";
import type { StepTexts } from "./step-texts.ts";

/** The only environment variables that a job's processes inherit: no token, API address or runner command file. */
const INHERITED_VARIABLES = ["PATH", "LANG", "LC_ALL", "TZ"];

/** The environment of verify commands: the given home, and no credential. */
export const prepareCommandEnv = (machine: Readonly<Record<string, string | undefined>>, home: string): Record<string, string> => {
  const kept = INHERITED_VARIABLES.flatMap((name) => {
    const value = machine[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), HOME: home, TMPDIR: join(home, "tmp"), CI: "true" };
};

type JobFiles = { readonly home: string; readonly texts: StepTexts };

/** The environment of a step's own command: the command environment plus the step's identity and inputs. */
export const prepareStepEnv = (
  machine: Readonly<Record<string, string | undefined>>,
  spec: JobSpec,
  { home, texts }: JobFiles,
): Record<string, string> => ({
  ...prepareCommandEnv(machine, home),
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

/** The environment of an agent, without what its preset adds: the step's, and the agent's own `variables`. */
export const prepareAgentEnv = (
  machine: Readonly<Record<string, string | undefined>>,
  spec: JobSpec,
  { variables, home, texts }: JobFiles & { readonly variables: Readonly<Record<string, string>> },
): Record<string, string> => ({
  ...prepareStepEnv(machine, spec, { home, texts }),
  ...variables,
});

/** Whether a step produces a report instead of files. */
export const makesArtifact = ({ step }: JobSpec): boolean => step?.output === "artifact";

/** Whether the agent writes its report to a file; a read-only agent cannot, so its answer is the report. */
export const writesReport = (spec: JobSpec): boolean => makesArtifact(spec) && !spec.readOnly;

/** The rights of a job's agent; publish and the coordinator judge its result by the same terms. */
export const toOutputTerms = ({ kind, step, role, readOnly }: JobSpec): OutputTerms => ({
  kind,
  output: step?.output ?? null,
  canEdit: role?.canEdit !== false,
  readOnly,
});

export const mayEdit = (spec: JobSpec): boolean => mayChangeFiles(toOutputTerms(spec));
