import type { Pull } from "../model/query.ts";
import { anything, changedFiles, numbered, pulls as pullList, pullText } from "./answers.ts";
import { type Http, PER_PAGE, readAll } from "./http.ts";
import type { Pulls, Reply } from "./ports.ts";

const PULLS = "/repos/{owner}/{repo}/pulls";
const PULL = `${PULLS}/{pull_number}`;
const OPEN_PAGES = 10;

type OwnPulls = Omit<
  Pulls,
  "reviews" | "reviewsSince" | "lineComments" | "lineCommentsSince" | "resolvedThreads" | "editedReviews" | "lineHistories" | "reply"
>;

export const openPulls = (http: Http, { owner, repo }: { readonly owner: string; readonly repo: string }): OwnPulls => {
  const schema = pullList(`${owner}/${repo}`);

  /** One request while there are fewer than a hundred pull requests; then one more for each hundred open ones. */
  const list = async (): Promise<Reply<readonly Pull[]>> => {
    const parameters = { state: "all", sort: "updated", direction: "desc", per_page: PER_PAGE };
    const lately = await http.get({ route: `GET ${PULLS}`, parameters, schema });
    if (!lately.ok || lately.value.length < PER_PAGE) return lately;
    const open = await readAll(
      http,
      { route: `GET ${PULLS}`, parameters: { state: "open", sort: "created", direction: "asc" }, schema },
      OPEN_PAGES,
    );
    if (!open.ok) return open;
    const byNumber = new Map([...lately.value, ...open.value.items].map((pull) => [pull.number, pull]));
    return { ok: true, value: [...byNumber.values()] };
  };

  const find: Pulls["find"] = async (head, base) => {
    const parameters = { state: "all", head: `${owner}:${head}`, base, sort: "created", direction: "desc", per_page: PER_PAGE };
    const reply = await http.get({ route: `GET ${PULLS}`, parameters, schema });
    if (!reply.ok) return reply;
    const ours = reply.value.filter((pull) => pull.headRef === head && pull.base === base);
    const found = ours.find(({ state }) => state === "open") ?? ours.find(({ state }) => state === "merged");
    return { ok: true, value: found ? { pull: found.number } : null };
  };

  const open: Pulls["open"] = async ({ head, base, title, body }) => {
    const reply = await http.send({ route: `POST ${PULLS}`, parameters: { head, base, title, body }, schema: numbered });
    if (reply.ok) return { ok: true, value: { pull: reply.value.number } };
    const { failure } = reply;
    const exists = failure.kind === "refused" && failure.code === "invalid" && /already exists/i.test(failure.why);
    if (!exists && !(failure.kind === "later" && failure.unclear)) return reply;
    const found = await find(head, base);
    return found.ok && found.value ? { ok: true, value: found.value } : reply;
  };

  return {
    ...openReading(http, pullText(`${owner}/${repo}`)),
    list,
    find,
    open,
    edit: (pull, body) => http.send({ route: `PATCH ${PULL}`, parameters: { pull_number: pull, body }, schema: anything }),
    close: (pull) => http.send({ route: `PATCH ${PULL}`, parameters: { pull_number: pull, state: "closed" }, schema: anything }),
    merge: openMerge(http),
  };
};

/** What there is to read of one pull request. */
const openReading = (http: Http, schema: ReturnType<typeof pullText>): Pick<Pulls, "read" | "files"> => ({
  read: (pull) => http.get({ route: `GET ${PULL}`, parameters: { pull_number: pull }, schema }),
  files: (pull) => http.get({ route: `GET ${PULL}/files`, parameters: { pull_number: pull, per_page: PER_PAGE }, schema: changedFiles }),
});

/** https://docs.github.com/rest/pulls/pulls#merge-a-pull-request */
const openMerge =
  (http: Http): Pulls["merge"] =>
  async (pull, head, how) => {
    const words = how?.method === "squash" ? { commit_title: how.title, commit_message: how.message } : {};
    const parameters = { pull_number: pull, sha: head, merge_method: how?.method ?? "merge", ...words };
    const reply = await http.send({ route: `PUT ${PULL}/merge`, parameters, schema: anything });
    if (reply.ok || reply.failure.kind === "later" || reply.failure.code !== "http-405") return reply;
    const code = /base branch was modified/i.test(reply.failure.why) ? "base-moved" : "not-mergeable";
    return { ok: false, failure: { ...reply.failure, code } };
  };
