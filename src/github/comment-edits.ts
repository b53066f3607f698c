import * as z from "zod";
import { queryGraphQl } from "./query-graphql.ts";
import type { GitHubHttp } from "./github-http.ts";
import type { CommentEdit, GitHubReply } from "./github-ports.ts";

const COMMENTS_FIELD = "comments(last: 100) { nodes { databaseId lastEditedAt } }";
/** Exported for validation against GitHub's schema. */
export const COMMENT_EDITS_QUERY = `query ($owner: String!, $repo: String!, $issue: Int!) {
  repository(owner: $owner, name: $repo) {
    issueOrPullRequest(number: $issue) { ... on Issue { ${COMMENTS_FIELD} } ... on PullRequest { ${COMMENTS_FIELD} } }
  }
}`;

const editSchema = z.object({ databaseId: z.number().int().nullable(), lastEditedAt: z.string().nullable() });
const editsSchema = z
  .object({
    repository: z.object({ issueOrPullRequest: z.object({ comments: z.object({ nodes: z.array(editSchema.nullable()) }) }) }),
  })
  .transform(({ repository }) => repository.issueOrPullRequest.comments.nodes);

/** Reads which of the newest comments were edited. REST does not show an edit within the second of the creation. */
export const readCommentEdits = async (http: GitHubHttp, issue: number): Promise<GitHubReply<readonly CommentEdit[]>> => {
  const reply = await queryGraphQl(http, { query: COMMENT_EDITS_QUERY, variables: { issue } }, editsSchema);
  if (!reply.ok) return reply;
  const value = reply.value.flatMap((node) => (node?.databaseId ? [{ id: node.databaseId, edited: node.lastEditedAt !== null }] : []));
  return { ok: true, value };
};
