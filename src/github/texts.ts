import * as z from "zod";
import type { Millis } from "../model/ids.ts";
import { askGraphQl } from "./graphql.ts";
import type { Http } from "./http.ts";
import type { PastText, PastTexts, Reply } from "./ports.ts";

/** Older edits and titles are not looked for. */
const MOST = 100;
const FIELDS = `
      lastEditedAt
      userContentEdits(first: ${MOST}) { nodes { editedAt deletedAt diff } }
      timelineItems(last: ${MOST}, itemTypes: [RENAMED_TITLE_EVENT]) {
        nodes { ... on RenamedTitleEvent { createdAt previousTitle } }
        pageInfo { hasPreviousPage }
      }`;
export const TEXTS = `query ($owner: String!, $repo: String!, $issue: Int!) {
  repository(owner: $owner, name: $repo) {
    issueOrPullRequest(number: $issue) {
      ... on Issue {${FIELDS}
      }
      ... on PullRequest {${FIELDS}
      }
    }
  }
}`;

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const edit = z.object({ editedAt: time, deletedAt: time.nullable(), diff: z.string().nullable() });
const rename = z.object({ createdAt: time, previousTitle: z.string() });
const texts = z.object({
  lastEditedAt: time.nullable(),
  userContentEdits: z.object({ nodes: z.array(edit) }).nullable(),
  timelineItems: z.object({ nodes: z.array(rename), pageInfo: z.object({ hasPreviousPage: z.boolean() }) }),
});
type Texts = z.output<typeof texts>;
const answer = z
  .object({ repository: z.object({ issueOrPullRequest: texts }) })
  .transform(({ repository }) => repository.issueOrPullRequest);

/** The title before the first rename after a time. */
const titleAt = ({ timelineItems: { nodes, pageInfo } }: Texts, at: Millis): PastText => {
  const later = nodes.filter(({ createdAt }) => createdAt > at).toSorted((a, b) => a.createdAt - b.createdAt);
  const [first] = later;
  if (!first) return { kind: "same" };
  // A rename that is not among these may be the first.
  const isCut = pageInfo.hasPreviousPage && later.length === nodes.length;
  return isCut ? { kind: "unknown", edited: later.at(-1)?.createdAt ?? at } : { kind: "was", text: first.previousTitle };
};

/** The text after the last edit that is not later than a time. GitHub keeps the whole text with each edit, and the first one with its creation. */
const bodyAt = ({ lastEditedAt, userContentEdits }: Texts, at: Millis): PastText => {
  if (lastEditedAt === null || lastEditedAt <= at) return { kind: "same" };
  const before = (userContentEdits?.nodes ?? []).filter(({ editedAt }) => editedAt <= at).toSorted((a, b) => b.editedAt - a.editedAt);
  const text = before[0]?.deletedAt === null ? before[0].diff : null;
  return text === null ? { kind: "unknown", edited: lastEditedAt } : { kind: "was", text };
};

/** The texts of an issue or pull request as they were at a time. One request. */
export const readTextsAt = async (http: Http, issue: number, at: Millis): Promise<Reply<PastTexts>> => {
  const reply = await askGraphQl(http, { query: TEXTS, variables: { issue } }, answer);
  return reply.ok ? { ok: true, value: { title: titleAt(reply.value, at), body: bodyAt(reply.value, at) } } : reply;
};
