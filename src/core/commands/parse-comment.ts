import type { CommandRequest } from "../domain/event.ts";
import { findNearestWord } from "../domain/nearest-word.ts";
import { refuse, type RefusedResult } from "../domain/refusal.ts";
import { takeFirstChars, stripHiddenChars } from "../domain/visible-text.ts";
import { type ProseLine, readProse } from "./prose.ts";
import { type CommandRow } from "./command-row.ts";
import { COMMANDS } from "./command-table.ts";

/** At most this many commands of one comment are read. */
const MAX_COMMANDS = 10;

/**
 * Every command of a comment, and every mistake, in order. Text that is no command gives nothing. Never throws.
 * `@<slug> fix …` is the same as `/enki fix …`, where a slug is given and the word is a command's name: people mention the bot in other sentences too.
 * Refusals: those of the command's row, `unknown-command`, `too-many-commands`, `too-complex`.
 */
export const parseComment = (markdown: string, slug: string | null = null): CommandRequest[] => {
  if (!mayHoldCommand(markdown, slug)) return [];
  const start = createCommandMatcher(slug);
  const { paragraphs, unread } = readProse(markdown);
  const written = paragraphs.flatMap((paragraph) => readParagraphCommands(paragraph, start));
  const isUnread = linesOf(unread).some((line) => start(stripHiddenChars(line).trim()) !== null);
  return [
    ...written.slice(0, MAX_COMMANDS).map((each) => toCommandRequest(each)),
    ...(written.length > MAX_COMMANDS ? [refuseTooManyCommands(written.length)] : []),
    ...(isUnread ? [TOO_COMPLEX] : []),
  ];
};

/** Whether every line of a text belongs to a command: it says nothing about the issue that it stands on. */
export const hasOnlyCommands = (markdown: string, self: string): boolean => {
  const slug = self.replace(/\[bot\]$/, "");
  if (!mayHoldCommand(markdown, slug)) return markdown.trim() === "";
  const start = createCommandMatcher(slug);
  const covered = new Set<number>();
  for (const paragraph of readProse(markdown).paragraphs) {
    const first = paragraph.findIndex((line) => beginsCommand(line, start));
    if (first !== -1) for (const { line } of paragraph.slice(first)) covered.add(line);
  }
  return linesOf(markdown).every((line, at) => line.trim() === "" || covered.has(at + 1));
};

/** A text without the lines that begin a command: what is left is said to people. */
export const stripCommands = (markdown: string, slug: string | null = null): string => {
  if (!mayHoldCommand(markdown, slug)) return markdown;
  const start = createCommandMatcher(slug);
  const lines = readProse(markdown).paragraphs.flatMap((paragraph) => paragraph.filter((line) => beginsCommand(line, start)));
  const numbers = new Set(lines.map(({ line }) => line));
  return linesOf(markdown)
    .filter((_, at) => !numbers.has(at + 1))
    .join("\n");
};

const linesOf = (text: string): string[] => text.split(/\r\n|\n|\r/);

/** Whether a text names us at all: most do not, and need no reading. */
const mayHoldCommand = (markdown: string, slug: string | null): boolean => {
  const text = stripHiddenChars(markdown).toLowerCase();
  return text.includes("/enki") || (slug !== null && text.includes(`@${slug.toLowerCase()}`));
};

const beginsCommand = ({ text, own }: ProseLine, start: CommandMatcher): boolean => own && start(text.trim()) !== null;

type WrittenCommand = { readonly first: string; readonly more: string[] };

/** How a command begins: `first` of a line of prose is what follows the name; null for a line that begins no command. */
type CommandMatcher = (line: string) => string | null;

const createCommandMatcher = (slug: string | null): CommandMatcher => {
  const mention = slug === null ? null : new RegExp(`^@${slug.replaceAll(/[^a-z0-9-]/gi, "")}(?:\\[bot\\])?[:,]?[ \\u00a0]+(.*)$`, "i");
  return (line) => {
    const slash = /^\/enki(?:[ \u00a0]+(.*))?$/i.exec(line);
    if (slash) return (slash[1] ?? "").trim();
    const words = mention?.exec(line)?.[1]?.trim();
    return words !== undefined && findCommandRow(takeFirstWord(words)) ? words : null;
  };
};

const takeFirstWord = (words: string): string => words.split(/[ \u00a0]+/, 1)[0] ?? "";

const findCommandRow = (typed: string): CommandRow | undefined => {
  const name = typed.toLowerCase();
  return COMMANDS.find((each) => each.name === name || each.aliases.includes(name));
};

const readParagraphCommands = (paragraph: readonly ProseLine[], start: CommandMatcher): WrittenCommand[] => {
  const written: WrittenCommand[] = [];
  for (const { text, own } of paragraph) {
    const first = own ? start(text.trim()) : null;
    if (first !== null) written.push({ first, more: [] });
    else written.at(-1)?.more.push(text.trim());
  }
  return written;
};

const toCommandRequest = ({ first, more }: WrittenCommand): CommandRequest => {
  const [typed = "", ...words] = first.split(/[ \u00a0]+/);
  const row = findCommandRow(typed === "" ? "help" : typed);
  const text = [first.slice(typed.length).trim(), ...more].join("\n").trim();
  return row ? row.read({ words, text }, row) : refuseUnknownCommand(typed);
};

const refuseUnknownCommand = (typed: string): RefusedResult => {
  const shown = takeFirstChars(typed.replaceAll("`", "'"), 40);
  const near = suggestCommand(takeFirstChars(typed, 40));
  const hint = near === null ? "." : `; did you mean \`/enki ${near}\`?`;
  return refuse("unknown-command", `There is no \`/enki ${shown}\`${hint}`, "/enki help");
};

/** Opposites of commands that are commands themselves. */
const OPPOSITE_COMMANDS: Readonly<Record<string, string>> = { pause: "resume", resume: "pause" };

/**
 * The command that a mistyped word most likely meant, by its name in the table: an alias is never suggested.
 * "undo" and "unpause" are close to "do" and "pause" by letters, and mean the opposite.
 */
const suggestCommand = (typed: string): string | null => {
  const names = COMMANDS.map(({ name }) => name);
  const [, rest] = /^(?:un|de|dis)-?(.+)$/i.exec(typed) ?? [];
  const undone = rest === undefined ? null : findNearestWord(rest, [...names, ...COMMANDS.flatMap(({ aliases }) => aliases)]);
  return undone === null ? findNearestWord(typed, names) : (OPPOSITE_COMMANDS[undone] ?? null);
};

const TOO_COMPLEX = refuse(
  "too-complex",
  "The end of this comment takes too long to read, so a command in it was ignored. Write the command in a comment of its own.",
  "/enki help",
);

const refuseTooManyCommands = (count: number): RefusedResult =>
  refuse(
    "too-many-commands",
    `This comment has ${count} commands; the first ${MAX_COMMANDS} were read. Write the others in another comment.`,
    "/enki help",
  );
