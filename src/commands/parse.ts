import type { Request } from "../model/event.ts";
import { nearest } from "../model/nearest.ts";
import { refuse, type Refused } from "../model/refusal.ts";
import { cut } from "../model/visible.ts";
import { proseParagraphs, type ProseLine } from "./prose.ts";
import { COMMANDS } from "./table.ts";

/** At most this many commands of one comment are read. */
const MAX_COMMANDS = 10;

/**
 * Every command of a comment, and every mistake, in order. Text that is no command gives nothing. Never throws.
 * Refusals: those of the command's row, `unknown-command`, `too-many-commands`.
 */
export const parseComment = (markdown: string): Request[] => {
  const written = proseParagraphs(markdown).flatMap((paragraph) => readParagraph(paragraph));
  const read = written.slice(0, MAX_COMMANDS).map((each) => toRequest(each));
  return written.length <= MAX_COMMANDS ? read : [...read, tooMany(written.length)];
};

type Written = { readonly first: string; readonly more: string[] };

const readParagraph = (paragraph: readonly ProseLine[]): Written[] => {
  const written: Written[] = [];
  for (const { text, own } of paragraph) {
    const command = own ? /^\/enki(?:[ \u00a0]+(.*))?$/i.exec(text.trim()) : null;
    if (command) written.push({ first: (command[1] ?? "").trim(), more: [] });
    else written.at(-1)?.more.push(text.trim());
  }
  return written;
};

const toRequest = ({ first, more }: Written): Request => {
  const [typed = "", ...words] = first.split(/[ \u00a0]+/);
  const name = typed === "" ? "help" : typed.toLowerCase();
  const row = COMMANDS.find((each) => each.name === name || each.aliases.includes(name));
  const text = [first.slice(typed.length).trim(), ...more].join("\n").trim();
  return row ? row.read({ words, text }, row) : unknown(typed);
};

const unknown = (typed: string): Refused => {
  const shown = cut(typed.replaceAll("`", "'"), 40);
  const near = nearest(
    cut(typed, 40),
    COMMANDS.flatMap((row) => [row.name, ...row.aliases]),
  );
  const hint = near === null ? "." : `; did you mean \`/enki ${near}\`?`;
  return refuse("unknown-command", `There is no \`/enki ${shown}\`${hint}`, "/enki help");
};

const tooMany = (count: number): Refused =>
  refuse(
    "too-many-commands",
    `This comment has ${count} commands; the first ${MAX_COMMANDS} were read. Write the others in another comment.`,
    "/enki help",
  );
