import { ACTION_REFERENCE } from "../domain/product.ts";
import type { JobsSection } from "../config/jobs-schema.ts";
import { coordinateInPublish } from "./coordinate-in-publish.ts";
import { placeJobs } from "./place-jobs.ts";
import { renderOwnSteps } from "./render-own-steps.ts";
import { PINNED_ACTIONS, renderSetUpStep, type SetUpStep } from "./set-up-step.ts";

export type StepWorkflowChoices = {
  /** Steps before the agent works, and before a candidate is verified. */
  readonly agentSteps: readonly SetUpStep[];
  readonly verifySteps: readonly SetUpStep[];
  /** Whether the action is a copy in the repository itself. */
  readonly isVendored: boolean;
  /** Whether the model's key is a secret of the environment `enki`; otherwise it is the repository's. */
  readonly usesEnvironment: boolean;
  /** Whether an App that runs as a service coordinates; otherwise the job that publishes a result coordinates next. */
  readonly usesApp: boolean;
  /** The additions of the repository to its jobs. */
  readonly jobs: JobsSection;
};

/** The directory of the vendored action in a repository. */
export const VENDOR_DIRECTORY = ".github/enki";
/** Directories below the workspace of a job whose action is vendored: its own checkout, and the repository at work. */
const ACTION_CHECKOUT = "enki";
const WORK_CHECKOUT = "work";
/** The vendored action, as the steps of a job name it. */
export const VENDORED_ACTION = `./${ACTION_CHECKOUT}/${VENDOR_DIRECTORY}`;

const SET_UP_MARK = /^ {6}# Set-up steps of (the agent|verification)\b.*$/;
const STEP_INDENT = " ".repeat(6);
/** A line of a step, as deep as the steps of a job. */
const indentStep = (line: string): string => (line === "" ? "" : STEP_INDENT + line);

export type WorkflowChoices = Pick<StepWorkflowChoices, "isVendored" | "usesEnvironment" | "jobs">;

/** A workflow file without set-up steps for a repository, from the shipped file. */
export const renderPlainWorkflow = (shipped: string, { isVendored, usesEnvironment, jobs }: WorkflowChoices): string =>
  renderStepWorkflow(shipped, { agentSteps: [], verifySteps: [], isVendored, usesEnvironment, usesApp: true, jobs });

/** `enki-step.yml` for a repository, from the shipped file. */
export const renderStepWorkflow = (shipped: string, choices: StepWorkflowChoices): string => {
  const { isVendored, usesEnvironment, usesApp, jobs } = choices;
  const directory = isVendored ? WORK_CHECKOUT : "";
  const lines = (usesApp ? shipped : coordinateInPublish(shipped)).split("\n").flatMap((line) => {
    const mark = SET_UP_MARK.exec(line);
    if (!mark) return [line];
    const isAgent = mark[1] === "the agent";
    const own = [jobs.setup, ...(isAgent ? [] : [jobs.verify_setup])].flatMap((text) => renderOwnSteps(text, directory));
    const steps = (isAgent ? choices.agentSteps : choices.verifySteps).flatMap((step) => renderSetUpStep(step, directory));
    return [...steps, ...own].map(indentStep);
  });
  const placed = placeJobs(lines, jobs);
  const kept = usesEnvironment ? placed : placed.filter((line) => !/^ {4}environment: /.test(line));
  return (isVendored ? kept.flatMap(vendorLine(kept)) : kept).join("\n");
};

/** Makes the line of a job use the copy of the action that the job checked out from the default branch. */
const vendorLine =
  (lines: readonly string[]) =>
  (line: string, at: number): string[] => {
    if (/^ {4}steps:$/.test(line) && usesOwnAction(lines, at)) return [line, ...CHECKOUT_LINES];
    if (line.includes(`uses: ${ACTION_REFERENCE}`)) return [line.replace(`uses: ${ACTION_REFERENCE}`, `uses: ${VENDORED_ACTION}`)];
    const isOwn = /^ +with:$/.test(line) && (lines[at - 1] ?? "").includes(`uses: ${ACTION_REFERENCE}`);
    return isOwn ? [line, `${line.replace("with:", "")}  directory: ${WORK_CHECKOUT}`] : [line];
  };

/** Whether Enki's action is a step of the job with steps below this line. */
const usesOwnAction = (lines: readonly string[], at: number): boolean => {
  const steps = lines.slice(at + 1);
  const end = steps.findIndex((line) => /^ {0,4}\S/.test(line));
  return (end < 0 ? steps : steps.slice(0, end)).some((line) => line.includes(`uses: ${ACTION_REFERENCE}`));
};

const { checkout } = PINNED_ACTIONS;
const CHECKOUT_LINES = [
  "# Enki's own code, from the default branch: never from the branch that is worked on.",
  `- uses: ${checkout.name}@${checkout.commit} # ${checkout.version}`,
  "  with:",
  "    ref: ${{ github.event.repository.default_branch }}",
  `    path: ${ACTION_CHECKOUT}`,
  `    sparse-checkout: ${VENDOR_DIRECTORY}`,
  "    persist-credentials: false",
].map((line) => STEP_INDENT + line);
