import { cut, tail, visible } from "../model/visible.ts";

/** Text of somebody else as one line: it cannot begin a heading, a block or a line of its own. */
export const oneLine = (text: string, limit = 200): string => cut(visible(text).replace(/\s+/g, " ").trim(), limit);

/** Which end of a text that is too long is kept. */
type Keep = "start" | "end";

const LONGEST = 20_000;

/** At most `LONGEST` characters, with a line that says so where something was left out. */
const shorten = (text: string, keep: Keep): string => {
  const short = keep === "start" ? cut(text, LONGEST) : tail(text, LONGEST);
  if (short.length === text.length) return text;
  const left = `[… ${text.length - short.length} characters left out …]`;
  return keep === "start" ? `${short}\n${left}` : `${left}\n${short}`;
};

/**
 * Text of somebody else as a fenced block that it cannot close: the fence is longer than every run of backticks inside.
 * What a reader of the text would not see is taken out, so that nobody approves one text and an agent reads another.
 */
export const quoteBlock = (name: string, text: string, keep: Keep = "start"): string => {
  const inner = shorten(visible(text).trimEnd(), keep);
  const longest = [...inner.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}${name}\n${inner}\n${fence}`;
};

/** A name or path of somebody else as inline code that it cannot close. */
export const code = (text: string): string => `\`${oneLine(text, 300).replaceAll("`", "'")}\``;
