import { Lexer, Parser } from "yaml";

/** GitHub's own reader of workflow files allows 50 levels; a level of YAML text opens at most two tokens. */
const MAX_OPEN_TOKENS = 100;
/** Indicators, tags and anchors in one row: the lexer recurses once for each. */
const MAX_PROPERTIES_IN_A_ROW = 100;

/** For each alias the composer may visit the whole document: quadratic in a text of anchors and aliases. */
export const MAX_YAML_ALIASES = 200;

const isProperty = (lexeme: string): boolean => /^[-?:!& \t]/.test(lexeme);

/**
 * Whether YAML text takes too long to compose, or nests too deep. The composer recurses, and V8 ends the process if it must compile a regular
 * expression at the end of the stack: catching the RangeError is not enough. Lexer and parser run step by step, and stop at the limit.
 */
export const isTooComplexYaml = (text: string): boolean => {
  const parser = new Parser();
  let inRow = 0;
  let aliases = 0;
  for (const lexeme of new Lexer().lex(text)) {
    inRow = isProperty(lexeme) ? inRow + 1 : 0;
    aliases += lexeme.startsWith("*") ? 1 : 0;
    if (inRow > 2 * MAX_PROPERTIES_IN_A_ROW || aliases > MAX_YAML_ALIASES) return true;
    Array.from(parser.next(lexeme));
    if (parser.stack.length > MAX_OPEN_TOKENS) return true;
  }
  return false;
};
