import { refuseBadAmount } from "../messages/budget-text.ts";
import {
  refuseBadApproval,
  refuseBadHash,
  refuseBadHead,
  refuseBadPriority,
  refuseBadQuestionId,
  refuseBadTarget,
  refuseBadWorkflowName,
  refuseEmptyReply,
  refuseEmptyRequest,
  refuseManyNames,
  refuseMissingStep,
  refuseMissingWorkflow,
  refuseStopArgument,
} from "../messages/refusals/commands.ts";
import type { PersonCommand } from "../domain/command.ts";
import type { CommandRequest } from "../domain/event.ts";
import { isPriority } from "../domain/priority.ts";
import { accept, type Result } from "../domain/refusal.ts";
import { takeFirstChars } from "../domain/visible-text.ts";
import { readRequestBudget } from "./budget-arguments.ts";
import type { CommandArguments, CommandRow } from "./command-row.ts";

type CommandUsage = Pick<CommandRow, "name" | "usage">;

const acceptCommand = (command: PersonCommand): CommandRequest => ({ ok: true, command });

/** Quotes a person's text as inline code, so that no Markdown in it takes effect. */
const quoteUserText = (text: string): string => `\`${takeFirstChars(text.replaceAll("`", "'"), 80)}\``;

/** Names and hashes are often copied together with their backticks. */
const stripBackticks = (word: string): string => word.replace(/^`+|`+$/g, "");

const isTargetName = (text: string): boolean => /^[a-z0-9][a-z0-9_-]{0,127}$/.test(text);

/** An empty text stands for the issue's own text. A limit in money may stand at its end. Refusal: `bad-amount`. */
export const readRequestText =
  (kind: "do" | "plan") =>
  ({ text }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
    const { unreadable, ...request } = readRequestBudget(text);
    return unreadable === undefined ? acceptCommand({ kind, ...request }) : refuseBadAmount(unreadable, `${usage} up to $20`);
  };

/** Refusal: `nothing-asked`. */
export const readAdditionText =
  (kind: "add" | "revise") =>
  ({ text }: CommandArguments, { name, usage }: CommandUsage): CommandRequest =>
    text === "" ? refuseEmptyRequest(name, usage) : acceptCommand({ kind, text });

/** Refusal: `nothing-asked`. */
export const readQuickPrompt = ({ text }: CommandArguments, { name, usage }: CommandUsage): CommandRequest =>
  text === "" ? refuseEmptyRequest(name, usage) : acceptCommand({ kind: "quick", prompt: text });

/** Refusal: `nothing-asked`. */
export const readQuestion = ({ text }: CommandArguments, { name, usage }: CommandUsage): CommandRequest =>
  text === "" ? refuseEmptyRequest(name, usage) : acceptCommand({ kind: "ask", question: text });

/** Reads a workflow's name and its arguments. Refusals: `which-workflow`, `bad-workflow`. */
export const readRunArguments = ({ words, text }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
  const [first = ""] = words;
  const workflow = stripBackticks(first);
  if (workflow === "") return refuseMissingWorkflow(usage);
  if (!isTargetName(workflow)) return refuseBadWorkflowName(quoteUserText(first), usage);
  return acceptCommand({ kind: "run", workflow, args: text.slice(first.length).trim() });
};

/** Reads a question's id and the answer, which extends to the end of the paragraph. Refusals: `approved-reply`, `bad-mail`. */
export const readReplyArguments = ({ words, text }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
  const [first = ""] = words;
  const mail = stripBackticks(first).toLowerCase();
  const answer = text.slice(first.length).trim();
  if (mail === "" || answer === "") return refuseEmptyReply(usage);
  return /^[0-9a-f]{4,64}$/.test(mail)
    ? acceptCommand({ kind: "reply", mail, text: answer })
    : refuseBadQuestionId(quoteUserText(first), usage);
};

/** Reads an optional step, task or execution. Refusals: `too-much`, `bad-target`. */
export const readTargetArgument =
  (kind: "retry" | "cancel" | "pause" | "resume" | "status" | "explain" | "graph" | "undo") =>
  (parsed: CommandArguments, row: CommandUsage): CommandRequest => {
    const target = readNameArgument(parsed, row);
    return target.ok ? acceptCommand({ kind, target: target.value }) : target;
  };

/** Reads a required step or task. Refusals: those of {@link readTargetArgument}, `which-step`. */
export const readStepArgument = (parsed: CommandArguments, row: CommandUsage): CommandRequest => {
  const target = readNameArgument(parsed, row);
  if (!target.ok) return target;
  if (target.value === null) return refuseMissingStep(row.name, row.usage);
  return acceptCommand({ kind: "skip", target: target.value });
};

const readNameArgument = ({ words }: CommandArguments, { name, usage }: CommandUsage): Result<string | null> => {
  if (words.length > 1) return refuseManyNames(name, quoteUserText(words.join(" ")), usage);
  const target = words[0] === undefined ? null : stripBackticks(words[0]);
  if (target === null || isTargetName(target)) return accept(target);
  return refuseBadTarget(quoteUserText(target));
};

/** Reads a plan's hash or a task with its result, each hash with at least seven characters. Refusals: `approved-approval`, `bad-hash`. */
export const readApprovalArguments = ({ words }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
  const [approved, extra] = words.map((word) => stripBackticks(word).toLowerCase());
  if (approved === undefined || extra !== undefined) {
    return refuseBadApproval(usage);
  }
  const [task, head, more] = approved.split("@");
  if (task === undefined || more !== undefined) return refuseBadHash(quoteUserText(approved));
  if (head === undefined)
    return /^[0-9a-f]{7,64}$/.test(task) ? acceptCommand({ kind: "approve-plan", plan: task }) : refuseBadHash(quoteUserText(approved));
  return isTargetName(task) && /^[0-9a-f]{7,40}$/.test(head)
    ? acceptCommand({ kind: "approve-step", task, head })
    : refuseBadHash(quoteUserText(approved));
};

/** Reads a priority, and the step before it if there are two words. Refusals: `bad-priority`, `bad-target`. */
export const readPriorityArguments = ({ words }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
  const names = words.map((word) => stripBackticks(word));
  const priority = names.at(-1)?.toLowerCase() ?? "";
  const target = names.length > 1 ? (names[0] ?? null) : null;
  if (!isPriority(priority) || names.length > 2) return refuseBadPriority(usage);
  if (target !== null && !isTargetName(target)) return refuseBadTarget(quoteUserText(target));
  return acceptCommand({ kind: "priority", target, priority });
};

/** Reads an optional commit, with at least seven characters. Refusal: `bad-head`. */
export const readHeadArgument = ({ words }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
  const [head, extra] = words.map((word) => stripBackticks(word).toLowerCase());
  if (head === undefined) return acceptCommand({ kind: "land", head: null });
  return extra === undefined && /^[0-9a-f]{7,40}$/.test(head)
    ? acceptCommand({ kind: "land", head })
    : refuseBadHead(quoteUserText(words.join(" ")), usage);
};

/** Ignores all arguments. */
export const readNoArguments = (kind: "help" | "unland") => (): CommandRequest => acceptCommand({ kind });

/** Rejects arguments: a person who names a step probably means `cancel`. Refusal: `too-much`. */
export const readStopArguments = ({ words }: CommandArguments): CommandRequest =>
  words.length === 0 ? acceptCommand({ kind: "stop" }) : refuseStopArgument(quoteUserText(words.join(" ")));
