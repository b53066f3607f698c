import { z } from "zod";
import { type ApiCall, createdReply, type RouteHandler, okReply, type ApiRoute } from "./api-call.ts";
import { addNewIssue, requireEditor, filterIssues, changeIssueText, changeIssueState } from "./issue-routes.ts";
import { mergeRequestedPull, getRequestedPull } from "./merge-requested-pull.ts";
import { isPullRequest, reportPullEvent } from "./pull-events.ts";
import { validationRefusal, ApiRefusal } from "./api-refusal.ts";
import { rebaseCommits } from "./rebase-commits.ts";
import type { ApiJson } from "./api-urls.ts";
import { type PullRequestIssue, restPullShape, fullPullShape } from "./pull-shapes.ts";

const newPullSchema = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
});
const changedPullSchema = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  base: z.string().optional(),
});

const findBranchTip = (call: ApiCall, branch: string): Promise<string | null> => call.repository.bare.readRef(`refs/heads/${branch}`);

const refusePullField = (field: string): ApiRefusal =>
  new ApiRefusal(422, "Validation Failed", [{ resource: "PullRequest", field, code: "invalid" }]);

/** Reads the branch from `head` or `owner:head`. Refuses other owners, because this forge has no forks. */
const readHeadBranch = (call: ApiCall, head: string): string => {
  const [owner, ...branch] = head.split(":");
  if (branch.length === 0) return head;
  if (owner?.toLowerCase() !== call.repository.owner.login.toLowerCase()) throw refusePullField("head");
  return branch.join(":");
};

/** Off by default in new personal repositories: https://docs.github.com/en/actions/concepts/security/github_token */
export const requireActionsPulls = (call: ApiCall): void => {
  if (call.actor().kind === "job" && !call.repository.actionsPulls)
    throw new ApiRefusal(403, "GitHub Actions is not permitted to create or approve pull requests.");
};

const createPull: RouteHandler = async (call) => {
  requireActionsPulls(call);
  const { forge, repository } = call;
  const input = await call.input(newPullSchema);
  const headRef = readHeadBranch(call, input.head);
  const [head, base] = [await findBranchTip(call, headRef), await findBranchTip(call, input.base)];
  if (head === null) throw refusePullField("head");
  if (base === null) throw refusePullField("base");
  const size = await repository.bare.measureDiff(base, head);
  const exists = [...repository.issues.values()].some(
    ({ pull, state }) => state === "open" && pull?.headRef === headRef && pull.baseRef === input.base,
  );
  if (exists) throw validationRefusal("PullRequest", `A pull request already exists for ${repository.owner.login}:${headRef}.`);
  if (size.commits === 0) throw validationRefusal("PullRequest", `No commits between ${input.base} and ${headRef}`);
  const pull = {
    headRef,
    head,
    baseRef: input.base,
    baseSha: base,
    draft: input.draft,
    merged: null,
    reviews: [],
    pending: [],
    threads: [],
    removals: [],
    requestedReviewers: [],
    size,
  };
  const issue = addNewIssue(call, { title: input.title, body: input.body ?? "", labels: [], assignees: [], pull });
  await repository.bare.setRef(`refs/pull/${issue.number}/head`, head);
  reportPullEvent(forge, repository, { issue, action: "opened", actor: call.actor() });
  return createdReply(fullPullShape(forge, repository, { ...issue, pull }));
};

/** A single pull request with its mergeability. Lists do not report it, and neither do answers to changes: GitHub computes it later. */
const fullPullWithMergeability = async (call: ApiCall, issue: PullRequestIssue): Promise<ApiJson> => {
  const { bare } = call.repository;
  const { pull } = issue;
  const shape = fullPullShape(call.forge, call.repository, issue);
  const base = await findBranchTip(call, pull.baseRef);
  const open = issue.state === "open" && base !== null && (await bare.resolveCommit(pull.head)) !== null;
  const mergeable = open ? (await bare.mergeTree(base, pull.head)) !== null : null;
  const clean = pull.draft ? "blocked" : "clean";
  return {
    ...shape,
    mergeable,
    mergeable_state: mergeable === null ? "unknown" : mergeable ? clean : "dirty",
    // One commit ahead of the base can be rebased whenever it can be merged.
    rebaseable:
      mergeable === true &&
      (pull.size.commits === 1 || (await rebaseCommits(bare, { base: base ?? "", head: pull.head, by: null })) !== null),
  };
};

const listPulls: RouteHandler = (call) => {
  const [head, base] = [call.query("head"), call.query("base")];
  const owner = call.repository.owner.login.toLowerCase();
  const pulls = filterIssues(call, [...call.repository.issues.values()])
    .filter(isPullRequest)
    // GitHub ignores a head without its owner.
    .filter(({ pull }) => !head?.includes(":") || head === `${head.split(":")[0]}:${pull.headRef}`)
    .filter(() => !head?.includes(":") || head.split(":")[0]?.toLowerCase() === owner)
    .filter(({ pull }) => base === undefined || pull.baseRef === base);
  return call.page(pulls.map((issue) => restPullShape(call.forge, call.repository, issue)));
};

/** Changes title, body and base of a pull request and returns the previous values for an event. */
const changePullText = async (call: ApiCall, issue: PullRequestIssue, input: z.infer<typeof changedPullSchema>): Promise<ApiJson> => {
  const changes = changeIssueText(call, issue, input);
  const { pull } = issue;
  if (input.base === undefined || input.base === pull.baseRef) return changes;
  const base = { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } };
  pull.baseRef = input.base;
  pull.baseSha = (await findBranchTip(call, input.base)) ?? pull.baseSha;
  pull.size = await call.repository.bare.measureDiff(pull.baseSha, pull.head);
  return { ...changes, base };
};

const updatePull: RouteHandler = async (call) => {
  const issue = getRequestedPull(call);
  requireEditor(call, issue.by.login);
  const input = await call.input(changedPullSchema);
  const { forge, repository } = call;
  const now = forge.now();
  if (input.base !== undefined && (await findBranchTip(call, input.base)) === null) throw refusePullField("base");
  if (input.state === "open" && issue.state === "closed") await prepareReopening(call, issue);
  const changes = await changePullText(call, issue, input);
  const actor = call.actor();
  if (Object.keys(changes).length > 0) {
    issue.updated = now;
    reportPullEvent(forge, repository, { issue, action: "edited", actor, more: { changes } });
  }
  if (input.state && changeIssueState(issue, { state: input.state, reason: null, now })) {
    issue.stateReason = null;
    reportPullEvent(forge, repository, { issue, action: input.state === "closed" ? "closed" : "reopened", actor });
  }
  return okReply(fullPullShape(forge, repository, issue));
};

const refuseReopening = (reason: string): ApiRefusal => validationRefusal("PullRequest", `state cannot be changed. ${reason}`);

const requireBranchTip = async (call: ApiCall, branch: string): Promise<string> => {
  const tip = await findBranchTip(call, branch);
  if (tip === null) throw refuseReopening(`The ${branch} branch was deleted.`);
  return tip;
};

/** The branches of a closed pull request move without it. */
const prepareReopening = async (call: ApiCall, { pull, number }: PullRequestIssue): Promise<void> => {
  const { bare, issues } = call.repository;
  if (pull.merged) throw refuseReopening("The pull request was merged.");
  const [head, base] = [await requireBranchTip(call, pull.headRef), await requireBranchTip(call, pull.baseRef)];
  // A later push changes nothing: the pull request has the head of its end.
  if (await bare.isAncestor(pull.head, base))
    throw refuseReopening(`There are no new commits between ${pull.baseRef} and ${pull.headRef}.`);
  // https://github.com/isaacs/github/issues/361
  if (!(await bare.isAncestor(pull.head, head))) throw refuseReopening(`The ${pull.headRef} branch was force-pushed or recreated.`);
  const twin = [...issues.values()].find(
    (other) =>
      other.number !== number && other.state === "open" && other.pull?.headRef === pull.headRef && other.pull.baseRef === pull.baseRef,
  );
  if (twin) throw refuseReopening(`There is already an open pull request from ${pull.headRef} to ${pull.baseRef}.`);
  pull.head = head;
  pull.baseSha = base;
  await bare.setRef(`refs/pull/${number}/head`, head);
  pull.size = await bare.measureDiff(base, head);
};

const PULLS_READ = { scope: "pull_requests", level: "read" } as const;
const PULLS_WRITE = { scope: "pull_requests", level: "write" } as const;

export const pullRoutes: readonly ApiRoute[] = [
  ["GET", "/pulls", PULLS_READ, listPulls],
  ["POST", "/pulls", PULLS_WRITE, createPull],
  ["GET", "/pulls/:number", PULLS_READ, async (call) => okReply(await fullPullWithMergeability(call, getRequestedPull(call)))],
  ["PATCH", "/pulls/:number", PULLS_WRITE, updatePull],
  ["PUT", "/pulls/:number/merge", { scope: "contents", level: "write" }, mergeRequestedPull],
];
