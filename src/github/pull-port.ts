import type { ReviewPort } from "./review-port.ts";
import type { Pull } from "../core/domain/github-facts.ts";
import { ignoredAnswerSchema, createdNumberSchema } from "./answer-schemas.ts";
import { toBranchRef } from "../core/domain/refs.ts";
import { activityListSchema, changedFilesSchema, createPullListSchema, createPullTextSchema } from "./pull-schemas.ts";
import { type GitHubHttp, ITEMS_PER_PAGE, readAllPages } from "./github-http.ts";
import type { PullPort, GitHubReply } from "./github-ports.ts";

const PULLS_ROUTE = "/repos/{owner}/{repo}/pulls";
const PULL_ROUTE = `${PULLS_ROUTE}/{pull_number}`;
const MAX_OPEN_PULL_PAGES = 10;

type BasicPullPort = Omit<PullPort, keyof ReviewPort>;

export const openPullPort = (http: GitHubHttp, { owner, repo }: { readonly owner: string; readonly repo: string }): BasicPullPort => {
  const schema = createPullListSchema(`${owner}/${repo}`);

  /** Sends one request below a hundred pull requests, then one more per hundred open pull requests. */
  const list = async (): Promise<GitHubReply<readonly Pull[]>> => {
    const parameters = { state: "all", sort: "updated", direction: "desc", per_page: ITEMS_PER_PAGE };
    const lately = await http.get({ route: `GET ${PULLS_ROUTE}`, parameters, schema });
    if (!lately.ok || lately.value.length < ITEMS_PER_PAGE) return lately;
    const open = await readAllPages(
      http,
      { route: `GET ${PULLS_ROUTE}`, parameters: { state: "open", sort: "created", direction: "asc" }, schema },
      MAX_OPEN_PULL_PAGES,
    );
    if (!open.ok) return open;
    const byNumber = new Map([...lately.value, ...open.value.items].map((pull) => [pull.number, pull]));
    return { ok: true, value: [...byNumber.values()] };
  };

  const find: PullPort["find"] = async (head, base) => {
    const parameters = { state: "all", head: `${owner}:${head}`, base, sort: "created", direction: "desc", per_page: ITEMS_PER_PAGE };
    const reply = await http.get({ route: `GET ${PULLS_ROUTE}`, parameters, schema });
    if (!reply.ok) return reply;
    const ours = reply.value.filter((pull) => pull.headRef === head && pull.baseBranch === base);
    const found = ours.find(({ state }) => state === "open") ?? ours.find(({ state }) => state === "merged");
    return { ok: true, value: found ? { pull: found.number } : null };
  };

  const open: PullPort["open"] = async ({ head, base, title, body }) => {
    const reply = await http.send({ route: `POST ${PULLS_ROUTE}`, parameters: { head, base, title, body }, schema: createdNumberSchema });
    if (reply.ok) return { ok: true, value: { pull: reply.value.number } };
    const { failure } = reply;
    const exists = failure.kind === "refused" && failure.code === "invalid" && /already exists/i.test(failure.reason);
    if (!exists && !(failure.kind === "later" && failure.unclear)) return reply;
    const found = await find(head, base);
    return found.ok && found.value ? { ok: true, value: found.value } : reply;
  };

  return {
    ...openPullReader(http, createPullTextSchema(`${owner}/${repo}`)),
    list,
    find,
    open,
    pushers: openPushers(http),
    edit: (pull, body) => http.send({ route: `PATCH ${PULL_ROUTE}`, parameters: { pull_number: pull, body }, schema: ignoredAnswerSchema }),
    close: (pull) =>
      http.send({ route: `PATCH ${PULL_ROUTE}`, parameters: { pull_number: pull, state: "closed" }, schema: ignoredAnswerSchema }),
    merge: openPullMerge(http),
  };
};

const openPullReader = (http: GitHubHttp, schema: ReturnType<typeof createPullTextSchema>): Pick<PullPort, "read" | "files"> => ({
  read: (pull) => http.get({ route: `GET ${PULL_ROUTE}`, parameters: { pull_number: pull }, schema }),
  files: (pull) =>
    http.get({ route: `GET ${PULL_ROUTE}/files`, parameters: { pull_number: pull, per_page: ITEMS_PER_PAGE }, schema: changedFilesSchema }),
});

/** The newest hundred moves of the branch. https://docs.github.com/rest/repos/repos#list-repository-activities */
const openPushers =
  (http: GitHubHttp): PullPort["pushers"] =>
  async (branch, head) => {
    const parameters = { ref: toBranchRef(branch), per_page: ITEMS_PER_PAGE };
    const reply = await http.get({ route: "GET /repos/{owner}/{repo}/activity", parameters, schema: activityListSchema });
    if (!reply.ok) return reply;
    const known = reply.value.find(({ after }) => after === head);
    const isKnown = known?.actor !== undefined && known.actor !== null;
    return { ok: true, value: isKnown ? [...new Set(reply.value.flatMap(({ actor }) => actor?.login ?? []))] : null };
  };

/** https://docs.github.com/rest/pulls/pulls#merge-a-pull-request */
const openPullMerge =
  (http: GitHubHttp): PullPort["merge"] =>
  async (pull, head, how) => {
    const words = how?.method === "squash" ? { commit_title: how.title, commit_message: how.message } : {};
    const parameters = { pull_number: pull, sha: head, merge_method: how?.method ?? "merge", ...words };
    const reply = await http.send({ route: `PUT ${PULL_ROUTE}/merge`, parameters, schema: ignoredAnswerSchema });
    if (reply.ok || reply.failure.kind === "later" || reply.failure.code !== "http-405") return reply;
    const code = /base branch was modified/i.test(reply.failure.reason) ? "base-moved" : "not-mergeable";
    return { ok: false, failure: { ...reply.failure, code } };
  };
