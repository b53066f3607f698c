import { MAX_RESULT_TEXT_CHARS } from "../storage/ledger/read-job-result.ts";

const CUT_NOTE_CHARS = 100;
/** The first half of a character whose second was cut off: no file could hold it. */
const LONE_SURROGATE_PATTERN = /[\ud800-\udbff]$/;

/** How much of the end of an answer is kept: its fields and its output stand there. In characters. */
const KEPT_END_CHARS = 60_000;

/** An answer that a result can hold: of a longer one the middle is left out, with a line that says so. */
export const cutAnswer = (text: string): string => {
  if (text.length <= MAX_RESULT_TEXT_CHARS) return text;
  const start = text.slice(0, MAX_RESULT_TEXT_CHARS - KEPT_END_CHARS - CUT_NOTE_CHARS).replace(LONE_SURROGATE_PATTERN, "");
  const end = text.slice(-KEPT_END_CHARS).replace(/^[\udc00-\udfff]/, "");
  return `${start}\n\n[… ${text.length - start.length - end.length} characters left out …]\n\n${end}`;
};

/** A text that a result can hold: a longer one ends with how long it was, in characters. */
export const cutText = (text: string): string =>
  text.length <= MAX_RESULT_TEXT_CHARS
    ? text
    : `${text.slice(0, MAX_RESULT_TEXT_CHARS - CUT_NOTE_CHARS).replace(LONE_SURROGATE_PATTERN, "")}\n\n[cut here: it had ${text.length} characters]\n`;
