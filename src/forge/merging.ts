import { z } from "zod";
import { mayPush } from "./access.ts";
import { type Call, type Handler, ok } from "./exchange.ts";
import { issueOf } from "./issues.ts";
import type { MergeMethod } from "./merge-methods.ts";
import { demandMethod } from "./merge-settings.ts";
import { isPull, markMerged } from "./pull-events.ts";
import type { PullIssue } from "./pull-shapes.ts";
import { type Move, pushed } from "./pushes.ts";
import { rebased } from "./rebasing.ts";
import { notFound, Refusal } from "./refusal.ts";
import { brokenBy } from "./rules.ts";
import type { Account, Actor, Forge, Repository } from "./state.ts";

const merging = z.object({
  sha: z.string().optional(),
  merge_method: z.enum(["merge", "squash", "rebase"]).default("merge"),
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
});
type Merging = z.infer<typeof merging>;

export const pullOf = (call: Call): PullIssue => {
  const issue = issueOf(call);
  if (!isPull(issue)) throw notFound();
  return issue;
};

const demandMergeable = ({ merging: settings }: Repository, issue: PullIssue, input: Merging): void => {
  if (issue.state === "closed") throw new Refusal(405, issue.pull.merged ? "Pull Request is not mergeable" : "Pull Request is closed");
  if (issue.pull.draft) throw new Refusal(405, "Pull Request is still a draft");
  demandMethod(settings, input.merge_method);
  if (input.sha !== undefined && input.sha !== issue.pull.head)
    throw new Refusal(409, "Head branch was modified. Review and try the merge again.");
};

/** How many of those who may write had yes as their last word. */
export const approvalsOf = (repository: Repository, { pull }: PullIssue): number => {
  const words = pull.reviews.filter(({ state, by }) => state !== "COMMENTED" && mayPush(repository, by.login));
  const last = new Map(words.map(({ by, state }) => [by.login, state]));
  return [...last.values()].filter((state) => state === "APPROVED").length;
};

const demandUnbroken = async (call: Call, issue: PullIssue, { moving, method }: { moving: Move; method: MergeMethod }): Promise<void> => {
  const way = {
    actor: call.actor(),
    mergeOf: issue.pull.head,
    method,
    approvals: approvalsOf(call.repository, issue),
    apps: call.forge.apps,
  };
  const broken = await brokenBy(call.repository, moving, way);
  if (broken?.kind === "workflows") throw new Refusal(403, "Resource not accessible by integration");
  if (broken) throw new Refusal(405, broken.why);
};

type Merge = {
  readonly issue: PullIssue;
  readonly base: string;
  readonly method: MergeMethod;
  readonly actor: Actor;
  readonly words: Pick<Merging, "commit_title" | "commit_message">;
};

type Words = { readonly title: string; readonly message: string };

/** What GitHub writes by itself: https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges */
const wordsOf = async (repository: Repository, { issue, base, method }: Merge): Promise<Words> => {
  const { number, title, body, pull } = issue;
  const { merging: settings } = repository;
  if (method === "merge") {
    const own = `Merge pull request #${number} from ${repository.owner.login}/${pull.headRef}`;
    const messages = { PR_BODY: body, PR_TITLE: title, BLANK: "" };
    return {
      title: settings.merge_commit_title === "PR_TITLE" ? `${title} (#${number})` : own,
      message: messages[settings.merge_commit_message],
    };
  }
  const commits = await Promise.all((await repository.bare.ownCommits(base, pull.head)).map((each) => repository.bare.message(each)));
  const [only = ""] = commits;
  const [subject = "", ...rest] = only.split("\n");
  const single = commits.length === 1;
  const all = single ? rest.join("\n").trim() : commits.map((each) => `* ${each.trim()}`).join("\n\n");
  const messages = { PR_BODY: body, COMMIT_MESSAGES: all, BLANK: "" };
  const ofCommit = single && settings.squash_merge_commit_title === "COMMIT_OR_PR_TITLE";
  return { title: `${ofCommit ? subject : title} (#${number})`, message: messages[settings.squash_merge_commit_message] };
};

const textOf = async (repository: Repository, merge: Merge): Promise<string> => {
  const own = await wordsOf(repository, merge);
  const { commit_title: title = own.title, commit_message: message = own.message } = merge.words;
  return message === "" ? `${title}\n` : `${title}\n\n${message}\n`;
};

/** The commit that a merge makes, in one of three ways, without moving anything; null for a conflict. GitHub signs all but rebased ones. */
export const makeMerge = async (forge: Forge, repository: Repository, merge: Merge): Promise<string | null> => {
  const { bare, signed } = repository;
  const { issue, base, method, actor } = merge;
  const by = (account: Account) => ({ login: account.login, at: forge.now() });
  if (method === "rebase") return rebased(bare, { base, head: issue.pull.head, by: by(actor.account) });
  const tree = await bare.mergeTree(base, issue.pull.head);
  if (tree === null) return null;
  const parents = method === "squash" ? [base] : [base, issue.pull.head];
  const author = method === "squash" ? issue.by : actor.account;
  const commit = await bare.commitTree(tree, { parents, message: await textOf(repository, merge), by: by(author) });
  signed.add(commit);
  return commit;
};

const CONFLICT = {
  merge: "Pull Request is not mergeable",
  squash: "Pull Request is not mergeable",
  rebase: "This branch can't be rebased",
};

const mergeAlone = async (call: Call, issue: PullIssue, input: Merging): Promise<string> => {
  const { forge, repository } = call;
  demandMergeable(repository, issue, input);
  const ref = `refs/heads/${issue.pull.baseRef}`;
  const base = await repository.bare.ref(ref);
  const method = input.merge_method;
  const actor = call.actor();
  const commit = base === null ? null : await makeMerge(forge, repository, { issue, base, method, actor, words: input });
  if (base === null || commit === null) throw new Refusal(405, CONFLICT[method]);
  await demandUnbroken(call, issue, { moving: { ref, from: base, to: commit }, method });
  if (!(await repository.bare.move(ref, base, commit))) throw new Refusal(405, "Base branch was modified. Review and try the merge again.");
  markMerged(forge, repository, { issue, actor, commit });
  await pushed(forge, repository, { actor, moves: [{ ref, from: base, to: commit }] });
  return commit;
};

export const merge: Handler = async (call) => {
  const issue = pullOf(call);
  const input = await call.input(merging);
  const sha = await call.repository.bare.alone(() => mergeAlone(call, issue, input));
  return ok({ sha, merged: true, message: "Pull Request successfully merged" });
};
