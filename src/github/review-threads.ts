import * as z from "zod";
import { askGraphQl, type GraphQl } from "./graphql.ts";
import type { Http } from "./http.ts";
import type { LineHistory, Reply } from "./ports.ts";

/** What of reviews only GraphQL tells. */

const PAGES = 10;
const pageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
const id = z.number().int().nullable();

const queryOf = (connection: string, fields: string): string => `query ($owner: String!, $repo: String!, $pull: Int!, $after: String) {
  repository(owner: $owner, name: $repo) {
    pullRequest(number: $pull) {
      list: ${connection}(first: 100, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } }
    }
  }
}`;

const listOf = <T>(node: z.ZodType<T>) =>
  z
    .object({ repository: z.object({ pullRequest: z.object({ list: z.object({ nodes: z.array(node), pageInfo }) }) }) })
    .transform(({ repository }) => repository.pullRequest.list);

/** All items of a connection of a pull request, as far as ten pages go. */
const readList = async <T>(http: Http, of: { query: string; pull: number; node: z.ZodType<T> }): Promise<Reply<readonly T[]>> => {
  const { query, pull, node } = of;
  const found: T[] = [];
  let after: string | null = null;
  for (let page = 0; page < PAGES; page += 1) {
    const asked: GraphQl = { query, variables: { pull, after } };
    const reply: Reply<{ nodes: T[]; pageInfo: z.output<typeof pageInfo> }> = await askGraphQl(http, asked, listOf(node));
    if (!reply.ok) return reply;
    found.push(...reply.value.nodes);
    if (!reply.value.pageInfo.hasNextPage) break;
    after = reply.value.pageInfo.endCursor;
  }
  return { ok: true, value: found };
};

const THREADS = queryOf("reviewThreads", "isResolved comments(first: 1) { nodes { databaseId } }");
const thread = z.object({ isResolved: z.boolean(), comments: z.object({ nodes: z.array(z.object({ databaseId: id })) }) });

/** The first comments of threads that somebody resolved. */
export const readResolved = async (http: Http, pull: number): Promise<Reply<readonly number[]>> => {
  const reply = await readList(http, { query: THREADS, pull, node: thread });
  if (!reply.ok) return reply;
  const resolved = reply.value.filter(({ isResolved }) => isResolved);
  return { ok: true, value: resolved.flatMap(({ comments }) => comments.nodes.flatMap(({ databaseId }) => databaseId ?? [])) };
};

const HISTORIES = `query ($ids: [ID!]!) {
  nodes(ids: $ids) { ... on PullRequestReviewComment { databaseId createdAt publishedAt lastEditedAt } }
}`;
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const history = z.object({ databaseId: id, createdAt: time, publishedAt: time.nullable(), lastEditedAt: z.string().nullable() });
const histories = z.object({ nodes: z.array(history.nullable().catch(null)) });

/** When comments were submitted, and whether they were changed then. One that is gone is not among them. */
export const readHistories = async (http: Http, nodes: readonly string[]): Promise<Reply<readonly LineHistory[]>> => {
  const reply = await askGraphQl(http, { query: HISTORIES, variables: { ids: nodes }, partial: true }, histories);
  if (!reply.ok) return reply;
  const value = reply.value.nodes.flatMap((node): LineHistory[] => {
    if (!node?.databaseId) return [];
    const { databaseId, createdAt, publishedAt, lastEditedAt } = node;
    const submitted = publishedAt ?? createdAt;
    // A comment may be edited while its review is pending: nobody else had seen it.
    return [{ id: databaseId, submitted, edited: lastEditedAt !== null && Date.parse(lastEditedAt) > submitted }];
  });
  return { ok: true, value };
};

const REVIEWS = queryOf("reviews", "databaseId lastEditedAt");
const review = z.object({ databaseId: id, lastEditedAt: z.string().nullable() });

/** Reviews whose text was changed after they were submitted. */
export const readEdited = async (http: Http, pull: number): Promise<Reply<readonly number[]>> => {
  const reply = await readList(http, { query: REVIEWS, pull, node: review });
  if (!reply.ok) return reply;
  return { ok: true, value: reply.value.flatMap(({ databaseId, lastEditedAt }) => (lastEditedAt === null ? [] : (databaseId ?? []))) };
};

/** Everything that is asked here, to be held to GitHub's schema. */
export const REVIEW_QUERIES = { THREADS, REVIEWS, HISTORIES };
