import { z } from "zod";
import type { MergeQueuePosition } from "../core/domain/github-facts.ts";
import { queryGraphQl } from "./query-graphql.ts";
import type { GitHubHttp } from "./github-http.ts";
import type { MergeQueuePort, GitHubReply } from "./github-ports.ts";

/** GraphQL of the merge queue; a test validates the queries against GitHub's schema. */
export const QUEUE_QUERIES = {
  entry: `query ($owner: String!, $repo: String!, $pull: Int!) {
    repository(owner: $owner, name: $repo) {
      pullRequest(number: $pull) {
        id
        state
        mergeCommit { oid }
        mergeQueueEntry { position headCommit { oid } }
        timelineItems(itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT], last: 1) {
          nodes { ... on RemovedFromMergeQueueEvent { reason } }
        }
      }
    }
  }`,
  enqueue: `mutation ($id: ID!, $head: GitObjectID!) {
    enqueuePullRequest(input: { pullRequestId: $id, expectedHeadOid: $head }) { mergeQueueEntry { position } }
  }`,
  dequeue: `mutation ($id: ID!) {
    dequeuePullRequest(input: { id: $id }) { mergeQueueEntry { position } }
  }`,
} as const;

const queueCommitSchema = z.object({ oid: z.string() }).nullable();
const queueEntrySchema = z
  .object({
    repository: z.object({
      pullRequest: z.object({
        id: z.string(),
        state: z.enum(["OPEN", "CLOSED", "MERGED"]),
        mergeCommit: queueCommitSchema,
        mergeQueueEntry: z.object({ position: z.number(), headCommit: queueCommitSchema }).nullable(),
        timelineItems: z.object({ nodes: z.array(z.object({ reason: z.string().nullish() }).nullable()).nullable() }),
      }),
    }),
  })
  .transform(({ repository: { pullRequest: pull } }): { id: string; entry: MergeQueuePosition } => {
    const { id, state, mergeCommit, mergeQueueEntry: entry, timelineItems } = pull;
    if (state === "MERGED" && mergeCommit) return { id, entry: { kind: "merged", commit: mergeCommit.oid } };
    if (entry) return { id, entry: { kind: "queued", position: entry.position, group: entry.headCommit?.oid ?? null } };
    return { id, entry: { kind: "out", reason: timelineItems.nodes?.at(-1)?.reason ?? null } };
  });
const mutationAnswerSchema = z.unknown().transform(() => null);

/** GitHub's merge queue, which only GraphQL exposes. */
export const openMergeQueue = (http: GitHubHttp): MergeQueuePort => {
  const find = (pull: number) => queryGraphQl(http, { query: QUEUE_QUERIES.entry, variables: { pull } }, queueEntrySchema);
  const change = async (pull: number, query: string, variables: object): Promise<GitHubReply<null>> => {
    const found = await find(pull);
    if (!found.ok) return found;
    return queryGraphQl(http, { query, variables: { id: found.value.id, ...variables } }, mutationAnswerSchema);
  };
  return {
    entry: async (pull) => {
      const found = await find(pull);
      return found.ok ? { ok: true, value: found.value.entry } : found;
    },
    enqueue: (pull, head) => change(pull, QUEUE_QUERIES.enqueue, { head }),
    dequeue: (pull) => change(pull, QUEUE_QUERIES.dequeue, {}),
  };
};
