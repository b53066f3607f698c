import { ENKI_STATUS_CONTEXT, type RequiredCheck, type BranchRules, type ActionsWorkflowFile } from "../domain/github-facts.ts";
import type { LandingTerms } from "../domain/queue.ts";
import { accept, refuse, type RefusedResult, type Result } from "../domain/refusal.ts";
import { ACTIONS_APP_IDS, type CheckReporters, findCheckReporters } from "./check-reporters.ts";

export type CheckGate = Pick<LandingTerms, "checks" | "headChecks" | "dispatchedWorkflows" | "ownChecks">;

type GateInputs = {
  readonly base: string;
  readonly mode: LandingTerms["mode"];
  /** Checks of the branch rules: GitHub requires them on the landing commit or on the head of the pull request. */
  readonly rules: BranchRules["checks"];
  /** Checks of the configuration, which only Enki waits for. */
  readonly configured: readonly RequiredCheck[];
  readonly files: readonly ActionsWorkflowFile[];
};

const toCheckKey = ({ name, app }: RequiredCheck): string => JSON.stringify([name, app]);

/** Whether a workflow of this repository may report the check, judging by name and app. */
export const isFromActions = ({ name, app }: RequiredCheck): boolean =>
  name !== "*" && name !== ENKI_STATUS_CONTEXT && (app === null || ACTIONS_APP_IDS.has(app));

/**
 * Decides where to wait for each required check: on the candidate, or on the head of its pull request if workflows report it only there.
 * Enki reports `enki/refinery` itself before the landing. Refusal: `unreported-check`, for a check that would never report.
 */
export const chooseCheckGate = ({ base, mode, rules, configured, files }: GateInputs): Result<CheckGate> => {
  const found: PlacedChecks = { checks: new Map(), headChecks: new Map(), dispatchedWorkflows: new Set(), ownChecks: new Set() };
  for (const check of [...configured, ...rules]) {
    const isRule = rules.includes(check);
    const refused =
      check.name === ENKI_STATUS_CONTEXT
        ? addOwnCheck(found, check, isRule)
        : placeCheck(found, { base, check, mode, isRule, where: findReportersOfCheck(check, files, base) });
    if (refused) return refused;
  }
  return accept(toCheckGate(found));
};

const findReportersOfCheck = (check: RequiredCheck, files: readonly ActionsWorkflowFile[], base: string): CheckReporters | null =>
  isFromActions(check) ? findCheckReporters(files, check, base) : null;

type CheckPlacement = Pick<GateInputs, "base" | "mode"> & {
  readonly check: RequiredCheck;
  readonly isRule: boolean;
  readonly where: CheckReporters | null;
};

/** Returns a refusal if no workflow would report the check. */
const placeCheck = (found: PlacedChecks, placing: CheckPlacement): RefusedResult | null => {
  const { base, check, mode, isRule, where } = placing;
  if (mode === "queue" && isRule) return placeQueuedCheck(found, placing);
  if (where === null || where.candidate) found.checks.set(toCheckKey(check), check);
  else if (mode === "each" && where.pull) found.headChecks.set(toCheckKey(check), check);
  else if (where.dispatchFile === null || (isRule && check.app !== null)) return refuseUnreportedCheck(base, check, where);
  else placeDispatchedCheck(found, check, { file: where.dispatchFile, isRule });
  return null;
};

/** GitHub's merge queue needs green checks on the pull request first, and then on its merge group. */
const placeQueuedCheck = ({ headChecks }: PlacedChecks, { base, check, where }: CheckPlacement): RefusedResult | null => {
  if (where !== null && !(where.group && (where.pull || where.candidate))) return refuseUnqueuedCheck(base, check, where);
  headChecks.set(toCheckKey(check), check);
  return null;
};

type PlacedChecks = {
  readonly checks: Map<string, RequiredCheck>;
  readonly headChecks: Map<string, RequiredCheck>;
  readonly dispatchedWorkflows: Set<string>;
  readonly ownChecks: Set<string>;
};

const addOwnCheck = ({ ownChecks }: PlacedChecks, { name }: RequiredCheck, isRule: boolean): null => {
  if (isRule) ownChecks.add(name);
  return null;
};

/** GitHub's rules ignore checks of dispatched workflows, so Enki repeats the conclusion as a status. */
const placeDispatchedCheck = (found: PlacedChecks, check: RequiredCheck, { file, isRule }: { file: string; isRule: boolean }): void => {
  found.checks.set(toCheckKey(check), check);
  found.dispatchedWorkflows.add(file);
  addOwnCheck(found, check, isRule);
};

const toCheckGate = ({ checks, headChecks, dispatchedWorkflows, ownChecks }: PlacedChecks): CheckGate => ({
  checks: [...checks.values()],
  ...(headChecks.size > 0 && { headChecks: [...headChecks.values()] }),
  ...(dispatchedWorkflows.size > 0 && { dispatchedWorkflows: [...dispatchedWorkflows] }),
  ...(ownChecks.size > 0 && { ownChecks: [...ownChecks] }),
});

const refuseUnqueuedCheck = (base: string, { name }: RequiredCheck, { files }: CheckReporters): RefusedResult => {
  const check = `The check \`${name.replaceAll("`", "'")}\` is required on \`${base}\``;
  const [file] = files;
  const message = `${check}, but ${file === undefined ? "no workflow has a job of that name" : `\`${file}\` does not report it both on pull requests and on merge groups`}, so GitHub's merge queue would wait forever.`;
  return refuse(
    "unreported-check",
    message,
    `give ${file === undefined ? "a workflow with that job" : `\`${file}\``} the triggers \`pull_request\` and \`merge_group\``,
  );
};

const refuseUnreportedCheck = (base: string, { name, app }: RequiredCheck, where: CheckReporters): RefusedResult => {
  const check = `The check \`${name.replaceAll("`", "'")}\``;
  const [file] = where.files;
  if (file === undefined)
    return refuse(
      "unreported-check",
      `${check} of GitHub Actions is required on \`${base}\`, but no workflow there has a job of that name, so nothing can land.`,
      "add a job of that name to a workflow, or remove the requirement",
    );
  const message = `${check} is required on \`${base}\`, but \`${file}\` does not report it on the commits that Enki verifies, so nothing can land.`;
  const dispatchAdvice = app === null ? ` or give it the trigger \`workflow_dispatch\`,` : "";
  const modeAdvice = where.pull
    ? ' or set [refinery] landing = "each"'
    : ' or, if it runs on pull requests, set [refinery] landing = "each"';
  return refuse("unreported-check", message, `let \`${file}\` run on pushes to \`enki/candidate/**\`,${dispatchAdvice}${modeAdvice}`);
};
