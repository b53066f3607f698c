import type { CommandRow } from "../core/commands/command-row.ts";
import { toTaskId } from "../core/domain/ids.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { UsageError, readOptionsAndWords } from "./command-options.ts";
import { type CommandTarget, findCommandTarget } from "./command-target.ts";
import { findExecution } from "./find-execution.ts";
import { postCommand } from "./post-command.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const commandOptions = {
  issue: {
    type: "string",
    value: "<number>",
    about: "the issue or pull request; by default the issue of the execution that is not finished",
  },
  json: { type: "boolean", default: false, about: "prints one line of JSON" },
} as const;

const MAX_WORDS = 10_000;
const MAX_TITLE_CHARS = 100;

const STARTING: ReadonlySet<string> = new Set(["fix", "plan", "quick", "ask"]);
const OF_A_PULL: ReadonlySet<string> = new Set(["land", "unland"]);
const OF_A_TARGET: ReadonlySet<string> = new Set(["retry", "skip", "pause", "resume", "cancel"]);

export const readIssueOption = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new UsageError(`--issue must be the number of an issue, not '${text}'`);
};

/** Refuses a wrong command before anything is posted, with the words of the comment's refusal. */
const requireReadable = (row: CommandRow, words: readonly string[]): void => {
  const read = row.read({ words, text: words.join(" ") }, row);
  if (!read.ok)
    throw new UsageError(read.refusal.message.replace(`\`/enki ${row.name}\` `, "").replaceAll("`/enki", "`enki").replaceAll("`", ""));
};

type Wanted = { readonly row: CommandRow; readonly words: readonly string[]; readonly issue: number | null };

type ComposedComment = { readonly issue: number; readonly text: string };

/** Opens an issue for a new request, unless the person names one. */
const composeStart = async ({ person }: CommandTarget, { row, words, issue }: Wanted): Promise<ComposedComment> => {
  const title = words.join(" ").slice(0, MAX_TITLE_CHARS);
  if (issue === null && title === "") throw new UsageError(`say what to do: enki ${row.name} "<request>", or --issue <number>`);
  return { issue: issue ?? (await person.openIssue(title, "")), text: `/enki ${[row.name, ...words].join(" ")}`.trimEnd() };
};

/** Names a step by its task, which no other issue has. */
const composeTargeted = async ({ readLedger }: CommandTarget, { row, words, issue }: Wanted): Promise<ComposedComment> => {
  const { execution, step } = findExecution(await readLedger(), { issue, target: words[0] ?? null });
  return { issue: execution.issue, text: `/enki ${row.name} ${step ? toTaskId(execution.id, step.id) : execution.id}` };
};

/** A command about a person's own pull request, with or without an execution. */
const composeForPull = ({ row, words, issue }: Wanted): ComposedComment => {
  if (issue === null) throw new UsageError(`name the pull request: enki ${row.name} --issue <number>`);
  return { issue, text: `/enki ${[row.name, ...words].join(" ")}` };
};

/** The issue and the text of the comment. */
const composeComment = async (target: CommandTarget, wanted: Wanted): Promise<ComposedComment> => {
  const { row, words, issue } = wanted;
  if (STARTING.has(row.name)) return composeStart(target, wanted);
  // The issue's requests may have left the ledger.
  if (row.name === "undo" && issue !== null) return { issue, text: `/enki ${[row.name, ...words].join(" ")}` };
  // Without a step, the comment undoes what its issue's newest request landed.
  if (OF_A_TARGET.has(row.name) || (row.name === "undo" && words.length > 0)) return composeTargeted(target, wanted);
  if (OF_A_PULL.has(row.name)) return composeForPull(wanted);
  const ledger = await target.readLedger();
  const { execution } = findExecution(ledger, { issue, target: findNamedExecution(ledger, wanted) });
  return { issue: execution.issue, text: `/enki ${[row.name, ...words].join(" ")}` };
};

/** The execution named by the words themselves; otherwise null. */
const findNamedExecution = (ledger: Ledger | null, { row, words: [first = "", ...more] }: Wanted): string | null => {
  if (row.name === "budget" && more.length > 0) return first;
  if (row.name !== "reply") return null;
  return Object.values(ledger?.mails ?? {}).find(({ id }) => id.startsWith(first))?.execution ?? null;
};

/** Posts a command of comments as the person. */
export const createPersonCommand =
  (row: CommandRow) =>
  async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
    const { values, words } = readOptionsAndWords(args, commandOptions, MAX_WORDS);
    if (words.length > 0 || !STARTING.has(row.name)) requireReadable(row, words);
    const target = await findCommandTarget(terminal);
    const comment = await composeComment(target, { row, words, issue: readIssueOption(values.issue) });
    return postCommand(terminal, target, { ...comment, isJson: values.json });
  };
