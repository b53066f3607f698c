import { z } from "zod";
import { type BacklogItem, MAX_ITEM, readItemId } from "../model/backlog.ts";
import { refuse, type Result, accept } from "../model/refusal.ts";
import { cut } from "../model/visible.ts";
import { failed, LATER, record, say, type Tool, tool, type ToolAnswer, type ToolContext } from "./tool.ts";

const body = z.string().min(1).max(MAX_ITEM);
const id = z.string().min(1).describe("An item's id, as enki_backlog_list prints it.");

const line = ({ issue, title, created }: BacklogItem): string =>
  `${issue} | ${cut(title, 100)} | ${new Date(created).toISOString().slice(0, 16).replace("T", " ")}`;

const list = ({ backlog }: ToolContext): ToolAnswer =>
  say(backlog.map((item) => line(item)).join("\n") || "The backlog is empty.", {
    items: backlog.map(({ issue, title, created }) => ({ id: String(issue), title, created })),
  });

const find = ({ backlog }: ToolContext, text: string): Result<BacklogItem> => {
  const issue = readItemId(text);
  const item = backlog.find((each) => each.issue === issue);
  return item ? accept(item) : refuse("unknown-item", `not found: backlog item ${text}`, "enki_backlog_list");
};

const onItem = (context: ToolContext, text: string, act: (item: BacklogItem) => ToolAnswer): ToolAnswer => {
  const found = find(context, text);
  return found.ok ? act(found.value) : failed(found);
};

/** The backlog: issues with a label. What is changed here is seen by the next planner. */
export const backlogTools: readonly Tool[] = [
  tool({
    name: "enki_backlog_add",
    summary: "Keep something for later as an issue of the backlog; its first line is the title. The issue's number becomes its id.",
    rights: "P",
    input: z.strictObject({ body }),
    run: (context, { body: text }) => record(context, { kind: "backlog-add", body: text }, { text: `backlog: added, ${LATER}` }),
  }),
  tool({
    name: "enki_backlog_list",
    summary: "List the open items of the backlog with their ids, the newest first.",
    rights: "P",
    input: z.strictObject({}),
    run: (context) => list(context),
  }),
  tool({
    name: "enki_backlog_update",
    summary: "Replace the text of an item of the backlog.",
    rights: "P",
    input: z.strictObject({ id, body }),
    run: (context, { id: text, body: fresh }) =>
      onItem(context, text, ({ issue }) =>
        record(
          context,
          { kind: "backlog-update", issue, body: fresh },
          { text: `backlog: updated ${issue}, ${LATER}`, structured: { id: String(issue) } },
        ),
      ),
  }),
  tool({
    name: "enki_backlog_remove",
    summary: "Close an item of the backlog as not planned.",
    rights: "P",
    input: z.strictObject({ id }),
    run: (context, { id: text }) =>
      onItem(context, text, ({ issue }) =>
        record(
          context,
          { kind: "backlog-remove", issue },
          { text: `backlog: removed ${issue}, ${LATER}`, structured: { id: String(issue) } },
        ),
      ),
  }),
  tool({
    name: "enki_backlog_pick",
    summary:
      "Take an item of the backlog to work on: gives its text. It stays open until this job's result is accepted, so that nothing is lost.",
    rights: "P",
    input: z.strictObject({ id }),
    run: (context, { id: text }) =>
      onItem(context, text, ({ issue, title, body: words }) =>
        record(
          context,
          { kind: "backlog-pick", issue },
          { text: words.trim() === "" ? title : words, structured: { id: String(issue), title, body: words } },
        ),
      ),
  }),
];
