import { z } from "zod";
import { type Call, created, type Handler, ok, type Route } from "./exchange.ts";
import { addIssue, demandEditor, listed, rewriteText, setState } from "./issues.ts";
import { merge, pullOf } from "./merging.ts";
import { isPull, tellPull } from "./pull-events.ts";
import { invalid, Refusal } from "./refusal.ts";
import { rebased } from "./rebasing.ts";
import type { Json } from "./addresses.ts";
import { type PullIssue, pullShape, wholePull } from "./pull-shapes.ts";

const newPull = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
});
const changedPull = z.object({
  title: z.string().optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  base: z.string().optional(),
});

const tip = (call: Call, branch: string): Promise<string | null> => call.repository.bare.ref(`refs/heads/${branch}`);

const invalidField = (field: string): Refusal =>
  new Refusal(422, "Validation Failed", [{ resource: "PullRequest", field, code: "invalid" }]);

/** The branch of `head` or `owner:head`; refuses forks, which this forge has none of. */
const headBranch = (call: Call, head: string): string => {
  const [owner, ...branch] = head.split(":");
  if (branch.length === 0) return head;
  if (owner?.toLowerCase() !== call.repository.owner.login.toLowerCase()) throw invalidField("head");
  return branch.join(":");
};

/** https://docs.github.com/en/actions/concepts/security/github_token: off by default in new personal repositories. */
export const demandActionsPulls = (call: Call): void => {
  if (call.actor().kind === "job" && !call.repository.actionsPulls)
    throw new Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.");
};

const openPull: Handler = async (call) => {
  demandActionsPulls(call);
  const { forge, repository } = call;
  const input = await call.input(newPull);
  const headRef = headBranch(call, input.head);
  const [head, base] = [await tip(call, headRef), await tip(call, input.base)];
  if (head === null) throw invalidField("head");
  if (base === null) throw invalidField("base");
  const size = await repository.bare.size(base, head);
  const exists = [...repository.issues.values()].some(
    ({ pull, state }) => state === "open" && pull?.headRef === headRef && pull.baseRef === input.base,
  );
  if (exists) throw invalid("PullRequest", `A pull request already exists for ${repository.owner.login}:${headRef}.`);
  if (size.commits === 0) throw invalid("PullRequest", `No commits between ${input.base} and ${headRef}`);
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
    size,
  };
  const issue = addIssue(call, { title: input.title, body: input.body ?? "", labels: [], assignees: [], pull });
  await repository.bare.point(`refs/pull/${issue.number}/head`, head);
  tellPull(forge, repository, { issue, action: "opened", actor: call.actor() });
  return created(await whole(call, { ...issue, pull }));
};

/** One pull request has more to tell than those of a list. */
const whole = async (call: Call, issue: PullIssue): Promise<Json> => {
  const { bare } = call.repository;
  const { pull } = issue;
  const shape = wholePull(call.forge, call.repository, issue);
  const base = await tip(call, pull.baseRef);
  const open = issue.state === "open" && base !== null && (await bare.commit(pull.head)) !== null;
  const mergeable = open ? (await bare.mergeTree(base, pull.head)) !== null : null;
  const clean = pull.draft ? "blocked" : "clean";
  return {
    ...shape,
    mergeable,
    mergeable_state: mergeable === null ? "unknown" : mergeable ? clean : "dirty",
    // What is one commit ahead can be replayed where it can be merged.
    rebaseable:
      mergeable === true && (pull.size.commits === 1 || (await rebased(bare, { base: base ?? "", head: pull.head, by: null })) !== null),
  };
};

const list: Handler = (call) => {
  const [head, base] = [call.query("head"), call.query("base")];
  const owner = call.repository.owner.login.toLowerCase();
  const pulls = listed(call, [...call.repository.issues.values()])
    .filter(isPull)
    // GitHub ignores a head without its owner.
    .filter(({ pull }) => !head?.includes(":") || head === `${head.split(":")[0]}:${pull.headRef}`)
    .filter(() => !head?.includes(":") || head.split(":")[0]?.toLowerCase() === owner)
    .filter(({ pull }) => base === undefined || pull.baseRef === base);
  return call.page(pulls.map((issue) => pullShape(call.forge, call.repository, issue)));
};

/** Changes what a pull request says and where it goes, and tells what was there before. */
const rewrite = async (call: Call, issue: PullIssue, input: z.infer<typeof changedPull>): Promise<Json> => {
  const changes = rewriteText(call, issue, input);
  const { pull } = issue;
  if (input.base === undefined || input.base === pull.baseRef) return changes;
  const base = { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } };
  pull.baseRef = input.base;
  pull.baseSha = (await tip(call, input.base)) ?? pull.baseSha;
  pull.size = await call.repository.bare.size(pull.baseSha, pull.head);
  return { ...changes, base };
};

const patch: Handler = async (call) => {
  const issue = pullOf(call);
  demandEditor(call, issue.by.login);
  const input = await call.input(changedPull);
  const { forge, repository } = call;
  const now = forge.now();
  if (input.base !== undefined && (await tip(call, input.base)) === null) throw invalidField("base");
  if (input.state === "open" && issue.state === "closed") await demandReopening(call, issue);
  const changes = await rewrite(call, issue, input);
  const actor = call.actor();
  if (Object.keys(changes).length > 0) {
    issue.updated = now;
    tellPull(forge, repository, { issue, action: "edited", actor, more: { changes } });
  }
  if (input.state && setState(issue, { state: input.state, reason: null, now })) {
    issue.reason = null;
    tellPull(forge, repository, { issue, action: input.state === "closed" ? "closed" : "reopened", actor });
  }
  return ok(await whole(call, issue));
};

const demandReopening = async (call: Call, { pull, number }: PullIssue): Promise<void> => {
  const cannot = (why: string): Refusal => invalid("PullRequest", `state cannot be changed. ${why}`);
  if (pull.merged) throw cannot("The pull request was merged.");
  const head = await tip(call, pull.headRef);
  if (head === null) throw cannot(`The ${pull.headRef} branch was deleted.`);
  const twin = [...call.repository.issues.values()].find(
    (other) =>
      other.number !== number && other.state === "open" && other.pull?.headRef === pull.headRef && other.pull.baseRef === pull.baseRef,
  );
  if (twin) throw cannot(`There is already an open pull request from ${pull.headRef} to ${pull.baseRef}.`);
  pull.head = head;
  pull.size = await call.repository.bare.size(pull.baseSha, head);
};

const READ = { scope: "pull_requests", level: "read" } as const;
const WRITE = { scope: "pull_requests", level: "write" } as const;

/** Routes of pull requests and their merge. */
export const pullRoutes: readonly Route[] = [
  ["GET", "/pulls", READ, list],
  ["POST", "/pulls", WRITE, openPull],
  ["GET", "/pulls/:number", READ, async (call) => ok(await whole(call, pullOf(call)))],
  ["PATCH", "/pulls/:number", WRITE, patch],
  ["PUT", "/pulls/:number/merge", { scope: "contents", level: "write" }, merge],
];
