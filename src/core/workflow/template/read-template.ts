import { findNearestWord } from "../../domain/nearest-word.ts";
import { compilePattern, PatternError } from "../compile-pattern.ts";
import { type TemplatePiece, splitTemplate, type TemplateToken, tokenize } from "./tokenize.ts";
import {
  type TemplateBlock,
  type TemplateExpression,
  FUNCTION_NAMES,
  type FunctionName,
  FUNCTION_ARITIES,
  type Template,
  TemplateError,
  type TemplateFault,
  type TemplateFaultCode,
  type TemplateNode,
} from "./template.ts";

const MAX_DEPTH = 30;

export type ReadTemplate = { readonly ok: true; readonly template: Template } | { readonly ok: false; readonly fault: TemplateFault };

/** Reads a template in Enki's subset of Go templates, or returns the first fault. `line` is the line of its start in the file. */
export const readTemplate = (source: string, line: number): ReadTemplate => {
  try {
    const reader: NodeReader = { pieces: splitTemplate(source, line), at: 0, depth: 0 };
    const { nodes, end } = readNodes(reader);
    if (end)
      throw templateError("bad-template", end.line, [
        `\`${end.word}\` without a block that it belongs to`,
        "remove it, or write `{{ if … }}` before it",
      ]);
    return { ok: true, template: { source, nodes } };
  } catch (error) {
    if (error instanceof TemplateError) return { ok: false, fault: error.fault };
    throw error;
  }
};

const templateError = (code: TemplateFaultCode, line: number, [why, instead]: readonly [string, string]): TemplateError =>
  new TemplateError({ code, line, reason: why, instead });

type NodeReader = { readonly pieces: readonly TemplatePiece[]; at: number; depth: number };
type BlockEnd = { readonly word: "end" | "else"; readonly rest: string; readonly line: number };

const readNodes = (reader: NodeReader): { nodes: TemplateNode[]; end: BlockEnd | null } => {
  const nodes: TemplateNode[] = [];
  for (let piece = reader.pieces[reader.at]; piece; piece = reader.pieces[reader.at]) {
    reader.at += 1;
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const { inner, line } = piece;
    const [, word = "", rest = ""] = /^([a-z]+)\b([\s\S]*)$/.exec(inner) ?? [];
    if (word === "end" || word === "else") return { nodes, end: { word, rest: rest.trim(), line } };
    if (word === "if" || word === "with" || word === "range") nodes.push(readBlock(reader, { kind: word, written: rest, line }));
    else if (UNSUPPORTED_WORDS.has(word))
      throw templateError("unsupported-action", line, [`\`${word}\` is not supported`, "use `if`, `with`, `range`, `else` and `end`"]);
    else nodes.push({ kind: "print", value: readExpression(inner, line), written: inner, line });
  }
  return { nodes, end: null };
};

const UNSUPPORTED_WORDS = new Set(["define", "template", "block", "break", "continue"]);

type OpenedBlock = { readonly kind: TemplateBlock["kind"]; readonly written: string; readonly line: number };

const readBlock = (reader: NodeReader, { kind, written, line }: OpenedBlock): TemplateBlock => {
  reader.depth += 1;
  if (reader.depth > MAX_DEPTH) throw templateError("bad-template", line, [`blocks are more than ${MAX_DEPTH} deep`, "use fewer"]);
  const value = readExpression(written, line);
  const unclosed = () => templateError("bad-template", line, [`\`${kind}\` is not closed`, "write `{{ end }}` after it"]);
  const { nodes: body, end } = readNodes(reader);
  if (!end) throw unclosed();
  const otherwise = end.word === "else" ? readElse(reader, end, unclosed) : requireNoRest(end);
  reader.depth -= 1;
  return { kind, value, body, otherwise, line };
};

const requireNoRest = (end: BlockEnd): TemplateNode[] => {
  if (end.rest === "") return [];
  throw templateError("bad-template", end.line, [`unexpected \`${end.rest}\` after \`${end.word}\``, `write \`{{ ${end.word} }}\``]);
};

const readElse = (reader: NodeReader, end: BlockEnd, unclosed: () => TemplateError): TemplateNode[] => {
  const [, kind, written = ""] = /^(if|with)\b([\s\S]*)$/.exec(end.rest) ?? [];
  // `else if` shares the `end` of its `if`.
  if (kind === "if" || kind === "with") return [readBlock(reader, { kind, written, line: end.line })];
  requireNoRest(end);
  const { nodes, end: last } = readNodes(reader);
  if (!last) throw unclosed();
  if (last.word === "else") throw templateError("bad-template", last.line, ["a second `else`", "remove it, or write `else if …` first"]);
  requireNoRest(last);
  return nodes;
};

type TokenReader = { readonly tokens: readonly TemplateToken[]; at: number; depth: number; readonly line: number };

const readExpression = (written: string, line: number): TemplateExpression => {
  const reader: TokenReader = { tokens: tokenize(written.trim(), line), at: 0, depth: 0, line };
  if (reader.tokens.length === 0)
    throw templateError("bad-template", line, ["nothing stands in `{{ … }}`", "write a reference such as `.Args`, or remove it"]);
  const value = readPipeline(reader);
  if (reader.at < reader.tokens.length) throw templateError("bad-template", line, ["`)` closes nothing", "remove it"]);
  return value;
};

const isSign = (token: TemplateToken | undefined, text: string): boolean => token?.kind === "sign" && token.text === text;

const endsCommand = (token: TemplateToken): boolean => isSign(token, ")") || isSign(token, "|");

const readPipeline = (reader: TokenReader): TemplateExpression => {
  reader.depth += 1;
  if (reader.depth > MAX_DEPTH)
    throw templateError("bad-template", reader.line, [`parentheses are more than ${MAX_DEPTH} deep`, "use fewer"]);
  let value = readCommand(reader, null);
  while (isSign(reader.tokens[reader.at], "|")) {
    reader.at += 1;
    value = readCommand(reader, value);
  }
  reader.depth -= 1;
  return value;
};

/** Reads a function with its arguments, the piped value last, or a single value. */
const readCommand = (reader: TokenReader, piped: TemplateExpression | null): TemplateExpression => {
  const first = reader.tokens[reader.at];
  const name = first?.kind === "word" && !(first.text in CONSTANTS) ? first.text : null;
  if (name !== null) reader.at += 1;
  const args: TemplateExpression[] = [];
  for (let next = reader.tokens[reader.at]; next && !endsCommand(next); next = reader.tokens[reader.at])
    args.push(readOperand(reader, next));
  if (name !== null) return toCall({ name: readFunctionName(name, reader.line), args: piped ? [...args, piped] : args, line: reader.line });
  const [only] = args;
  if (!only) throw templateError("bad-template", reader.line, ["a value is missing", "write one before and after `|`, and inside `( )`"]);
  if (args.length > 1 || piped) {
    throw templateError("bad-template", reader.line, [
      "a value is followed by another, and only functions take values",
      'write a function first, such as `eq .a.b "c"`',
    ]);
  }
  return only;
};

const CONSTANTS: Readonly<Record<string, boolean | null>> = { __proto__: null, true: true, false: false, nil: null };

const readOperand = (reader: TokenReader, token: TemplateToken): TemplateExpression => {
  reader.at += 1;
  if (token.kind === "path") return { kind: "path", from: token.from, keys: token.keys };
  if (token.kind === "value") return { kind: "literal", value: token.value };
  if (token.kind === "word") {
    const constant = CONSTANTS[token.text];
    if (constant !== undefined) return { kind: "literal", value: constant };
    const name = readFunctionName(token.text, reader.line);
    throw templateError("bad-template", reader.line, [
      `\`${name}\` is a function among values`,
      `put it and its values between parentheses: \`(${name} …)\``,
    ]);
  }
  const value = readPipeline(reader);
  if (!isSign(reader.tokens[reader.at], ")")) throw templateError("bad-template", reader.line, ["`(` is not closed", "write `)` after it"]);
  reader.at += 1;
  return value;
};

const readFunctionName = (word: string, line: number): FunctionName => {
  const name = FUNCTION_NAMES.find((each) => each === word);
  if (name) return name;
  if (/[$:=]/.test(word))
    throw templateError("unsupported-action", line, [
      "variables are not supported",
      "use `with`, or write the reference where it is needed",
    ]);
  const meant = findNearestWord(word, FUNCTION_NAMES);
  const instead = meant
    ? `did you mean \`${meant}\`?`
    : `write \`.${word}\` for a reference; the functions are ${FUNCTION_NAMES.join(", ")}`;
  throw templateError("unknown-function", line, [`unknown function \`${word}\``, instead]);
};

type FunctionCall = { readonly name: FunctionName; readonly args: readonly TemplateExpression[]; readonly line: number };

const toCall = ({ name, args, line }: FunctionCall): TemplateExpression => {
  const [least, most] = FUNCTION_ARITIES[name];
  if (args.length < least || args.length > most) {
    const wanted = least === most ? `${least}` : `at least ${least}`;
    const why = `\`${name}\` takes ${wanted} value${wanted === "1" ? "" : "s"}, not ${args.length}`;
    throw templateError("bad-arguments", line, [why, `write \`${EXAMPLE_BY_FUNCTION[name]}\``]);
  }
  const pattern = args[1];
  if (name === "matches" && pattern?.kind === "literal") checkPattern(String(pattern.value), line);
  return { kind: "call", name, args };
};

const EXAMPLE_BY_FUNCTION: Readonly<Record<FunctionName, string>> = {
  eq: 'eq .review.verdict "LGTM"',
  ne: 'ne .review.verdict "LGTM"',
  lt: "lt .review.score 5",
  le: "le .review.score 5",
  gt: "gt .review.score 7",
  ge: "ge .review.score 7",
  and: "and .a.x .b.y",
  or: "or .a.x .b.y",
  not: "not .a.skipped",
  contains: 'contains .review.output "done"',
  matches: "matches .review.verdict `^(LGTM|ok)$`",
  default: 'default "none" .review.summary',
  len: "len .planner.items",
};

const checkPattern = (source: string, line: number): void => {
  try {
    compilePattern(source);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw templateError("bad-pattern", line, [
      `the pattern \`${source.slice(0, 60)}\` cannot be used: ${error.message}`,
      `write such as \`matches .review.verdict "^(LGTM|ok)$"\``,
    ]);
  }
};
