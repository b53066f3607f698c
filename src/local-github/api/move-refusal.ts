import type { MovedRef } from "./apply-push.ts";
import { ACTIONS_APP_ID } from "./account-shape.ts";
import type { PullMergeMethod } from "./merge-methods.ts";
import type { ForgeAccount, RequestActor, GitHubApp } from "./forge-actor.ts";
import type { ForgeRepository, BranchRule } from "./forge-repository.ts";

/** The reason why GitHub refuses to move a ref: a missing permission or a branch rule. */
export type MoveRefusal = { readonly kind: "workflows" | "rules"; readonly reason: string };

/**
 * The circumstances of a ref move. `mergeOf` is the head of the pull request that is merged, null for a push or a
 * REST call. `queued` marks moves by the merge queue.
 */
export type MoveContext = {
  readonly actor: RequestActor;
  readonly mergeOf: string | null;
  readonly method?: PullMergeMethod;
  readonly queued?: boolean;
  readonly approvals: number;
  readonly apps: readonly GitHubApp[];
};

/** Apps and jobs need the permission `workflows` to push workflow files; people do not. */
const needsWorkflowsPermission = (actor: RequestActor): boolean => actor.kind !== "user" && actor.permissions["workflows"] !== "write";

const WORKFLOWS_PATH = ".github/workflows";

/**
 * Checks that the workflow files of a tip equal those of the default branch. A tip that is only behind is refused,
 * too.
 */
const findWorkflowViolation = async ({ bare, defaultBranch }: ForgeRepository, tip: string): Promise<string | null> => {
  const [tipTree, defaultTree] = [
    await bare.resolveObject(`${tip}:${WORKFLOWS_PATH}`),
    await bare.resolveObject(`refs/heads/${defaultBranch}:${WORKFLOWS_PATH}`),
  ];
  if (tipTree === null || tipTree === defaultTree) return null;
  const tipFiles = await bare.listEntries(tip, WORKFLOWS_PATH);
  const defaultFiles = new Map(
    (defaultTree === null ? [] : await bare.listEntries(`refs/heads/${defaultBranch}`, WORKFLOWS_PATH)).map((file) => [
      file.name,
      file.sha,
    ]),
  );
  const changed = tipFiles.find(({ name, sha }) => defaultFiles.get(name) !== sha) ?? [...defaultFiles.keys()].map((name) => ({ name }))[0];
  return `refusing to allow a GitHub App to create or update workflow \`${WORKFLOWS_PATH}/${changed?.name ?? ""}\` without \`workflows\` permission`;
};

type RequiredStatusCheck = { readonly context: string; readonly integration_id?: number };

const PASSING_CONCLUSIONS: ReadonlySet<string> = new Set(["success", "neutral", "skipped"]);

type CheckQuery = { readonly required: RequiredStatusCheck; readonly apps: MoveContext["apps"] };

/**
 * The result of a status or check run on a commit, optionally from one App; null if it is missing or not completed.
 * Runs of dispatch events do not count.
 */
const findCheckEnd = ({ statuses, checks, runs }: ForgeRepository, sha: string, { required, apps }: CheckQuery): "green" | "red" | null => {
  const { context, integration_id: app } = required;
  const isOf = ({ by }: { readonly by: ForgeAccount }): boolean =>
    app === undefined || apps.some(({ id, account }) => id === app && account === by);
  const status = statuses.get(sha)?.find((one) => one.context === context && isOf(one));
  if (status) return status.state === "pending" ? null : status.state === "success" ? "green" : "red";
  const meaning = (conclusion: string | null | undefined): "green" | "red" | null =>
    conclusion === null || conclusion === undefined ? null : PASSING_CONCLUSIONS.has(conclusion) ? "green" : "red";
  const check = checks.findLast((run) => run.sha === sha && run.name === context && isOf(run));
  if (check) return meaning(check.conclusion);
  if (app !== undefined && app !== ACTIONS_APP_ID) return null;
  const jobs = [...runs.values()]
    .filter((run) => run.sha === sha && !run.event.endsWith("_dispatch"))
    .flatMap((run) => [...run.jobs.values()].filter(({ report }) => report.name === context));
  return meaning(jobs.at(-1)?.report.conclusion);
};

/** The required checks of a branch. */
export const listRequiredChecks = (repository: ForgeRepository, branch: string): readonly RequiredStatusCheck[] =>
  repository.rules
    .filter((rule) => rule.branch === branch && rule.type === "required_status_checks")
    .flatMap((rule) => ruleParametersOf(rule).required_status_checks ?? []);

/** Finds a failed check and a check that is not green among the required checks of a branch. */
export const evaluateRequiredChecks = (
  repository: ForgeRepository,
  { branch, sha, apps }: { branch: string; sha: string; apps: MoveContext["apps"] },
): { red: string | null; missing: string | null } => {
  const ends = listRequiredChecks(repository, branch).map((each) => ({
    name: each.context,
    end: findCheckEnd(repository, sha, { required: each, apps }),
  }));
  return {
    red: ends.find(({ end }) => end === "red")?.name ?? null,
    missing: ends.find(({ end }) => end !== "green")?.name ?? null,
  };
};

type RuleParameters = {
  readonly required_status_checks?: readonly RequiredStatusCheck[];
  readonly required_approving_review_count?: number;
  readonly allowed_merge_methods?: readonly string[];
};
const ruleParametersOf = (rule: BranchRule): RuleParameters => rule.parameters ?? {};

type RuleEvaluator = (
  repository: ForgeRepository,
  move: MovedRef,
  input: { rule: BranchRule; context: MoveContext },
) => Promise<string | null> | string | null;

const refusePush =
  (reason: string, matches: (move: MovedRef) => boolean): RuleEvaluator =>
  (_, move, { context }) =>
    context.mergeOf === null && matches(move) ? reason : null;

/**
 * The rule types that this forge enforces (https://docs.github.com/en/rest/repos/rules). Other rules are listed but
 * not enforced.
 */
const RULE_EVALUATORS: Readonly<Record<string, RuleEvaluator>> = {
  creation: refusePush("Cannot create ref due to creations being restricted.", ({ from }) => from === null),
  deletion: refusePush("Cannot delete this branch", ({ to }) => to === null),
  update: refusePush("Cannot update this protected ref.", ({ from, to }) => from !== null && to !== null),
  merge_queue: (_, { to }, { context }) => (to === null || context.queued === true ? null : "Changes must be made through the merge queue"),
  required_signatures: async ({ bare, signedCommits }, { from, to }) =>
    to !== null && (await bare.listNewCommits(from, to)).some((commit) => !signedCommits.has(commit))
      ? "Commits must have verified signatures."
      : null,
  non_fast_forward: async ({ bare }, { from, to }) =>
    from !== null && to !== null && !(await bare.isAncestor(from, to)) ? "Cannot force-push to this branch" : null,
  required_linear_history: async ({ bare }, { from, to }) =>
    to !== null && (await bare.hasMerges(from, to)) ? "This branch must not contain merge commits." : null,
  pull_request: (_, { to }, { rule, context }) => {
    const { required_approving_review_count: needed = 0, allowed_merge_methods: methods } = ruleParametersOf(rule);
    if (context.mergeOf === null) return to === null ? null : "Changes must be made through a pull request.";
    if (methods && context.method && !methods.includes(context.method))
      return `Merge method "${context.method}" is not allowed by the rules of this branch.`;
    return context.approvals >= needed ? null : `At least ${needed} approving review is required by reviewers with write access.`;
  },
  required_status_checks: (repository, { to }, { rule, context }) => {
    if (to === null) return null;
    const red = (ruleParametersOf(rule).required_status_checks ?? []).find(
      (required) => findCheckEnd(repository, context.mergeOf ?? to, { required, apps: context.apps }) !== "green",
    );
    return red ? `Required status check "${red.context}" is expected.` : null;
  },
};

const findRuleViolation = async (repository: ForgeRepository, move: MovedRef, context: MoveContext): Promise<string | null> => {
  for (const rule of repository.rules.filter(({ branch }) => `refs/heads/${branch}` === move.ref)) {
    const reason = await RULE_EVALUATORS[rule.type]?.(repository, move, { rule, context });
    if (reason) return reason;
  }
  return null;
};

/** Finds the reason why a ref may not be moved; null if it may. The objects must already be in the repository. */
export const findMoveRefusal = async (repository: ForgeRepository, move: MovedRef, context: MoveContext): Promise<MoveRefusal | null> => {
  const violation = move.to !== null && needsWorkflowsPermission(context.actor) ? await findWorkflowViolation(repository, move.to) : null;
  if (violation !== null) return { kind: "workflows", reason: violation };
  const reason = await findRuleViolation(repository, move, context);
  return reason === null ? null : { kind: "rules", reason };
};
