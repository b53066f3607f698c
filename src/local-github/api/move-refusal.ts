import type { MovedRef } from "./apply-push.ts";
import { ACTIONS_APP_ID } from "./account-shape.ts";
import type { PullMergeMethod } from "./merge-methods.ts";
import type { ForgeAccount, RequestActor, GitHubApp } from "./forge-actor.ts";
import type { ForgeRepository, BranchRule } from "./forge-repository.ts";

/** What GitHub says where it refuses to move a ref: for want of a permission, or by the rules of a branch. */
export type MoveRefusal = { readonly kind: "workflows" | "rules"; readonly reason: string };

/** How a ref is moved: by a push or REST, or by the merge of a pull request with this head, in one of the three ways. `queued`: by the merge queue. */
export type MoveContext = {
  readonly actor: RequestActor;
  readonly mergeOf: string | null;
  readonly method?: PullMergeMethod;
  readonly queued?: boolean;
  readonly approvals: number;
  readonly apps: readonly GitHubApp[];
};

/** Only a person, or an App with that permission, may bring in what Actions would run. */
const needsWorkflowsPermission = (actor: RequestActor): boolean => actor.kind !== "user" && actor.rights["workflows"] !== "write";

const WORKFLOWS_PATH = ".github/workflows";

/** A tip's workflow files may not differ from those of the default branch now, also where the tip only lags behind. */
const findWorkflowViolation = async ({ bare, defaultBranch }: ForgeRepository, tip: string): Promise<string | null> => {
  const [mine, now] = [await bare.object(`${tip}:${WORKFLOWS_PATH}`), await bare.object(`refs/heads/${defaultBranch}:${WORKFLOWS_PATH}`)];
  if (mine === null || mine === now) return null;
  const own = await bare.entries(tip, WORKFLOWS_PATH);
  const theirs = new Map(
    (now === null ? [] : await bare.entries(`refs/heads/${defaultBranch}`, WORKFLOWS_PATH)).map((file) => [file.name, file.sha]),
  );
  const changed = own.find(({ name, sha }) => theirs.get(name) !== sha) ?? [...theirs.keys()].map((name) => ({ name }))[0];
  return `refusing to allow a GitHub App to create or update workflow \`${WORKFLOWS_PATH}/${changed?.name ?? ""}\` without \`workflows\` permission`;
};

type RequiredStatusCheck = { readonly context: string; readonly integration_id?: number };

const PASSING_CONCLUSIONS: ReadonlySet<string> = new Set(["success", "neutral", "skipped"]);

type CheckQuery = { readonly required: RequiredStatusCheck; readonly apps: MoveContext["apps"] };

/** How a status or a check run of that name, of that App where one is named, ended on a commit; null while it has not. Runs that were dispatched count for nothing. */
const findCheckEnd = ({ statuses, checks, runs }: ForgeRepository, sha: string, { required, apps }: CheckQuery): "green" | "red" | null => {
  const { context, integration_id: app } = required;
  const isOf = ({ by }: { readonly by: ForgeAccount }): boolean =>
    app === undefined || apps.some(({ id, account }) => id === app && account === by);
  const status = statuses.get(sha)?.find((one) => one.context === context && isOf(one));
  if (status) return status.state === "pending" ? null : status.state === "success" ? "green" : "red";
  const meaning = (conclusion: string | null | undefined): "green" | "red" | null =>
    conclusion === null || conclusion === undefined ? null : PASSING_CONCLUSIONS.has(conclusion) ? "green" : "red";
  const check = checks.findLast((one) => one.sha === sha && one.name === context && isOf(one));
  if (check) return meaning(check.conclusion);
  if (app !== undefined && app !== ACTIONS_APP_ID) return null;
  const jobs = [...runs.values()]
    .filter((run) => run.sha === sha && !run.event.endsWith("_dispatch"))
    .flatMap((run) => [...run.jobs.values()].filter(({ report }) => report.name === context));
  return meaning(jobs.at(-1)?.report.conclusion);
};

/** Of the checks that a branch requires, one that is red on a commit, and one that is not green. */
export const evaluateRequiredChecks = (
  repository: ForgeRepository,
  { branch, sha, apps }: { branch: string; sha: string; apps: MoveContext["apps"] },
): { red: string | null; missing: string | null } => {
  const required = repository.rules
    .filter((rule) => rule.branch === branch && rule.type === "required_status_checks")
    .flatMap((rule) => ruleParametersOf(rule).required_status_checks ?? []);
  const ends = required.map((each) => ({ name: each.context, end: findCheckEnd(repository, sha, { required: each, apps }) }));
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
  of: { rule: BranchRule; way: MoveContext },
) => Promise<string | null> | string | null;

const refusePush =
  (why: string, when: (move: MovedRef) => boolean): RuleEvaluator =>
  (_, move, { way }) =>
    way.mergeOf === null && when(move) ? why : null;

/** https://docs.github.com/en/rest/repos/rules: the types that this forge holds to; others are told, never held. */
const RULE_EVALUATORS: Readonly<Record<string, RuleEvaluator>> = {
  creation: refusePush("Cannot create ref due to creations being restricted.", ({ from }) => from === null),
  deletion: refusePush("Cannot delete this branch", ({ to }) => to === null),
  update: refusePush("Cannot update this protected ref.", ({ from, to }) => from !== null && to !== null),
  merge_queue: (_, { to }, { way }) => (to === null || way.queued === true ? null : "Changes must be made through the merge queue"),
  required_signatures: async ({ bare, signedCommits }, { from, to }) =>
    to !== null && (await bare.commitsIn(from, to)).some((commit) => !signedCommits.has(commit))
      ? "Commits must have verified signatures."
      : null,
  non_fast_forward: async ({ bare }, { from, to }) =>
    from !== null && to !== null && !(await bare.isAncestor(from, to)) ? "Cannot force-push to this branch" : null,
  required_linear_history: async ({ bare }, { from, to }) =>
    to !== null && (await bare.hasMerges(from, to)) ? "This branch must not contain merge commits." : null,
  pull_request: (_, { to }, { rule, way }) => {
    const { required_approving_review_count: needed = 0, allowed_merge_methods: methods } = ruleParametersOf(rule);
    if (way.mergeOf === null) return to === null ? null : "Changes must be made through a pull request.";
    if (methods && way.method && !methods.includes(way.method))
      return `Merge method "${way.method}" is not allowed by the rules of this branch.`;
    return way.approvals >= needed ? null : `At least ${needed} approving review is required by reviewers with write access.`;
  },
  required_status_checks: (repository, { to }, { rule, way }) => {
    if (to === null) return null;
    const red = (ruleParametersOf(rule).required_status_checks ?? []).find(
      (required) => findCheckEnd(repository, way.mergeOf ?? to, { required, apps: way.apps }) !== "green",
    );
    return red ? `Required status check "${red.context}" is expected.` : null;
  },
};

const findRuleViolation = async (repository: ForgeRepository, move: MovedRef, way: MoveContext): Promise<string | null> => {
  for (const rule of repository.rules.filter(({ branch }) => `refs/heads/${branch}` === move.ref)) {
    const why = await RULE_EVALUATORS[rule.type]?.(repository, move, { rule, way });
    if (why) return why;
  }
  return null;
};

/** Why a ref may not be moved so; null where it may. Objects must be here already. */
export const findMoveRefusal = async (repository: ForgeRepository, move: MovedRef, way: MoveContext): Promise<MoveRefusal | null> => {
  const lag = move.to !== null && needsWorkflowsPermission(way.actor) ? await findWorkflowViolation(repository, move.to) : null;
  if (lag !== null) return { kind: "workflows", reason: lag };
  const why = await findRuleViolation(repository, move, way);
  return why === null ? null : { kind: "rules", reason: why };
};
