import { refuseArguments, refuseMissingArgument, refuseToolForRole, refuseUnknownTool } from "../../core/messages/refusals/tools.ts";
import { z } from "zod";
import type { RefusedResult } from "../../core/domain/refusal.ts";
import { backlogTools } from "./backlog-tools.ts";
import { lookTools } from "./look-tools.ts";
import { mailTools } from "./mail-tools.ts";
import { planTools } from "./plan-tools.ts";
import { answerRefusal, type McpTool, type ToolAnswer, type ToolContext } from "./mcp-tool.ts";
import { workTools } from "./work-tools.ts";

const ALL_TOOLS: readonly McpTool[] = [...lookTools, ...planTools, ...workTools, ...mailTools, ...backlogTools];

const toRightsLetter = ({ toolSet, canEdit }: Pick<ToolContext, "toolSet" | "canEdit">): string =>
  ({ planner: "P", worker: canEdit ? "W" : "N", merger: "M", sidecar: "S" })[toolSet];

export const listTools = (context: Pick<ToolContext, "toolSet" | "canEdit">): readonly McpTool[] =>
  ALL_TOOLS.filter(({ rights }) => rights.includes(toRightsLetter(context)));

/** Calls a tool; every refusal is an answer with `isError`. Each answer to a worker reports its unread mail. */
export const callTool = async (context: ToolContext, name: string, args: unknown): Promise<ToolAnswer> => {
  await context.mail?.refresh();
  const answer = await runTool(context, name, args);
  const notice = context.toolSet === "worker" ? formatMailNotice(context) : "";
  return notice === "" ? answer : { ...answer, text: `${answer.text}\n\n---\n${notice}` };
};

const runTool = (context: ToolContext, name: string, args: unknown): ToolAnswer | Promise<ToolAnswer> => {
  const tool = ALL_TOOLS.find((each) => each.name === name);
  if (!tool) return answerRefusal(refuseUnknownTool(name));
  if (!tool.rights.includes(toRightsLetter(context))) return answerRefusal(refuseToolForRole(name, context.toolSet));
  if (tool.raw) return tool.run(context, (args ?? {}) as Record<string, unknown>);
  const read = tool.input.safeParse(args ?? {});
  return read.success ? tool.run(context, read.data) : answerRefusal(refuseBadArguments(read.error, args));
};

const formatMailNotice = ({ mail }: ToolContext): string => {
  const unread = mail?.unread() ?? [];
  if (unread.length === 0) return "";
  const urgent = unread.filter(({ priority }) => priority === "urgent").length;
  return `MAIL: You have ${unread.length} unread message(s)${urgent > 0 ? ` (${urgent} urgent)` : ""}. Use enki_mail_check to read them.`;
};

const refuseBadArguments = (error: z.ZodError, args: unknown): RefusedResult => {
  const path = error.issues[0]?.path ?? [];
  const field = path.map(String).join(".");
  const given = args !== null && typeof args === "object" ? Object.keys(args) : [];
  return path.length === 1 && !given.includes(field) ? refuseMissingArgument(field) : refuseArguments(z.prettifyError(error).slice(0, 500));
};
