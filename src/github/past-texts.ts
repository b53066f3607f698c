import * as z from "zod";
import type { Millis } from "../core/domain/ids.ts";
import { queryGraphQl } from "./query-graphql.ts";
import type { GitHubHttp } from "./github-http.ts";
import type { PastText, PastTexts, GitHubReply } from "./github-ports.ts";

/** Older edits and title changes are ignored. */
const MAX_EDITS_READ = 100;
const TEXT_FIELDS = `
      lastEditedAt
      userContentEdits(first: ${MAX_EDITS_READ}) { nodes { editedAt deletedAt diff } }
      timelineItems(last: ${MAX_EDITS_READ}, itemTypes: [RENAMED_TITLE_EVENT]) {
        nodes { ... on RenamedTitleEvent { createdAt previousTitle } }
        pageInfo { hasPreviousPage }
      }`;
export const TEXTS_QUERY = `query ($owner: String!, $repo: String!, $issue: Int!) {
  repository(owner: $owner, name: $repo) {
    issueOrPullRequest(number: $issue) {
      ... on Issue {${TEXT_FIELDS}
      }
      ... on PullRequest {${TEXT_FIELDS}
      }
    }
  }
}`;

const editTimeSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const textEditSchema = z.object({ editedAt: editTimeSchema, deletedAt: editTimeSchema.nullable(), diff: z.string().nullable() });
const titleRenameSchema = z.object({ createdAt: editTimeSchema, previousTitle: z.string() });
const textHistorySchema = z.object({
  lastEditedAt: editTimeSchema.nullable(),
  userContentEdits: z.object({ nodes: z.array(textEditSchema) }).nullable(),
  timelineItems: z.object({ nodes: z.array(titleRenameSchema), pageInfo: z.object({ hasPreviousPage: z.boolean() }) }),
});
type TextHistory = z.output<typeof textHistorySchema>;
const textsAnswerSchema = z
  .object({ repository: z.object({ issueOrPullRequest: textHistorySchema }) })
  .transform(({ repository }) => repository.issueOrPullRequest);

/** The title before the first rename after a given time. */
const findTitleAt = ({ timelineItems: { nodes, pageInfo } }: TextHistory, at: Millis): PastText => {
  const later = nodes.filter(({ createdAt }) => createdAt > at).toSorted((a, b) => a.createdAt - b.createdAt);
  const [first] = later;
  if (!first) return { kind: "same" };
  // The first rename may be on an earlier page.
  const isCut = pageInfo.hasPreviousPage && later.length === nodes.length;
  return isCut ? { kind: "unknown", edited: later.at(-1)?.createdAt ?? at } : { kind: "was", text: first.previousTitle };
};

/** The text after the last edit up to a given time. GitHub keeps the whole text with each edit, and records the creation as the first edit. */
const findBodyAt = ({ lastEditedAt, userContentEdits }: TextHistory, at: Millis): PastText => {
  if (lastEditedAt === null || lastEditedAt <= at) return { kind: "same" };
  const before = (userContentEdits?.nodes ?? []).filter(({ editedAt }) => editedAt <= at).toSorted((a, b) => b.editedAt - a.editedAt);
  const text = before[0]?.deletedAt === null ? before[0].diff : null;
  return text === null ? { kind: "unknown", edited: lastEditedAt } : { kind: "was", text };
};

/** Reads title and text of an issue or pull request at a given time, in one request. */
export const readTextsAt = async (http: GitHubHttp, issue: number, at: Millis): Promise<GitHubReply<PastTexts>> => {
  const reply = await queryGraphQl(http, { query: TEXTS_QUERY, variables: { issue } }, textsAnswerSchema);
  return reply.ok ? { ok: true, value: { title: findTitleAt(reply.value, at), body: findBodyAt(reply.value, at) } } : reply;
};
