import type { Command } from "../domain/command.ts";
import type { CommandRequest } from "../domain/event.ts";
import { accept, refuse, type RefusedResult, type Result } from "../domain/refusal.ts";
import { takeFirstChars } from "../domain/visible-text.ts";
import type { CommandArguments, CommandRow } from "./command-row.ts";

type CommandUsage = Pick<CommandRow, "name" | "usage">;

const acceptCommand = (command: Command): CommandRequest => ({ ok: true, command });

/** What the person wrote, as it may be shown again: in code, where nothing of it means anything. */
const quoteUserText = (text: string): string => `\`${takeFirstChars(text.replaceAll("`", "'"), 80)}\``;

/** Names and hashes are often copied together with the backticks around them. */
const stripBackticks = (word: string): string => word.replace(/^`+|`+$/g, "");

/** An execution's id, a task's or a step's. */
const isTargetName = (text: string): boolean => /^[a-z0-9][a-z0-9_-]{0,127}$/.test(text);

/** A request in words; without words the issue itself is the request. */
export const readRequestText =
  (kind: "do" | "plan") =>
  ({ text }: CommandArguments): CommandRequest =>
    acceptCommand({ kind, text });

/** More steps, or a change of the plan, in words. Refusal: `nothing-asked`. */
export const readAdditionText =
  (kind: "add" | "revise") =>
  ({ text }: CommandArguments, { name, usage }: CommandUsage): CommandRequest =>
    text === "" ? refuseEmptyRequest(name, usage) : acceptCommand({ kind, text });

const refuseEmptyRequest = (name: string, usage: string): RefusedResult =>
  refuse("nothing-asked", `\`/enki ${name}\` needs to know what to do.`, `/enki ${usage}`);

/** A small request in words. Refusal: `nothing-asked`. */
export const readQuickPrompt = ({ text }: CommandArguments, { name, usage }: CommandUsage): CommandRequest =>
  text === "" ? refuseEmptyRequest(name, usage) : acceptCommand({ kind: "quick", prompt: text });

/** A workflow's name, and what it is given. Refusals: `which-workflow`, `bad-workflow`. */
export const readRunArguments = ({ words, text }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
  const [first = ""] = words;
  const workflow = stripBackticks(first);
  if (workflow === "") return refuse("which-workflow", "`/enki run` needs the name of a workflow.", `/enki ${usage}`);
  if (!isTargetName(workflow)) return refuse("bad-workflow", `${quoteUserText(first)} is no name of a workflow.`, `/enki ${usage}`);
  return acceptCommand({ kind: "run", workflow, args: text.slice(first.length).trim() });
};

/** The id of a question and its answer, which goes on to the end of the paragraph. Refusals: `what-reply`, `bad-mail`. */
export const readReplyArguments = ({ words, text }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
  const [first = ""] = words;
  const mail = stripBackticks(first).toLowerCase();
  const answer = text.slice(first.length).trim();
  if (mail === "" || answer === "")
    return refuse(
      "what-reply",
      "An answer names the question by its id, and says something: both stand in Enki's comment.",
      `/enki ${usage}`,
    );
  return /^[0-9a-f]{4,64}$/.test(mail)
    ? acceptCommand({ kind: "reply", mail, text: answer })
    : refuse("bad-mail", `${quoteUserText(first)} is no id of a question.`, `/enki ${usage}`);
};

/** A step's, task's or execution's name, or nothing. Refusals: `too-much`, `bad-target`. */
export const readTargetArgument =
  (kind: "retry" | "cancel" | "pause" | "resume" | "status") =>
  (given: CommandArguments, row: CommandUsage): CommandRequest => {
    const target = readNameArgument(given, row);
    return target.ok ? acceptCommand({ kind, target: target.value }) : target;
  };

/** A step's or task's name, which must be there. Refusals: those of {@link readTarget}, `which-step`. */
export const readStepArgument = (given: CommandArguments, row: CommandUsage): CommandRequest => {
  const target = readNameArgument(given, row);
  if (!target.ok) return target;
  if (target.value === null) return refuse("which-step", `\`/enki ${row.name}\` needs the name of a step.`, `/enki ${row.usage}`);
  return acceptCommand({ kind: "skip", target: target.value });
};

const readNameArgument = ({ words }: CommandArguments, { name, usage }: CommandUsage): Result<string | null> => {
  if (words.length > 1)
    return refuse("too-much", `\`/enki ${name}\` takes one name, not ${quoteUserText(words.join(" "))}.`, `/enki ${usage}`);
  const target = words[0] === undefined ? null : stripBackticks(words[0]);
  if (target === null || isTargetName(target)) return accept(target);
  return refuse("bad-target", `${quoteUserText(target)} is no name of a step, a task or an execution.`, "/enki status");
};

/** A plan's hash or a task with its result, each by seven characters or more. Refusals: `what-approval`, `bad-hash`. */
export const readApprovalArguments = ({ words }: CommandArguments, { usage }: CommandUsage): CommandRequest => {
  const [what, extra] = words.map((word) => stripBackticks(word).toLowerCase());
  if (what === undefined || extra !== undefined) {
    return refuse(
      "what-approval",
      "An approval names exactly what it approves, and nothing else; the line to copy is in Enki's comment with the plan.",
      `/enki ${usage}`,
    );
  }
  const [task, head, more] = what.split("@");
  if (task === undefined || more !== undefined) return refuseBadHash(what);
  if (head === undefined) return /^[0-9a-f]{7,64}$/.test(task) ? acceptCommand({ kind: "approve-plan", plan: task }) : refuseBadHash(what);
  return isTargetName(task) && /^[0-9a-f]{7,40}$/.test(head) ? acceptCommand({ kind: "approve-step", task, head }) : refuseBadHash(what);
};

const refuseBadHash = (what: string): RefusedResult =>
  refuse(
    "bad-hash",
    `${quoteUserText(what)} is no hash of a plan, nor a task with its result: at least seven characters of it. The line to copy is in Enki's comment.`,
    "/enki approve <plan hash> | <task>@<result>",
  );

/** Nothing stands behind it; what does is not looked at. */
export const readNoArguments = (kind: "help") => (): CommandRequest => acceptCommand({ kind });

/** Nothing may stand behind it: who names a step means something else. Refusal: `too-much`. */
export const readStopArguments = ({ words }: CommandArguments): CommandRequest =>
  words.length === 0
    ? acceptCommand({ kind: "stop" })
    : refuse("too-much", `\`/enki stop\` stops everything, not ${quoteUserText(words.join(" "))}.`, "/enki cancel [<step>]");
