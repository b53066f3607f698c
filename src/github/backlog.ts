import { BACKLOG_LABEL, MAX_ITEM, MAX_ITEMS } from "../model/backlog.ts";
import { cut } from "../model/visible.ts";
import { anything, issues, numbered } from "./answers.ts";
import { type Http, readAll } from "./http.ts";
import type { Backlog } from "./ports.ts";

const ISSUES = "/repos/{owner}/{repo}/issues";
const ISSUE = `${ISSUES}/{issue_number}`;

/** Pages that are looked through for an issue that may be there: its maker died lately. */
const PAGES = 3;

/** Our hidden first line is no part of the text. */
const withoutMarker = (body: string): string => body.replace(/^<!-- enki:[^\n]*-->\r?\n?/, "");

/** The backlog over GitHub's issues. A pull request can have the label too, and is none of it. */
export const openBacklog = (http: Http): Backlog => ({
  list: async () => {
    const parameters = { labels: BACKLOG_LABEL, state: "open", sort: "created", direction: "desc", per_page: MAX_ITEMS };
    const reply = await http.get({ route: `GET ${ISSUES}`, parameters, schema: issues });
    if (!reply.ok) return reply;
    const items = reply.value.filter(({ onPull }) => !onPull);
    return {
      ok: true,
      value: items.map(({ issue, title, body, created }) => ({ issue, title, body: cut(withoutMarker(body), MAX_ITEM), created })),
    };
  },
  find: async (marker, by) => {
    const parameters = { labels: BACKLOG_LABEL, state: "all", sort: "created", direction: "desc" };
    const reply = await readAll(http, { route: `GET ${ISSUES}`, parameters, schema: issues }, PAGES);
    if (!reply.ok) return reply;
    const ours = reply.value.items.filter(
      (each) => each.by.toLowerCase() === by.toLowerCase() && each.body.split(/\r?\n/, 1)[0] === marker,
    );
    const oldest = ours.at(-1);
    return { ok: true, value: oldest ? { issue: oldest.issue } : null };
  },
  open: async ({ title, body }) => {
    const reply = await http.send({ route: `POST ${ISSUES}`, parameters: { title, body, labels: [BACKLOG_LABEL] }, schema: numbered });
    return reply.ok ? { ok: true, value: { issue: reply.value.number } } : reply;
  },
  edit: ({ issue, title, body }) =>
    http.send({ route: `PATCH ${ISSUE}`, parameters: { issue_number: issue, title, body }, schema: anything }),
  close: (issue, reason) =>
    http.send({ route: `PATCH ${ISSUE}`, parameters: { issue_number: issue, state: "closed", state_reason: reason }, schema: anything }),
});
