import { refuse, type RefusedResult } from "../../domain/refusal.ts";

type RequiredOn = { readonly base: string; readonly check: string };
const formatCheck = ({ check }: RequiredOn): string => `\`${check.replaceAll("`", "'")}\``;

export const refuseMissingCheckJob = (required: RequiredOn): RefusedResult =>
  refuse(
    "unreported-check",
    `The check ${formatCheck(required)} of GitHub Actions is required on \`${required.base}\`, but no workflow there has a job of that name, so nothing can land.`,
    "add a job of that name to a workflow, or remove the requirement",
  );

/** `file` is the workflow whose job has the name of the check. */
export const refuseUnqueuedCheck = (required: RequiredOn, file: string | undefined): RefusedResult =>
  file === undefined
    ? refuse(
        "unreported-check",
        `The check ${formatCheck(required)} is required on \`${required.base}\`, but no workflow has a job of that name, so GitHub's merge queue would wait forever.`,
        "give a workflow with that job the triggers `pull_request` and `merge_group`",
      )
    : refuse(
        "unreported-check",
        `The check ${formatCheck(required)} is required on \`${required.base}\`, but \`${file}\` does not report it both on pull requests and on merge groups, so GitHub's merge queue would wait forever.`,
        `give \`${file}\` the triggers \`pull_request\` and \`merge_group\``,
      );

/** A check that any App may report can also be dispatched. */
export const refuseUnreportedCheck = (
  required: RequiredOn,
  file: string,
  { anyApp, onPulls }: { readonly anyApp: boolean; readonly onPulls: boolean },
): RefusedResult => {
  const dispatchAdvice = anyApp ? " or give it the trigger `workflow_dispatch`," : "";
  const condition = onPulls ? "" : ", if it runs on pull requests,";
  return refuse(
    "unreported-check",
    `The check ${formatCheck(required)} is required on \`${required.base}\`, but \`${file}\` does not report it on the commits that Enki verifies, so nothing can land.`,
    `let \`${file}\` run on pushes to \`enki/candidate/**\`,${dispatchAdvice} or${condition} set [refinery] landing = "each"`,
  );
};

export const refuseMergeMethod = (base: string, ban: string, methods: { configured: string; first: string }): RefusedResult =>
  refuse(
    "merge-method",
    `Nothing can land on \`${base}\`: \`[refinery] method\` is \`${methods.configured}\`, and ${ban}.`,
    `set [refinery] method = "${methods.first}", or "auto"`,
  );

export const refuseLandingRule = (code: string, why: { base: string; reason: string }, remedy: string): RefusedResult =>
  refuse(
    code,
    `Nothing can land on \`${why.base}\`: ${why.reason}.`,
    `${remedy}let Enki bypass the rule, and set [refinery] landing = "exact"`,
  );
