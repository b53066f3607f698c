import { BACKLOG_LABEL, MAX_BACKLOG_ITEM_CHARS, MAX_BACKLOG_ITEMS } from "../core/domain/backlog-item.ts";
import { takeFirstChars } from "../core/domain/visible-text.ts";
import { readBacklogBody } from "../core/messages/backlog-text.ts";
import { ignoredAnswerSchema, issueListSchema, createdNumberSchema } from "./answer-schemas.ts";
import { type GitHubHttp, readAllPages } from "./github-http.ts";
import type { BacklogPort } from "./github-ports.ts";
import { isSameLogin } from "../core/domain/ids.ts";

const BACKLOG_ISSUES_ROUTE = "/repos/{owner}/{repo}/issues";
const BACKLOG_ISSUE_ROUTE = `${BACKLOG_ISSUES_ROUTE}/{issue_number}`;

/** Pages searched for an existing issue, which must be recent: its creator crashed shortly after creating it. */
const MAX_BACKLOG_PAGES = 3;

/** Removes our hidden first line. */
const stripMarker = (body: string): string => body.replace(/^<!-- enki:[^\n]*-->\r?\n?/, "");

/** Stores the backlog as GitHub issues. Pull requests with the label are ignored. */
export const openBacklog = (http: GitHubHttp): BacklogPort => ({
  list: async () => {
    const parameters = { labels: BACKLOG_LABEL, state: "open", sort: "created", direction: "desc", per_page: MAX_BACKLOG_ITEMS };
    const reply = await http.get({ route: `GET ${BACKLOG_ISSUES_ROUTE}`, parameters, schema: issueListSchema });
    if (!reply.ok) return reply;
    const items = reply.value.filter(({ onPull }) => !onPull);
    return {
      ok: true,
      value: items.map(({ issue, title, body, created }) => ({
        issue,
        title,
        body: takeFirstChars(readBacklogBody(stripMarker(body)), MAX_BACKLOG_ITEM_CHARS),
        created,
      })),
    };
  },
  find: async (marker, by) => {
    const parameters = { labels: BACKLOG_LABEL, state: "all", sort: "created", direction: "desc" };
    const reply = await readAllPages(
      http,
      { route: `GET ${BACKLOG_ISSUES_ROUTE}`, parameters, schema: issueListSchema },
      MAX_BACKLOG_PAGES,
    );
    if (!reply.ok) return reply;
    const ours = reply.value.items.filter((each) => isSameLogin(each.by, by) && each.body.split(/\r?\n/, 1)[0] === marker);
    const oldest = ours.at(-1);
    return { ok: true, value: oldest ? { issue: oldest.issue } : null };
  },
  open: async ({ title, body }) => {
    const reply = await http.send({
      route: `POST ${BACKLOG_ISSUES_ROUTE}`,
      parameters: { title, body, labels: [BACKLOG_LABEL] },
      schema: createdNumberSchema,
    });
    return reply.ok ? { ok: true, value: { issue: reply.value.number } } : reply;
  },
  edit: ({ issue, title, body }) =>
    http.send({ route: `PATCH ${BACKLOG_ISSUE_ROUTE}`, parameters: { issue_number: issue, title, body }, schema: ignoredAnswerSchema }),
  close: (issue, reason) =>
    http.send({
      route: `PATCH ${BACKLOG_ISSUE_ROUTE}`,
      parameters: { issue_number: issue, state: "closed", state_reason: reason },
      schema: ignoredAnswerSchema,
    }),
});
