import type { Move } from "./pushes.ts";
import { ACTIONS_ID } from "./account-shape.ts";
import type { MergeMethod } from "./merge-methods.ts";
import type { Account, Actor, App, Repository, Rule } from "./state.ts";

/** What GitHub says where it refuses to move a ref: for want of a permission, or by the rules of a branch. */
export type Broken = { readonly kind: "workflows" | "rules"; readonly why: string };

/** How a ref is moved: by a push or REST, or by the merge of a pull request with this head, in one of the three ways. `queued`: by the merge queue. */
export type Way = {
  readonly actor: Actor;
  readonly mergeOf: string | null;
  readonly method?: MergeMethod;
  readonly queued?: boolean;
  readonly approvals: number;
  readonly apps: readonly App[];
};

/** Only a person, or an App with that permission, may bring in what Actions would run. */
const isGuarded = (actor: Actor): boolean => actor.kind !== "user" && actor.rights["workflows"] !== "write";

const FOLDER = ".github/workflows";

/** A tip's workflow files may not differ from those of the default branch now, also where the tip only lags behind. */
const brokenWorkflows = async ({ bare, defaultBranch }: Repository, tip: string): Promise<string | null> => {
  const [mine, now] = [await bare.object(`${tip}:${FOLDER}`), await bare.object(`refs/heads/${defaultBranch}:${FOLDER}`)];
  if (mine === null || mine === now) return null;
  const own = await bare.entries(tip, FOLDER);
  const theirs = new Map(
    (now === null ? [] : await bare.entries(`refs/heads/${defaultBranch}`, FOLDER)).map((file) => [file.name, file.sha]),
  );
  const changed = own.find(({ name, sha }) => theirs.get(name) !== sha) ?? [...theirs.keys()].map((name) => ({ name }))[0];
  return `refusing to allow a GitHub App to create or update workflow \`${FOLDER}/${changed?.name ?? ""}\` without \`workflows\` permission`;
};

type Required = { readonly context: string; readonly integration_id?: number };

const GOOD: ReadonlySet<string> = new Set(["success", "neutral", "skipped"]);

type Asked = { readonly required: Required; readonly apps: Way["apps"] };

/** How a status or a check run of that name, of that App where one is named, ended on a commit; null while it has not. Runs that were dispatched count for nothing. */
const endOf = ({ statuses, checks, runs }: Repository, sha: string, { required, apps }: Asked): "green" | "red" | null => {
  const { context, integration_id: app } = required;
  const isOf = ({ by }: { readonly by: Account }): boolean =>
    app === undefined || apps.some(({ id, account }) => id === app && account === by);
  const status = statuses.get(sha)?.find((one) => one.context === context && isOf(one));
  if (status) return status.state === "pending" ? null : status.state === "success" ? "green" : "red";
  const meaning = (conclusion: string | null | undefined): "green" | "red" | null =>
    conclusion === null || conclusion === undefined ? null : GOOD.has(conclusion) ? "green" : "red";
  const check = checks.findLast((one) => one.sha === sha && one.name === context && isOf(one));
  if (check) return meaning(check.conclusion);
  if (app !== undefined && app !== ACTIONS_ID) return null;
  const jobs = [...runs.values()]
    .filter((run) => run.sha === sha && !run.event.endsWith("_dispatch"))
    .flatMap((run) => [...run.jobs.values()].filter(({ report }) => report.name === context));
  return meaning(jobs.at(-1)?.report.conclusion);
};

/** Of the checks that a branch requires, one that is red on a commit, and one that is not green. */
export const checksAt = (
  repository: Repository,
  { branch, sha, apps }: { branch: string; sha: string; apps: Way["apps"] },
): { red: string | null; missing: string | null } => {
  const required = repository.rules
    .filter((rule) => rule.branch === branch && rule.type === "required_status_checks")
    .flatMap((rule) => parametersOf(rule).required_status_checks ?? []);
  const ends = required.map((each) => ({ name: each.context, end: endOf(repository, sha, { required: each, apps }) }));
  return {
    red: ends.find(({ end }) => end === "red")?.name ?? null,
    missing: ends.find(({ end }) => end !== "green")?.name ?? null,
  };
};

type List = {
  readonly required_status_checks?: readonly Required[];
  readonly required_approving_review_count?: number;
  readonly allowed_merge_methods?: readonly string[];
};
const parametersOf = (rule: Rule): List => rule.parameters ?? {};

type Judge = (repository: Repository, move: Move, of: { rule: Rule; way: Way }) => Promise<string | null> | string | null;

const onPush =
  (why: string, when: (move: Move) => boolean): Judge =>
  (_, move, { way }) =>
    way.mergeOf === null && when(move) ? why : null;

/** https://docs.github.com/en/rest/repos/rules: the types that this forge holds to; others are told, never held. */
const JUDGES: Readonly<Record<string, Judge>> = {
  creation: onPush("Cannot create ref due to creations being restricted.", ({ from }) => from === null),
  deletion: onPush("Cannot delete this branch", ({ to }) => to === null),
  update: onPush("Cannot update this protected ref.", ({ from, to }) => from !== null && to !== null),
  merge_queue: (_, { to }, { way }) => (to === null || way.queued === true ? null : "Changes must be made through the merge queue"),
  required_signatures: async ({ bare, signed }, { from, to }) =>
    to !== null && (await bare.commitsIn(from, to)).some((commit) => !signed.has(commit)) ? "Commits must have verified signatures." : null,
  non_fast_forward: async ({ bare }, { from, to }) =>
    from !== null && to !== null && !(await bare.isAncestor(from, to)) ? "Cannot force-push to this branch" : null,
  required_linear_history: async ({ bare }, { from, to }) =>
    to !== null && (await bare.hasMerges(from, to)) ? "This branch must not contain merge commits." : null,
  pull_request: (_, { to }, { rule, way }) => {
    const { required_approving_review_count: needed = 0, allowed_merge_methods: methods } = parametersOf(rule);
    if (way.mergeOf === null) return to === null ? null : "Changes must be made through a pull request.";
    if (methods && way.method && !methods.includes(way.method))
      return `Merge method "${way.method}" is not allowed by the rules of this branch.`;
    return way.approvals >= needed ? null : `At least ${needed} approving review is required by reviewers with write access.`;
  },
  required_status_checks: (repository, { to }, { rule, way }) => {
    if (to === null) return null;
    const red = (parametersOf(rule).required_status_checks ?? []).find(
      (required) => endOf(repository, way.mergeOf ?? to, { required, apps: way.apps }) !== "green",
    );
    return red ? `Required status check "${red.context}" is expected.` : null;
  },
};

const brokenRule = async (repository: Repository, move: Move, way: Way): Promise<string | null> => {
  for (const rule of repository.rules.filter(({ branch }) => `refs/heads/${branch}` === move.ref)) {
    const why = await JUDGES[rule.type]?.(repository, move, { rule, way });
    if (why) return why;
  }
  return null;
};

/** Why a ref may not be moved so; null where it may. Objects must be here already. */
export const brokenBy = async (repository: Repository, move: Move, way: Way): Promise<Broken | null> => {
  const lag = move.to !== null && isGuarded(way.actor) ? await brokenWorkflows(repository, move.to) : null;
  if (lag !== null) return { kind: "workflows", why: lag };
  const why = await brokenRule(repository, move, way);
  return why === null ? null : { kind: "rules", why };
};
