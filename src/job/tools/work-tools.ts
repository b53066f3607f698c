import { READ_ONLY_REFUSAL, explainRefusedEdit, refuseMissingArgument } from "../../core/messages/refusals/tools.ts";
import { z } from "zod";
import { MAX_REASON_CHARS, MAX_THREAD_REPLIES, OUTCOME_KINDS } from "../../core/domain/outcome.ts";
import {
  answerError,
  answerRefusal,
  recordCommand,
  answerWith,
  type McpTool,
  defineTool,
  type ToolAnswer,
  type ToolContext,
} from "./mcp-tool.ts";

const workerReportInput = z.strictObject({
  status: z.string().min(1).max(500).optional().describe("What you are doing now, in one line."),
  outcome: z
    .enum(OUTCOME_KINDS)
    .optional()
    .describe(
      "The outcome of your work. done: the task is complete. nothing-to-do: no change is needed. failed: you could not complete the task. blocked: you need a person's answer. The last call counts.",
    ),
  reason: z.string().min(1).max(MAX_REASON_CHARS).optional().describe("Why; required with every outcome except done."),
  replies: z
    .array(
      z.strictObject({
        comment: z.int().positive().describe("The comment's number."),
        addressed: z.boolean().describe("Whether your work addresses it."),
        text: z.string().min(1).max(MAX_REASON_CHARS).describe("How, or why not."),
      }),
    )
    .max(MAX_THREAD_REPLIES)
    .optional()
    .describe("Your answers to review comments, one for each."),
});

const recordWorkerReport = (context: ToolContext, { status, outcome, reason, replies }: z.output<typeof workerReportInput>): ToolAnswer => {
  if (status === undefined && outcome === undefined && replies === undefined) return answerRefusal(refuseMissingArgument("status"));
  if (outcome !== undefined && outcome !== "done" && !reason?.trim())
    return answerRefusal(refuseMissingArgument(`reason (why is it ${outcome}?)`));
  const lines = [
    ...(status === undefined ? [] : [`Status reported: ${status}`]),
    ...(replies === undefined ? [] : [`Answers to ${replies.length} review comment(s) recorded.`]),
    ...(outcome === undefined ? [] : [`Outcome recorded: ${outcome}. End your turn when nothing is left to do.`]),
  ];
  const command = { kind: "report", status: status ?? "", outcome, reason, replies } as const;
  return recordCommand(context, command, { text: lines.join("\n"), structured: { status, outcome } });
};

const EDIT_GRAMMAR =
  "An edit is text of several lines: anchors, copied from your last read up to the `|`, and new lines between them. The file's lines between two anchors are replaced by the new lines; the lines of the anchors stay. `^|` stands before the first line, `$|` after the last.";
/** Replaces the second of three lines, then appends one. */
const EDIT_EXAMPLE = ["1:5f3a09|\nthe new second line\n3:77d0e1|", "3:77d0e1|\na new last line\n$|"];

const editFileInput = z.strictObject({
  path: z.string().min(1).describe("The file, relative to the workspace."),
  content: z.string().optional().describe("A single edit, as in `edits`."),
  edits: z
    .array(z.string())
    .max(100)
    .optional()
    .describe(`${EDIT_GRAMMAR} Example: ${JSON.stringify(EDIT_EXAMPLE)}`),
});

/** Tools for agents that work on a step. */
export const workTools: readonly McpTool[] = [
  defineTool({
    name: "enki_worker_report",
    summary: "Report in one line what you are doing now and, once before you finish, the outcome of your work (`outcome`).",
    rights: "WNS",
    input: workerReportInput,
    run: recordWorkerReport,
  }),
  defineTool({
    name: "enki_edit_file",
    summary:
      "Read a text file with an anchor before each line (only `path`), or replace the lines between anchors (`edits`). The edits of a call are applied all or none. The file must exist.",
    rights: "W",
    input: editFileInput,
    run: async (context, { path, content, edits }) => {
      if (!context.editFile) return answerError(READ_ONLY_REFUSAL);
      const all = [...(content === undefined ? [] : [content]), ...(edits ?? [])];
      const done = await context.editFile(path, all.length === 0 ? null : all);
      return "refused" in done ? answerError(explainRefusedEdit(done.refused)) : answerWith(done.text, { path });
    },
  }),
];
