import { TAKES_EFFECT_LATER } from "../../core/messages/tool-text.ts";
import { refuseUnknownItem } from "../../core/messages/refusals/tools.ts";
import { z } from "zod";
import { type BacklogItem, MAX_BACKLOG_ITEM_CHARS, readBacklogItemId } from "../../core/domain/backlog-item.ts";
import { type Result, accept } from "../../core/domain/refusal.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import { answerRefusal, recordCommand, answerWith, type McpTool, defineTool, type ToolAnswer, type ToolContext } from "./mcp-tool.ts";

const itemBodySchema = z.string().min(1).max(MAX_BACKLOG_ITEM_CHARS);
const itemIdSchema = z.string().min(1).describe("An item's id, as enki_backlog_list prints it.");

const formatBacklogLine = ({ issue, title, created }: BacklogItem): string =>
  `${issue} | ${takeFirstChars(title, 100)} | ${new Date(created).toISOString().slice(0, 16).replace("T", " ")}`;

const answerBacklogList = ({ backlog }: ToolContext): ToolAnswer =>
  answerWith(backlog.map((item) => formatBacklogLine(item)).join("\n") || "The backlog is empty.", {
    items: backlog.map(({ issue, title, created }) => ({ id: String(issue), title, created })),
  });

const findBacklogItem = ({ backlog }: ToolContext, text: string): Result<BacklogItem> => {
  const issue = readBacklogItemId(text);
  const item = backlog.find((each) => each.issue === issue);
  return item ? accept(item) : refuseUnknownItem(text);
};

const withBacklogItem = (context: ToolContext, text: string, act: (item: BacklogItem) => ToolAnswer): ToolAnswer => {
  const found = findBacklogItem(context, text);
  return found.ok ? act(found.value) : answerRefusal(found);
};

/** Tools for the backlog, which consists of labelled issues. The next planner sees the changes. */
export const backlogTools: readonly McpTool[] = [
  defineTool({
    name: "enki_backlog_add",
    summary: "Add an item to the backlog as a new issue; the first line is the title. The issue's number becomes the item's id.",
    rights: "P",
    input: z.strictObject({ body: itemBodySchema }),
    run: (context, { body: text }) =>
      recordCommand(context, { kind: "backlog-add", body: text }, { text: `backlog: added, ${TAKES_EFFECT_LATER}` }),
  }),
  defineTool({
    name: "enki_backlog_list",
    summary: "List the open backlog items with their ids, newest first.",
    rights: "P",
    input: z.strictObject({}),
    run: (context) => answerBacklogList(context),
  }),
  defineTool({
    name: "enki_backlog_update",
    summary: "Replace the text of a backlog item.",
    rights: "P",
    input: z.strictObject({ id: itemIdSchema, body: itemBodySchema }),
    run: (context, { id: text, body: fresh }) =>
      withBacklogItem(context, text, ({ issue }) =>
        recordCommand(
          context,
          { kind: "backlog-update", issue, body: fresh },
          { text: `backlog: updated ${issue}, ${TAKES_EFFECT_LATER}`, structured: { id: String(issue) } },
        ),
      ),
  }),
  defineTool({
    name: "enki_backlog_remove",
    summary: "Close a backlog item as not planned.",
    rights: "P",
    input: z.strictObject({ id: itemIdSchema }),
    run: (context, { id: text }) =>
      withBacklogItem(context, text, ({ issue }) =>
        recordCommand(
          context,
          { kind: "backlog-remove", issue },
          { text: `backlog: removed ${issue}, ${TAKES_EFFECT_LATER}`, structured: { id: String(issue) } },
        ),
      ),
  }),
  defineTool({
    name: "enki_backlog_pick",
    summary: "Pick a backlog item to work on, and read its text. The item stays open until this job's result is accepted.",
    rights: "P",
    input: z.strictObject({ id: itemIdSchema }),
    run: (context, { id: text }) =>
      withBacklogItem(context, text, ({ issue, title, body: words }) =>
        recordCommand(
          context,
          { kind: "backlog-pick", issue },
          { text: words.trim() === "" ? title : words, structured: { id: String(issue), title, body: words } },
        ),
      ),
  }),
];
