import { MAX_RESULT_TEXT_CHARS } from "../storage/ledger/read-job-result.ts";

const CUT_NOTE_CHARS = 100;
/** A high surrogate without its low half; no UTF-8 file can hold it. */
const LONE_SURROGATE_PATTERN = /[\ud800-\udbff]$/;

/** How much of an answer's end is kept, because its fields and output are there. In characters. */
const KEPT_END_CHARS = 60_000;

/** Shortens an answer to the result's limit by omitting the middle, with a note. */
export const cutAnswer = (text: string): string => {
  if (text.length <= MAX_RESULT_TEXT_CHARS) return text;
  const start = text.slice(0, MAX_RESULT_TEXT_CHARS - KEPT_END_CHARS - CUT_NOTE_CHARS).replace(LONE_SURROGATE_PATTERN, "");
  const end = text.slice(-KEPT_END_CHARS).replace(/^[\udc00-\udfff]/, "");
  return `${start}\n\n[… ${text.length - start.length - end.length} characters left out …]\n\n${end}`;
};

/** Shortens a text to the result's limit and notes its original length in characters. */
export const cutText = (text: string): string =>
  text.length <= MAX_RESULT_TEXT_CHARS
    ? text
    : `${text.slice(0, MAX_RESULT_TEXT_CHARS - CUT_NOTE_CHARS).replace(LONE_SURROGATE_PATTERN, "")}\n\n[cut here: it had ${text.length} characters]\n`;
