import { MAX_TEXT } from "../ledger/result.ts";

const NOTE = 100;
/** The first half of a character whose second was cut off: no file could hold it. */
const HALF = /[\ud800-\udbff]$/;

/** How much of the end of an answer is kept: its fields and its output stand there. In characters. */
const KEPT_END = 60_000;

/** An answer that a result can hold: of a longer one the middle is left out, with a line that says so. */
export const cutAnswer = (text: string): string => {
  if (text.length <= MAX_TEXT) return text;
  const start = text.slice(0, MAX_TEXT - KEPT_END - NOTE).replace(HALF, "");
  const end = text.slice(-KEPT_END).replace(/^[\udc00-\udfff]/, "");
  return `${start}\n\n[… ${text.length - start.length - end.length} characters left out …]\n\n${end}`;
};

/** A text that a result can hold: a longer one ends with how long it was, in characters. */
export const cutText = (text: string): string =>
  text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - NOTE).replace(HALF, "")}\n\n[cut here: it had ${text.length} characters]\n`;
