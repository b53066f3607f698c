import { takeFirstChars } from "../domain/visible-text.ts";
import type { Report } from "./fault.ts";
import { readTemplate } from "./template/parse.ts";
import type { Template } from "./template/syntax.ts";
import type { Edge, Guard, Loop } from "./workflow.ts";

export type WrittenEdge = Omit<Edge, "leaves"> & { readonly written: string };
export type WrittenLoop = Omit<Loop, "body"> & { readonly written: string };
export type EdgeText = { readonly text: string; readonly line: number };

const MOST_ROUNDS = 100;
/** Characters of an edge that a fault repeats. */
const LONGEST_SHOWN = 200;
const GRAMMAR = "write `a -> b`, `a -> b if '…'`, `a -> b else`, `a -> b on: failure` or `b -> a until '…' max 3`";

/** One line of `edges`: an edge, or a loop. Null after a fault. */
export const readEdge = ({ text, line }: EdgeText, report: Report): WrittenEdge | WrittenLoop | null => {
  const written = takeFirstChars(text, LONGEST_SHOWN);
  const bad = (why: string, instead = GRAMMAR): null => {
    report({ code: "bad-edge", line, why: `edge "${written}": ${why}`, instead });
    return null;
  };
  const arrow = text.indexOf("->");
  if (arrow === -1) return bad("expected `from -> to`");
  const from = text.slice(0, arrow).trim();
  const [, to = "", rest = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text.slice(arrow + 2)) ?? [];
  if (from === "") return bad("the source is missing");
  if (to === "") return bad("the target is missing");
  if (/\s/.test(from)) return bad(`the source must be one role, not "${from}"`);
  if (rest.startsWith("->")) return bad("an edge has two ends", "write each arrow as an edge of its own");
  return readTail(rest.trim(), { from, to, line, written, report, bad });
};

/** What stands after `a -> b`. */
const readTail = (tail: string, head: Head): WrittenEdge | WrittenLoop | null => {
  const { report, bad, ...edge } = head;
  if (tail === "") return { ...edge, guard: { kind: "always" } };
  if (tail === "else") return { ...edge, guard: { kind: "else" } };
  if (/^on:?\s+failure$/.test(tail)) return { ...edge, guard: { kind: "failure" } };
  if (/^if(\s|'|$)/.test(tail)) {
    const read = readCondition(tail.slice(2).trim(), { line: edge.line, text: edge.written, report });
    if (!read) return null;
    return read.rest === "" ? { ...edge, guard: guardOf(read.condition) } : bad(`unexpected "${read.rest}" after the condition`, ESCAPE);
  }
  if (/^(loop\s+)?until(\s|'|$)/.test(tail)) return readLoop(tail.replace(/^(loop\s+)?until/, "").trim(), head);
  return bad(`expected \`if\`, \`else\`, \`on: failure\` or \`until\`, got "${tail.split(/\s/)[0] ?? ""}"`);
};

const guardOf = (condition: Template): Guard => ({ kind: "if", condition });

const ESCAPE = "write one condition in single quotes; a `'` within it is written `''`";

type Within = { readonly line: number; readonly text: string; readonly report: Report };
type Condition = { readonly condition: Template; readonly rest: string };

/** `'…'` at the beginning, where `''` and `\'` stand for a quote, read as a template. */
const readCondition = (text: string, { line, text: edge, report }: Within): Condition | null => {
  const closed = /^'((?:[^'\\]|\\[\s\S]|'')*)'(?!')/.exec(text);
  if (!closed) {
    const why = text.startsWith("'")
      ? `the condition is not closed: ${takeFirstChars(text, LONGEST_SHOWN)}`
      : `expected a condition in single quotes, got "${takeFirstChars(text, LONGEST_SHOWN)}"`;
    report({ code: "bad-edge", line, why: `edge "${edge}": ${why}`, instead: "write it as `'{{ eq .review.verdict \"LGTM\" }}'`" });
    return null;
  }
  const source = (closed[1] ?? "").replaceAll("''", "'").replaceAll("\\'", "'");
  const read = readTemplate(source, line);
  if (!read.ok) {
    report({ ...read.fault, line, why: `edge "${edge}": ${read.fault.why}` });
    return null;
  }
  return { condition: read.template, rest: text.slice(closed[0].length).trim() };
};

type Head = { readonly from: string; readonly to: string; readonly line: number; readonly written: string } & {
  readonly report: Report;
  readonly bad: (why: string, instead?: string) => null;
};

const readLoop = (text: string, { report, bad, ...head }: Head): WrittenLoop | null => {
  const read = readCondition(text, { line: head.line, text: head.written, report });
  if (!read) return null;
  const max = /^max\s+(\S+)$/.exec(read.rest)?.[1];
  if (max === undefined && read.rest !== "")
    return bad(`expected \`max <number>\` after the condition, got "${read.rest}"`, "write `max 3` at its end");
  const bound = /^\d{1,3}$/.test(max ?? "") ? Number(max) : 0;
  if (bound >= 1 && bound <= MOST_ROUNDS) return { ...head, until: read.condition, max: bound };
  const why = max === undefined ? "a loop needs a bound" : `a loop's bound is a number from 1 to ${MOST_ROUNDS}, not "${max}"`;
  report({ code: "bad-bound", line: head.line, why: `edge "${head.written}": ${why}`, instead: "write `max 3` at its end" });
  return null;
};
