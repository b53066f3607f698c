import * as z from "zod";
import { askGraphQl, type GraphQl } from "./graphql.ts";
import type { Http } from "./http.ts";
import type { Reply } from "./ports.ts";

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

const REVIEWS = queryOf("reviews", "databaseId lastEditedAt");
const review = z.object({ databaseId: id, lastEditedAt: z.string().nullable() });

/** Reviews whose text was changed after they were submitted. */
export const readEdited = async (http: Http, pull: number): Promise<Reply<readonly number[]>> => {
  const reply = await readList(http, { query: REVIEWS, pull, node: review });
  if (!reply.ok) return reply;
  return { ok: true, value: reply.value.flatMap(({ databaseId, lastEditedAt }) => (lastEditedAt === null ? [] : (databaseId ?? []))) };
};
