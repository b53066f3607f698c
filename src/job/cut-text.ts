import { MAX_HELD_CHARS, openSecretRedactor } from "../core/policy/secret-stream.ts";
import { redactSecrets } from "../core/policy/secrets.ts";
import { MAX_RESULT_TEXT_CHARS } from "../storage/ledger/read-job-result.ts";

const CUT_NOTE_CHARS = 100;
/** A high surrogate without its low half; no UTF-8 file can hold it. */
const LONE_SURROGATE_PATTERN = /[\ud800-\udbff]$/;

/** Number of characters kept at the end of an answer, because the end holds its fields and output. */
const KEPT_END_CHARS = 60_000;

/** Only the ends of a longer text are redacted and kept; a result holds far less of it. In characters. */
const MAX_REDACTED_CHARS = 1_000_000;

/** Text from an agent without credentials. */
export type RedactedText = {
  /** At most about a million characters: of a longer text, its start and its end. */
  readonly text: string;
  /** The number of characters before the middle of the text was left out. */
  readonly fullChars: number;
};

const ofFullText = (text: string): RedactedText => ({ text, fullChars: text.length });

/** Redacts a text of any length in bounded time. */
export const redactEnds = (text: string, secrets: readonly string[]): RedactedText => {
  if (text.length <= MAX_REDACTED_CHARS) return ofFullText(redactSecrets(text, secrets));
  const half = MAX_REDACTED_CHARS / 2;
  const start = openSecretRedactor(secrets).write(text.slice(0, half));
  // A credential may begin in the omitted middle.
  const end = redactSecrets(text.slice(-half), secrets, MAX_HELD_CHARS);
  return {
    text: `${start.replace(LONE_SURROGATE_PATTERN, "")}\n\n${end.replace(/^[\udc00-\udfff]/, "")}`,
    fullChars: text.length,
  };
};

/** Shortens an answer to the result's limit by omitting the middle, with a note. */
export const cutAnswer = ({ text, fullChars }: RedactedText): string => {
  if (fullChars <= MAX_RESULT_TEXT_CHARS) return text;
  const start = text.slice(0, MAX_RESULT_TEXT_CHARS - KEPT_END_CHARS - CUT_NOTE_CHARS).replace(LONE_SURROGATE_PATTERN, "");
  const end = text.slice(-KEPT_END_CHARS).replace(/^[\udc00-\udfff]/, "");
  return `${start}\n\n[… ${fullChars - start.length - end.length} characters left out …]\n\n${end}`;
};

/** Shortens a text to the result's limit and notes its original length in characters. */
export const cutText = ({ text, fullChars }: RedactedText): string =>
  fullChars <= MAX_RESULT_TEXT_CHARS
    ? text
    : `${text.slice(0, MAX_RESULT_TEXT_CHARS - CUT_NOTE_CHARS).replace(LONE_SURROGATE_PATTERN, "")}\n\n[cut here: it had ${fullChars} characters]\n`;
