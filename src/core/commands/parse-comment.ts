import { REORDERED, TOO_COMPLEX, refuseMistypedCommand, refuseTooManyCommands } from "../messages/refusals/commands.ts";
import type { CommandRequest } from "../domain/event.ts";
import { findNearestWord } from "../domain/nearest-word.ts";
import type { RefusedResult } from "../domain/refusal.ts";
import { takeFirstChars, stripHiddenChars } from "../domain/visible-text.ts";
import { type ProseLine, readProse } from "./prose.ts";
import { type CommandRow } from "./command-row.ts";
import { COMMANDS } from "./command-table.ts";

/** Further commands of a comment are refused. */
const MAX_COMMANDS = 10;

/**
 * Parses all commands of a comment, with refusals for invalid ones, in order. Other text yields nothing. Never throws.
 * `@<slug> fix …` equals `/enki fix …` if a slug is given and the word is a command name, because people also mention the bot in other sentences.
 * Refusals: those of the command's row, `unknown-command`, `too-many-commands`, `too-complex`.
 */
export const parseComment = (markdown: string, slug: string | null = null): CommandRequest[] => {
  if (!mayHoldCommand(markdown, slug)) return [];
  const matchCommand = createCommandMatcher(slug);
  const { paragraphs, unread } = readProse(markdown);
  const commands = paragraphs.flatMap((paragraph) => readParagraphCommands(paragraph, matchCommand));
  const isUnread = splitLines(unread).some((line) => matchCommand(stripHiddenChars(line).trim()) !== null);
  return [
    ...commands.slice(0, MAX_COMMANDS).map((each) => toCommandRequest(each)),
    ...(commands.length > MAX_COMMANDS ? [refuseTooManyCommands(commands.length, MAX_COMMANDS)] : []),
    ...(isUnread ? [TOO_COMPLEX] : []),
  ];
};

/** Whether every line of a text belongs to a command, so that the text says nothing about its issue. */
export const hasOnlyCommands = (markdown: string, self: string): boolean => {
  const slug = self.replace(/\[bot\]$/, "");
  if (!mayHoldCommand(markdown, slug)) return markdown.trim() === "";
  const matchCommand = createCommandMatcher(slug);
  const covered = new Set<number>();
  for (const paragraph of readProse(markdown).paragraphs) {
    const first = paragraph.findIndex((line) => isCommandLine(line, matchCommand));
    if (first !== -1) for (const { line } of paragraph.slice(first)) covered.add(line);
  }
  return splitLines(markdown).every((line, at) => line.trim() === "" || covered.has(at + 1));
};

/** Removes the lines that are commands; the rest is addressed to people. */
export const stripCommands = (markdown: string, slug: string | null = null): string => {
  if (!mayHoldCommand(markdown, slug)) return markdown;
  const matchCommand = createCommandMatcher(slug);
  const lines = readProse(markdown).paragraphs.flatMap((paragraph) => paragraph.filter((line) => isCommandLine(line, matchCommand)));
  const numbers = new Set(lines.map(({ line }) => line));
  return splitLines(markdown)
    .filter((_, at) => !numbers.has(at + 1))
    .join("\n");
};

const splitLines = (text: string): string[] => text.split(/\r\n|\n|\r/);

/** Whether a text mentions Enki. Most texts do not and need no parsing. */
const mayHoldCommand = (markdown: string, slug: string | null): boolean => {
  const text = stripHiddenChars(markdown).toLowerCase();
  return text.includes("/enki") || (slug !== null && text.includes(`@${slug.toLowerCase()}`));
};

const isCommandLine = ({ text, own }: ProseLine, matchCommand: CommandMatcher): boolean => own && matchCommand(text.trim()) !== null;

type WrittenCommand = { readonly first: string; readonly more: string[]; reordered: boolean };

/** Returns a command line's text after `/enki` or the mention; null for any other line. */
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

const readParagraphCommands = (paragraph: readonly ProseLine[], matchCommand: CommandMatcher): WrittenCommand[] => {
  const commands: WrittenCommand[] = [];
  for (const { text, own, reordered } of paragraph) {
    const first = own ? matchCommand(text.trim()) : null;
    if (first !== null) commands.push({ first, more: [], reordered: false });
    else commands.at(-1)?.more.push(text.trim());
    const last = commands.at(-1);
    if (last) last.reordered ||= reordered;
  }
  return commands;
};

const toCommandRequest = ({ first, more, reordered }: WrittenCommand): CommandRequest => {
  if (reordered) return REORDERED;
  const [typed = "", ...words] = first.split(/[ \u00a0]+/);
  const row = findCommandRow(typed === "" ? "help" : typed);
  const text = [first.slice(typed.length).trim(), ...more].join("\n").trim();
  return row ? row.read({ words, text }, row) : refuseUnknownCommand(typed);
};

const refuseUnknownCommand = (typed: string): RefusedResult => {
  const quoted = takeFirstChars(typed.replaceAll("`", "'"), 40);
  const suggestion = suggestCommand(takeFirstChars(typed, 40));
  const hint = suggestion === null ? "." : `; did you mean \`/enki ${suggestion}\`?`;
  return refuseMistypedCommand(quoted, hint);
};

/** Commands that are the opposite of another command. */
const OPPOSITE_COMMANDS: Readonly<Record<string, string>> = { pause: "resume", resume: "pause" };

/**
 * Suggests a command for a mistyped word, by name, never by alias.
 * "unfix" and "unpause" are close to "fix" and "pause" by letters, but mean the opposite, as "redo" does of "undo".
 */
const suggestCommand = (typed: string): string | null => {
  const names = COMMANDS.map(({ name }) => name);
  const [, rest] = /^(?:un|de|dis|re(?=do))-?(.+)$/i.exec(typed) ?? [];
  const undone = rest === undefined ? null : findNearestWord(rest, [...names, ...COMMANDS.flatMap(({ aliases }) => aliases)]);
  return undone === null ? findNearestWord(typed, names) : (OPPOSITE_COMMANDS[undone] ?? null);
};
