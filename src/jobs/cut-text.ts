import { MAX_TEXT } from "../ledger/result.ts";

const NOTE = 100;
/** The first half of a character whose second was cut off: no file could hold it. */
const HALF = /[\ud800-\udbff]$/;

/** A text that a result can hold: a longer one ends with how long it was, in characters. */
export const cutText = (text: string): string =>
  text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - NOTE).replace(HALF, "")}\n\n[cut here: it had ${text.length} characters]\n`;
