import * as z from "zod";
import { queryGraphQl } from "./query-graphql.ts";
import type { GraphQlQuery } from "./graphql-route.ts";
import type { GitHubHttp } from "./github-http.ts";
import type { LineHistory, GitHubReply } from "./github-ports.ts";

/** Review data that only GraphQL exposes. */

const MAX_CONNECTION_PAGES = 10;
const pageInfoSchema = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
const databaseIdSchema = z.number().int().nullable();

const buildConnectionQuery = (
  connection: string,
  fields: string,
): string => `query ($owner: String!, $repo: String!, $pull: Int!, $after: String) {
  repository(owner: $owner, name: $repo) {
    pullRequest(number: $pull) {
      list: ${connection}(first: 100, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } }
    }
  }
}`;

const createConnectionSchema = <T>(node: z.ZodType<T>) =>
  z
    .object({ repository: z.object({ pullRequest: z.object({ list: z.object({ nodes: z.array(node), pageInfo: pageInfoSchema }) }) }) })
    .transform(({ repository }) => repository.pullRequest.list);

/** Reads at most ten pages of a pull request's connection. */
const readConnection = async <T>(
  http: GitHubHttp,
  of: { query: string; pull: number; node: z.ZodType<T> },
): Promise<GitHubReply<readonly T[]>> => {
  const { query, pull, node } = of;
  const found: T[] = [];
  let after: string | null = null;
  for (let page = 0; page < MAX_CONNECTION_PAGES; page += 1) {
    const asked: GraphQlQuery = { query, variables: { pull, after } };
    const reply: GitHubReply<{ nodes: T[]; pageInfo: z.output<typeof pageInfoSchema> }> = await queryGraphQl(
      http,
      asked,
      createConnectionSchema(node),
    );
    if (!reply.ok) return reply;
    found.push(...reply.value.nodes);
    if (!reply.value.pageInfo.hasNextPage) break;
    after = reply.value.pageInfo.endCursor;
  }
  return { ok: true, value: found };
};

const THREADS_QUERY = buildConnectionQuery("reviewThreads", "isResolved comments(first: 1) { nodes { databaseId } }");
const reviewThreadSchema = z.object({
  isResolved: z.boolean(),
  comments: z.object({ nodes: z.array(z.object({ databaseId: databaseIdSchema })) }),
});

/** First comments of resolved threads. */
export const readResolvedThreads = async (http: GitHubHttp, pull: number): Promise<GitHubReply<readonly number[]>> => {
  const reply = await readConnection(http, { query: THREADS_QUERY, pull, node: reviewThreadSchema });
  if (!reply.ok) return reply;
  const resolved = reply.value.filter(({ isResolved }) => isResolved);
  return { ok: true, value: resolved.flatMap(({ comments }) => comments.nodes.flatMap(({ databaseId }) => databaseId ?? [])) };
};

const HISTORIES_QUERY = `query ($ids: [ID!]!) {
  nodes(ids: $ids) { ... on PullRequestReviewComment { databaseId createdAt publishedAt lastEditedAt } }
}`;
const publishTimeSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const lineHistorySchema = z.object({
  databaseId: databaseIdSchema,
  createdAt: publishTimeSchema,
  publishedAt: publishTimeSchema.nullable(),
  lastEditedAt: z.string().nullable(),
});
const lineHistoryListSchema = z.object({ nodes: z.array(lineHistorySchema.nullable().catch(null)) });

/** Submission times of comments, and whether each was edited later. Deleted comments are omitted. */
export const readLineHistories = async (http: GitHubHttp, nodes: readonly string[]): Promise<GitHubReply<readonly LineHistory[]>> => {
  const reply = await queryGraphQl(http, { query: HISTORIES_QUERY, variables: { ids: nodes }, partial: true }, lineHistoryListSchema);
  if (!reply.ok) return reply;
  const value = reply.value.nodes.flatMap((node): LineHistory[] => {
    if (!node?.databaseId) return [];
    const { databaseId, createdAt, publishedAt, lastEditedAt } = node;
    const submitted = publishedAt ?? createdAt;
    // Edits of a pending review do not count: only the author had seen the comment.
    return [{ id: databaseId, submitted, edited: lastEditedAt !== null && Date.parse(lastEditedAt) > submitted }];
  });
  return { ok: true, value };
};

const REVIEWS_QUERY = buildConnectionQuery("reviews", "databaseId lastEditedAt");
const reviewEditSchema = z.object({ databaseId: databaseIdSchema, lastEditedAt: z.string().nullable() });

/** Reviews edited after submission. */
export const readEditedReviews = async (http: GitHubHttp, pull: number): Promise<GitHubReply<readonly number[]>> => {
  const reply = await readConnection(http, { query: REVIEWS_QUERY, pull, node: reviewEditSchema });
  if (!reply.ok) return reply;
  return { ok: true, value: reply.value.flatMap(({ databaseId, lastEditedAt }) => (lastEditedAt === null ? [] : (databaseId ?? []))) };
};

/** Exported for validation against GitHub's schema. */
export const REVIEW_QUERIES = { THREADS: THREADS_QUERY, REVIEWS: REVIEWS_QUERY, HISTORIES: HISTORIES_QUERY };
