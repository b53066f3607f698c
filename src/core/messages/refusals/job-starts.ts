import { refuse, type Refusal } from "../../domain/refusal.ts";

/** Decisions of earlier versions, and every answer of GitHub without a known remedy. */
export const refuseJobStart = (reason: string): Refusal =>
  refuse("job-refused", `GitHub did not start the job: ${reason}`, "/enki retry").refusal;

const refuseMissingWorkflow = (): Refusal =>
  refuse(
    "workflow-missing",
    `GitHub found no \`.github/workflows/enki-step.yml\` on the default branch, so no job can start. Run \`enki init\`, push the file to that branch, and retry.`,
    "/enki retry",
  ).refusal;

const refuseDisabledActions = (reason: string): Refusal =>
  refuse(
    "actions-disabled",
    `GitHub Actions is switched off: ${reason} Switch it on in the settings of the repository or its owner, and retry.`,
    "/enki retry",
  ).refusal;

const refuseDisabledWorkflow = (): Refusal =>
  refuse(
    "workflow-disabled",
    `The workflow \`.github/workflows/enki-step.yml\` is switched off. Enable it on the Actions page of the repository, and retry.`,
    "/enki retry",
  ).refusal;

const refuseOtherWorkflow = (reason: string): Refusal =>
  refuse(
    "workflow-outdated",
    `\`.github/workflows/enki-step.yml\` on the default branch does not fit this version of Enki: ${reason} Run \`enki init\`, push the file, and retry.`,
    "/enki retry",
  ).refusal;

const refuseMissingPermission = (reason: string): Refusal =>
  refuse(
    "actions-permission",
    `Enki is not allowed to start jobs: ${reason} Grant its App the permission Actions: write, and retry.`,
    "/enki retry",
  ).refusal;

export const refuseFailedStart = (): Refusal =>
  refuse(
    "startup-failure",
    `GitHub could not start the run of \`.github/workflows/enki-step.yml\`: the file is invalid, or the repository does not allow an action in it. Run \`enki doctor\`, correct the file or the settings, and retry.`,
    "/enki retry",
  ).refusal;

export const refusePlaceholder = (action: string): Refusal =>
  refuse(
    "action-placeholder",
    `\`.github/workflows/enki-step.yml\` uses the placeholder \`${action}\`, so its job cannot start. Run \`enki init\`, which puts the published action in its place, then push the file and retry.`,
    "/enki retry",
  ).refusal;

const endSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** GitHub's texts for a rejected dispatch, which has one status for all of them. */
const REFUSALS_BY_TEXT: readonly (readonly [RegExp, (reason: string) => Refusal])[] = [
  [/\bActions (?:has|have|is|are|was) (?:been )?disabled\b/i, refuseDisabledActions],
  [/\bdisabled workflow\b/i, refuseDisabledWorkflow],
  [
    /does not have '?workflow_dispatch'? trigger|unexpected inputs provided|required input .* not provided|failed to parse workflow/i,
    refuseOtherWorkflow,
  ],
  [/resource not accessible by (?:integration|personal access token)/i, refuseMissingPermission],
];

/** Why GitHub did not start a job, with the remedy. `code`: see EffectEnding. */
export const explainJobStart = ({ code, reason }: { readonly code: string; readonly reason: string }): Refusal => {
  const [, explain] = REFUSALS_BY_TEXT.find(([text]) => text.test(reason)) ?? [];
  if (explain) return explain(endSentence(reason));
  return code === "not-found" ? refuseMissingWorkflow() : refuseJobStart(reason);
};
