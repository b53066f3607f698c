import { RE2JS, RE2JSSyntaxException } from "re2js";

const MAX_PATTERN_CHARS = 500;
const MAX_PROGRAM_INSTRUCTIONS = 2_000;
const MAX_SUBJECT_CHARS = 100_000;

/** Explains why a pattern cannot be used, in one sentence. */
export class PatternError extends Error {}

/** Reports whether the pattern occurs in the text. */
export type PatternMatcher = (subject: string) => boolean;

/**
 * Compiles a regular expression in the syntax of RE2 and Go. RE2 matches in time linear in the text.
 * Throws PatternError for an invalid pattern; the matcher throws it for a text that is too long.
 */
export const compilePattern = (source: string): PatternMatcher => {
  if (source.length > MAX_PATTERN_CHARS) throw new PatternError(`a pattern has at most ${MAX_PATTERN_CHARS} characters`);
  const compiled = compileRe2(source);
  if (compiled.programSize() > MAX_PROGRAM_INSTRUCTIONS) throw new PatternError(TOO_LARGE);
  return (subject) => {
    if (subject.length > MAX_SUBJECT_CHARS) throw new PatternError(`a matched text has at most ${MAX_SUBJECT_CHARS} characters`);
    return compiled.test(subject);
  };
};

const compileRe2 = (source: string): RE2JS => {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    throw new PatternError(explain(error.error, error.input ?? ""));
  }
};

const TOO_LARGE = "the pattern is too large: use fewer or smaller repeats";

/** RE2's own messages, and ours. A row with a function also receives the part of the pattern that RE2 refuses. */
const EXPLANATIONS: Readonly<Record<string, string | ((part: string) => string)>> = {
  "expression too large": TOO_LARGE,
  "expression nests too deeply": "groups are nested too deeply",
  "invalid character class range": (part) =>
    /^\\p|^\[:/i.test(part)
      ? `\`${part}\` is not a known set of characters`
      : `\`${part}\` is not a range: a range in \`[…]\` goes from a lower to a higher character`,
  "invalid escape sequence": (part) => `\`${part}\` is not supported`,
  "invalid named capture": (part) => (/^\(\?<[=!]/.test(part) ? LOOK_AROUND : `\`${part}\` is not a valid name of a group`),
  "duplicate capture group name": (part) => `two groups have the name \`${part}\``,
  "invalid or unsupported Perl syntax": (part) => (/^\(\?[=!]/.test(part) ? LOOK_AROUND : `\`${part}\` is not supported in groups`),
  "invalid nested repetition operator": (part) => `\`${part}\`: a repeat cannot be repeated, use a group`,
  "invalid repeat count": (part) =>
    `\`${part}\`: a repeat is at most 1000, together with the repeats around it, and not less than its first number`,
  "missing closing ]": "a `[` is not closed",
  "missing closing )": "a `(` is not closed",
  "unexpected )": "`)` closes nothing",
  "missing argument to repetition operator": (part) => `\`${part}\` repeats nothing`,
  "trailing backslash at end of expression": "the pattern ends with `\\`",
};

const LOOK_AROUND = "groups that look ahead or behind are not supported";

const explain = (message: string, part: string): string => {
  const explanation = EXPLANATIONS[message];
  if (typeof explanation === "function") return explanation(part);
  return explanation ?? message;
};
