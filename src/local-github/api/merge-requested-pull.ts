import { z } from "zod";
import { mayPush } from "./repository-access.ts";
import { type ApiCall, type RouteHandler, okReply } from "./api-call.ts";
import { getRequestedIssue } from "./issue-routes.ts";
import type { PullMergeMethod } from "./merge-methods.ts";
import { requireMergeMethod } from "./merge-settings.ts";
import { isPullRequest, markPullMerged } from "./pull-events.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import { type MovedRef, applyPush } from "./apply-push.ts";
import { rebaseCommits } from "./rebase-commits.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { findMoveRefusal } from "./move-refusal.ts";
import type { ForgeAccount, RequestActor } from "./forge-actor.ts";
import type { ForgeState } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";

const mergeInputSchema = z.object({
  sha: z.string().optional(),
  merge_method: z.enum(["merge", "squash", "rebase"]).default("merge"),
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
});
type MergeInput = z.infer<typeof mergeInputSchema>;

export const getRequestedPull = (call: ApiCall): PullRequestIssue => {
  const issue = getRequestedIssue(call);
  if (!isPullRequest(issue)) throw notFoundRefusal();
  return issue;
};

const requireMergeable = ({ mergeSettings: settings }: ForgeRepository, issue: PullRequestIssue, input: MergeInput): void => {
  if (issue.state === "closed") throw new ApiRefusal(405, issue.pull.merged ? "Pull Request is not mergeable" : "Pull Request is closed");
  if (issue.pull.draft) throw new ApiRefusal(405, "Pull Request is still a draft");
  requireMergeMethod(settings, input.merge_method);
  if (input.sha !== undefined && input.sha !== issue.pull.head)
    throw new ApiRefusal(409, "Head branch was modified. Review and try the merge again.");
};

/** Counts the writers whose last review, comments aside, approved the pull request. */
export const countApprovals = (repository: ForgeRepository, { pull }: PullRequestIssue): number => {
  const verdicts = pull.reviews.filter(({ state, by }) => state !== "COMMENTED" && mayPush(repository, by.login));
  const last = new Map(verdicts.map(({ by, state }) => [by.login, state]));
  return [...last.values()].filter((state) => state === "APPROVED").length;
};

const requireAllowedMerge = async (
  call: ApiCall,
  issue: PullRequestIssue,
  { move, method }: { move: MovedRef; method: PullMergeMethod },
): Promise<void> => {
  const context = {
    actor: call.actor(),
    mergeOf: issue.pull.head,
    method,
    approvals: countApprovals(call.repository, issue),
    apps: call.forge.apps,
  };
  const refusal = await findMoveRefusal(call.repository, move, context);
  if (refusal?.kind === "workflows") throw new ApiRefusal(403, "Resource not accessible by integration");
  if (refusal) throw new ApiRefusal(405, refusal.reason);
};

type PullMerge = {
  readonly issue: PullRequestIssue;
  readonly base: string;
  readonly method: PullMergeMethod;
  readonly actor: RequestActor;
  readonly messageInput: Pick<MergeInput, "commit_title" | "commit_message">;
};

type MergeCommitText = { readonly title: string; readonly message: string };

/**
 * Composes GitHub's default commit text:
 * https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges
 */
const composeMergeText = async (repository: ForgeRepository, { issue, base, method }: PullMerge): Promise<MergeCommitText> => {
  const { number, title, body, pull } = issue;
  const { mergeSettings: settings } = repository;
  if (method === "merge") {
    const mergeTitle = `Merge pull request #${number} from ${repository.owner.login}/${pull.headRef}`;
    const messages = { PR_BODY: body, PR_TITLE: title, BLANK: "" };
    return {
      title: settings.merge_commit_title === "PR_TITLE" ? `${title} (#${number})` : mergeTitle,
      message: messages[settings.merge_commit_message],
    };
  }
  const commits = await Promise.all(
    (await repository.bare.listOwnCommits(base, pull.head)).map((each) => repository.bare.readMessage(each)),
  );
  const [only = ""] = commits;
  const [subject = "", ...rest] = only.split("\n");
  const single = commits.length === 1;
  const all = single ? rest.join("\n").trim() : commits.map((each) => `* ${each.trim()}`).join("\n\n");
  const messages = { PR_BODY: body, COMMIT_MESSAGES: all, BLANK: "" };
  const usesCommitSubject = single && settings.squash_merge_commit_title === "COMMIT_OR_PR_TITLE";
  return { title: `${usesCommitSubject ? subject : title} (#${number})`, message: messages[settings.squash_merge_commit_message] };
};

const composeMergeMessage = async (repository: ForgeRepository, merge: PullMerge): Promise<string> => {
  const defaults = await composeMergeText(repository, merge);
  const { commit_title: title = defaults.title, commit_message: message = defaults.message } = merge.messageInput;
  return message === "" ? `${title}\n` : `${title}\n\n${message}\n`;
};

/**
 * Creates the commit of a merge with one of the three methods, without moving a ref; null on a conflict. GitHub signs
 * the commit, except with rebase.
 */
export const createMergeCommit = async (forge: ForgeState, repository: ForgeRepository, merge: PullMerge): Promise<string | null> => {
  const { bare, signedCommits } = repository;
  const { issue, base, method, actor } = merge;
  const by = (account: ForgeAccount) => ({ login: account.login, at: forge.now() });
  if (method === "rebase") return rebaseCommits(bare, { base, head: issue.pull.head, by: by(actor.account) });
  const tree = await bare.mergeTree(base, issue.pull.head);
  if (tree === null) return null;
  const parents = method === "squash" ? [base] : [base, issue.pull.head];
  const author = method === "squash" ? issue.by : actor.account;
  const commit = await bare.commitTree(tree, { parents, message: await composeMergeMessage(repository, merge), by: by(author) });
  signedCommits.add(commit);
  return commit;
};

const CONFLICT_MESSAGES = {
  merge: "Pull Request is not mergeable",
  squash: "Pull Request is not mergeable",
  rebase: "This branch can't be rebased",
};

const mergeExclusively = async (call: ApiCall, issue: PullRequestIssue, input: MergeInput): Promise<string> => {
  const { forge, repository } = call;
  requireMergeable(repository, issue, input);
  const ref = `refs/heads/${issue.pull.baseRef}`;
  const base = await repository.bare.readRef(ref);
  const method = input.merge_method;
  const actor = call.actor();
  const commit = base === null ? null : await createMergeCommit(forge, repository, { issue, base, method, actor, messageInput: input });
  if (base === null || commit === null) throw new ApiRefusal(405, CONFLICT_MESSAGES[method]);
  await requireAllowedMerge(call, issue, { move: { ref, from: base, to: commit }, method });
  if (!(await repository.bare.moveRef(ref, base, commit)))
    throw new ApiRefusal(405, "Base branch was modified. Review and try the merge again.");
  markPullMerged(forge, repository, { issue, actor, commit });
  await applyPush(forge, repository, { actor, moves: [{ ref, from: base, to: commit }] });
  return commit;
};

export const mergeRequestedPull: RouteHandler = async (call) => {
  const issue = getRequestedPull(call);
  const input = await call.input(mergeInputSchema);
  const sha = await call.repository.bare.runExclusively(() => mergeExclusively(call, issue, input));
  return okReply({ sha, merged: true, message: "Pull Request successfully merged" });
};
