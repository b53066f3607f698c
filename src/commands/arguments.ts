import type { Command } from "../model/command.ts";
import type { Request } from "../model/event.ts";
import { accept, refuse, type Refused, type Result } from "../model/refusal.ts";
import { cut } from "../model/visible.ts";
import type { Arguments, CommandRow } from "./table.ts";

type Row = Pick<CommandRow, "name" | "usage">;

const yes = (command: Command): Request => ({ ok: true, command });

/** What the person wrote, as it may be shown again: in code, where nothing of it means anything. */
const shown = (text: string): string => `\`${cut(text.replaceAll("`", "'"), 80)}\``;

/** Names and hashes are often copied together with the backticks around them. */
const bare = (word: string): string => word.replace(/^`+|`+$/g, "");

/** An execution's id, a task's or a step's. */
const isName = (text: string): boolean => /^[a-z0-9][a-z0-9_-]{0,127}$/.test(text);

/** A request in words; without words the issue itself is the request. */
export const readRequest =
  (kind: "do" | "plan") =>
  ({ text }: Arguments): Request =>
    yes({ kind, text });

/** More steps, or a change of the plan, in words. Refusal: `nothing-asked`. */
export const readAddition =
  (kind: "add" | "revise") =>
  ({ text }: Arguments, { name, usage }: Row): Request =>
    text === "" ? nothingAsked(name, usage) : yes({ kind, text });

const nothingAsked = (name: string, usage: string): Refused =>
  refuse("nothing-asked", `\`/enki ${name}\` needs to know what to do.`, `/enki ${usage}`);

/** A small request in words. Refusal: `nothing-asked`. */
export const readQuick = ({ text }: Arguments, { name, usage }: Row): Request =>
  text === "" ? nothingAsked(name, usage) : yes({ kind: "quick", prompt: text });

/** A workflow's name, and what it is given. Refusals: `which-workflow`, `bad-workflow`. */
export const readRun = ({ words, text }: Arguments, { usage }: Row): Request => {
  const [first = ""] = words;
  const workflow = bare(first);
  if (workflow === "") return refuse("which-workflow", "`/enki run` needs the name of a workflow.", `/enki ${usage}`);
  if (!isName(workflow)) return refuse("bad-workflow", `${shown(first)} is no name of a workflow.`, `/enki ${usage}`);
  return yes({ kind: "run", workflow, args: text.slice(first.length).trim() });
};

/** The id of a question and its answer, which goes on to the end of the paragraph. Refusals: `what-reply`, `bad-mail`. */
export const readReply = ({ words, text }: Arguments, { usage }: Row): Request => {
  const [first = ""] = words;
  const mail = bare(first).toLowerCase();
  const answer = text.slice(first.length).trim();
  if (mail === "" || answer === "")
    return refuse(
      "what-reply",
      "An answer names the question by its id, and says something: both stand in Enki's comment.",
      `/enki ${usage}`,
    );
  return /^[0-9a-f]{4,64}$/.test(mail)
    ? yes({ kind: "reply", mail, text: answer })
    : refuse("bad-mail", `${shown(first)} is no id of a question.`, `/enki ${usage}`);
};

/** A step's, task's or execution's name, or nothing. Refusals: `too-much`, `bad-target`. */
export const readTarget =
  (kind: "retry" | "cancel" | "pause" | "resume" | "status") =>
  (given: Arguments, row: Row): Request => {
    const target = readName(given, row);
    return target.ok ? yes({ kind, target: target.value }) : target;
  };

/** A step's or task's name, which must be there. Refusals: those of {@link readTarget}, `which-step`. */
export const readStep = (given: Arguments, row: Row): Request => {
  const target = readName(given, row);
  if (!target.ok) return target;
  if (target.value === null) return refuse("which-step", `\`/enki ${row.name}\` needs the name of a step.`, `/enki ${row.usage}`);
  return yes({ kind: "skip", target: target.value });
};

const readName = ({ words }: Arguments, { name, usage }: Row): Result<string | null> => {
  if (words.length > 1) return refuse("too-much", `\`/enki ${name}\` takes one name, not ${shown(words.join(" "))}.`, `/enki ${usage}`);
  const target = words[0] === undefined ? null : bare(words[0]);
  if (target === null || isName(target)) return accept(target);
  return refuse("bad-target", `${shown(target)} is no name of a step, a task or an execution.`, "/enki status");
};

/** A plan's hash or a task with its result, each by seven characters or more. Refusals: `what-approval`, `bad-hash`. */
export const readApproval = ({ words }: Arguments, { usage }: Row): Request => {
  const [what, extra] = words.map((word) => bare(word).toLowerCase());
  if (what === undefined || extra !== undefined) {
    return refuse(
      "what-approval",
      "An approval names exactly what it approves, and nothing else; the line to copy is in Enki's comment with the plan.",
      `/enki ${usage}`,
    );
  }
  const [task, head, more] = what.split("@");
  if (task === undefined || more !== undefined) return badHash(what);
  if (head === undefined) return /^[0-9a-f]{7,64}$/.test(task) ? yes({ kind: "approve-plan", plan: task }) : badHash(what);
  return isName(task) && /^[0-9a-f]{7,40}$/.test(head) ? yes({ kind: "approve-step", task, head }) : badHash(what);
};

const badHash = (what: string): Refused =>
  refuse(
    "bad-hash",
    `${shown(what)} is no hash of a plan, nor a task with its result: at least seven characters of it. The line to copy is in Enki's comment.`,
    "/enki approve <plan hash> | <task>@<result>",
  );

/** Nothing stands behind it; what does is not looked at. */
export const readNothing = (kind: "help") => (): Request => yes({ kind });

/** Nothing may stand behind it: who names a step means something else. Refusal: `too-much`. */
export const readStop = ({ words }: Arguments): Request =>
  words.length === 0
    ? yes({ kind: "stop" })
    : refuse("too-much", `\`/enki stop\` stops everything, not ${shown(words.join(" "))}.`, "/enki cancel [<step>]");
