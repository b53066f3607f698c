import type { Octokit } from "@octokit/rest";
import type { ContractStage } from "./contract.ts";

type Threads = {
  repository: { pullRequest: { reviewThreads: { nodes: { id: string; comments: { nodes: { databaseId: number }[] } }[] } } };
};
const THREADS = `query ($owner: String!, $repo: String!, $n: Int!) { repository(owner: $owner, name: $repo) { pullRequest(number: $n) {
  reviewThreads(first: 100) { nodes { id comments(first: 1) { nodes { databaseId } } } } } } }`;
const RESOLVE = "mutation ($id: ID!) { resolveReviewThread(input: { threadId: $id }) { clientMutationId } }";

/** Requests of a person in a contract stage, with the person's own client. */
export const personRequests = (
  octokit: Octokit,
  repository: { readonly owner: string; readonly repo: string },
): Pick<ContractStage, "review" | "comment" | "resolve" | "editReview"> => ({
  review: async (pull_number, event) => {
    await octokit.pulls.createReview({ ...repository, pull_number, event, body: "Words." });
  },
  comment: async (pull_number, body) => {
    const { data } = await octokit.pulls.get({ ...repository, pull_number });
    const line = { path: `${data.head.ref}.txt`, line: 1, side: "RIGHT" as const };
    return (await octokit.pulls.createReviewComment({ ...repository, pull_number, ...line, commit_id: data.head.sha, body })).data.id;
  },
  resolve: async (n, comment) => {
    const found = await octokit.graphql<Threads>(THREADS, { ...repository, n });
    const { nodes } = found.repository.pullRequest.reviewThreads;
    const thread = nodes.find(({ comments }) => comments.nodes[0]?.databaseId === comment);
    await octokit.graphql(RESOLVE, { id: thread?.id });
  },
  editReview: async (pull_number, review_id) => {
    await octokit.pulls.updateReview({ ...repository, pull_number, review_id, body: "Other words." });
  },
});
