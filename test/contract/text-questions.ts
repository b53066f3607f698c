import { asker, describeReply, waitForValue } from "./ask-github.ts";
import type { ContractPlace } from "./contract-place.ts";
import { MAX_HOPS } from "./contract-workflows.ts";

const COMMENT_LIMIT = 65_536;
/** Five jobs need a machine each, one after the other. */
const HOP_PATIENCE = 10;

const openIssue = async ({ person, slug }: ContractPlace, id: string): Promise<number> =>
  (await person.issues.create({ ...slug, title: `Contract ${id}`, body: "A question opened this issue." })).data.number;

/** Starts the chain of jobs, and reports how many ran and whether the last one commented. */
const playHops = async (place: ContractPlace, id: string) => {
  const { person, slug } = place;
  const issue_number = await openIssue(place, id);
  await person.repos.createDispatchEvent({ ...slug, event_type: "contract-hop", client_payload: { id, hop: 1, issue: issue_number } });
  const comment = await waitForValue(place.silenceMs * HOP_PATIENCE, async () => {
    const { data } = await person.issues.listComments({ ...slug, issue_number });
    return data.find(({ body }) => body === `hop ${MAX_HOPS} of ${id}`) ?? null;
  });
  let hops = 0;
  // Lists of runs lag behind.
  await waitForValue(place.silenceMs * 2, async () => {
    const { data } = await person.actions.listWorkflowRunsForRepo({ ...slug, per_page: 100 });
    hops = data.workflow_runs.filter(({ display_title }) => display_title.startsWith(`hop ${id} `)).length;
    return hops === MAX_HOPS ? hops : null;
  });
  return { hops, comment };
};

export const askAboutHops = async (place: ContractPlace, id: string): Promise<string> => {
  const { hops, comment } = await playHops(place, id);
  return `${hops} of ${MAX_HOPS} jobs ran, the last one ${comment ? "commented" : "did not comment"}`;
};

export const askAboutComments = async (place: ContractPlace, id: string): Promise<string> => {
  const { slug, clone, defaultBranch } = place;
  const { octokit, login } = asker(place);
  const issue_number = await openIssue(place, id);
  const post = (body: string) => describeReply(octokit.issues.createComment({ ...slug, issue_number, body }));
  const answers = [
    `${COMMENT_LIMIT} letters of 1 byte: ${await post("x".repeat(COMMENT_LIMIT))}`,
    `one more: ${await post("x".repeat(COMMENT_LIMIT + 1))}`,
    `${COMMENT_LIMIT} letters of 2 bytes: ${await post("ü".repeat(COMMENT_LIMIT))}`,
    `${COMMENT_LIMIT} letters of 4 bytes: ${await post("🙂".repeat(COMMENT_LIMIT))}`,
  ];
  const { data: comment } = await octokit.issues.createComment({ ...slug, issue_number, body: "Pin me." });
  const pin = await describeReply(
    octokit.request("PUT /repos/{owner}/{repo}/issues/comments/{comment_id}/pin", { ...slug, comment_id: comment.id }),
  );
  const head = `task/${id}-own`;
  await clone.push(`${await clone.commit(place.base, { [`${id}.txt`]: "own" })}:refs/heads/${head}`);
  const { data: pull } = await octokit.pulls.create({ ...slug, head, base: defaultBranch, title: id, body: `Of ${id}.` });
  const own = await describeReply(octokit.pulls.createReview({ ...slug, pull_number: pull.number, event: "APPROVE" }));
  return `as ${login}: ${answers.join("; ")}; pins a comment: ${pin}; approves its own pull request: ${own}`;
};

/** The last job of the chain comments with GITHUB_TOKEN; the App's own list of deliveries tells whether it heard of that. */
export const askAboutDeliveries = async (place: ContractPlace, id: string): Promise<string> => {
  const { comment } = await playHops(place, id);
  if (!comment || !place.asApp) return "the job did not comment";
  const octokit = await place.asApp();
  const posted = Date.parse(comment.created_at);
  const found = await waitForValue(place.silenceMs, async () => {
    const { data } = await octokit.apps.listWebhookDeliveries({ per_page: 100 });
    return data.find(({ event, delivered_at }) => event === "issue_comment" && Date.parse(delivered_at) >= posted - 1_000) ?? null;
  });
  return found ? "yes, issue_comment" : "no issue_comment arrived (does the App subscribe to the event, and has it a webhook address?)";
};
