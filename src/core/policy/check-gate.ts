import { refuseMissingCheckJob, refuseUnqueuedCheck, refuseUnreportedCheck } from "../messages/refusals/landing.ts";
import { ENKI_STATUS_CONTEXT, type RequiredCheck, type BranchRules, type ActionsWorkflowFile } from "../domain/github-facts.ts";
import type { LandingTerms } from "../domain/queue.ts";
import { accept, type RefusedResult, type Result } from "../domain/refusal.ts";
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
  else if (where.dispatchFile === null || (isRule && check.app !== null)) return refuseUnreported(base, check, where);
  else placeDispatchedCheck(found, check, { file: where.dispatchFile, isRule });
  return null;
};

/** GitHub's merge queue needs green checks on the pull request first, and then on its merge group. */
const placeQueuedCheck = ({ headChecks }: PlacedChecks, { base, check, where }: CheckPlacement): RefusedResult | null => {
  if (where !== null && !(where.group && (where.pull || where.candidate)))
    return refuseUnqueuedCheck({ base, check: check.name }, where.files[0]);
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

const refuseUnreported = (base: string, { name, app }: RequiredCheck, { files: [file], pull }: CheckReporters): RefusedResult =>
  file === undefined
    ? refuseMissingCheckJob({ base, check: name })
    : refuseUnreportedCheck({ base, check: name }, file, { anyApp: app === null, onPulls: pull });
