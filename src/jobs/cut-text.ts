import { MAX_TEXT } from "../ledger/result.ts";

const NOTE = 100;

/** A text that a result can hold: a longer one ends with how long it was, in characters. */
export const cutText = (text: string): string =>
  text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - NOTE)}\n\n[cut here: it had ${text.length} characters]\n`;
