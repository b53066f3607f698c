import { join } from "node:path";
import { isReservedVariable, isToolVariable } from "../core/policy/job-variables.ts";
import { mayChangeFiles, type OutputTerms } from "../core/policy/job-output.ts";
import type { JobSpec } from "./job-spec.ts";
import type { StepTexts } from "./step-texts.ts";

/** The variables that a job's processes inherit, besides the places of tools: no token, API address or runner command file. */
const INHERITED_VARIABLES = ["PATH", "LANG", "LC_ALL", "TZ"];

type MachineEnv = Readonly<Record<string, string | undefined>>;

const isInherited = (name: string): boolean => INHERITED_VARIABLES.includes(name) || isToolVariable(name);

const selectVariables = (machine: MachineEnv, isSelected: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(
    Object.entries(machine).flatMap(([name, value]) => (value === undefined || !isSelected(name) ? [] : [[name, value] as const])),
  );

/** The environment of commands: the given home, the places of tools, and no credential. */
export const prepareCommandEnv = (machine: MachineEnv, home: string): Record<string, string> => ({
  ...selectVariables(machine, isInherited),
  HOME: home,
  TMPDIR: join(home, "tmp"),
  CI: "true",
});

/** The variables of `[jobs] env`: verify commands receive them, and no log shows their values. */
export const selectVerifyVariables = (machine: MachineEnv, { variables = [] }: JobSpec): Record<string, string> =>
  selectVariables(machine, (name) => variables.includes(name) && !isReservedVariable(name));

type JobFiles = { readonly home: string; readonly texts: StepTexts };

/** The environment of a step's own command: the command environment plus the step's identity and inputs. */
export const prepareStepEnv = (machine: MachineEnv, spec: JobSpec, { home, texts }: JobFiles): Record<string, string> => ({
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
  machine: MachineEnv,
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
