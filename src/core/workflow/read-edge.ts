import { takeFirstChars } from "../domain/visible-text.ts";
import type { FaultReporter } from "./workflow-fault.ts";
import { readTemplate } from "./template/read-template.ts";
import type { Template } from "./template/template.ts";
import type { WorkflowEdge, EdgeGuard, WorkflowLoop } from "./workflow.ts";

export type WrittenEdge = Omit<WorkflowEdge, "leftLoops"> & { readonly written: string };
export type WrittenLoop = Omit<WorkflowLoop, "body"> & { readonly written: string };
export type EdgeText = { readonly text: string; readonly line: number };

const MAX_ROUNDS = 100;
/** Length of the edge text in a fault. */
const MAX_EDGE_CHARS_SHOWN = 200;
const EDGE_GRAMMAR = "write `a -> b`, `a -> b if '…'`, `a -> b else`, `a -> b on: failure` or `b -> a until '…' max 3`";

/** Reads one line of `edges`. Returns null after a fault. */
export const readEdge = ({ text, line }: EdgeText, report: FaultReporter): WrittenEdge | WrittenLoop | null => {
  const written = takeFirstChars(text, MAX_EDGE_CHARS_SHOWN);
  const reportBadEdge = (why: string, instead = EDGE_GRAMMAR): null => {
    report({ code: "bad-edge", line, reason: `edge "${written}": ${why}`, instead });
    return null;
  };
  const arrow = text.indexOf("->");
  if (arrow === -1) return reportBadEdge("expected `from -> to`");
  const from = text.slice(0, arrow).trim();
  const [, to = "", rest = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text.slice(arrow + 2)) ?? [];
  if (from === "") return reportBadEdge("the source is missing");
  if (to === "") return reportBadEdge("the target is missing");
  if (/\s/.test(from)) return reportBadEdge(`the source must be one role, not "${from}"`);
  if (rest.startsWith("->")) return reportBadEdge("an edge has two ends", "write each arrow as an edge of its own");
  return readEdgeTail(rest.trim(), { from, to, line, written, report, reportBadEdge });
};

/** Reads the text after `a -> b`. */
const readEdgeTail = (tail: string, head: EdgeHead): WrittenEdge | WrittenLoop | null => {
  const { report, reportBadEdge, ...edge } = head;
  if (tail === "") return { ...edge, guard: { kind: "always" } };
  if (tail === "else") return { ...edge, guard: { kind: "else" } };
  if (/^on:?\s+failure$/.test(tail)) return { ...edge, guard: { kind: "failure" } };
  if (/^if(\s|'|$)/.test(tail)) {
    const read = readCondition(tail.slice(2).trim(), { line: edge.line, text: edge.written, report });
    if (!read) return null;
    return read.rest === ""
      ? { ...edge, guard: toGuard(read.condition) }
      : reportBadEdge(`unexpected "${read.rest}" after the condition`, QUOTE_ADVICE);
  }
  if (/^(loop\s+)?until(\s|'|$)/.test(tail)) return readLoop(tail.replace(/^(loop\s+)?until/, "").trim(), head);
  return reportBadEdge(`expected \`if\`, \`else\`, \`on: failure\` or \`until\`, got "${tail.split(/\s/)[0] ?? ""}"`);
};

const toGuard = (condition: Template): EdgeGuard => ({ kind: "if", condition });

const QUOTE_ADVICE = "write one condition in single quotes; a `'` within it is written `''`";

type EdgeContext = { readonly line: number; readonly text: string; readonly report: FaultReporter };
type ReadCondition = { readonly condition: Template; readonly rest: string };

/** Reads a template in single quotes at the start of the text. `''` and `\'` stand for a quote. */
const readCondition = (text: string, { line, text: edge, report }: EdgeContext): ReadCondition | null => {
  const closed = /^'((?:[^'\\]|\\[\s\S]|'')*)'(?!')/.exec(text);
  if (!closed) {
    const why = text.startsWith("'")
      ? `the condition is not closed: ${takeFirstChars(text, MAX_EDGE_CHARS_SHOWN)}`
      : `expected a condition in single quotes, got "${takeFirstChars(text, MAX_EDGE_CHARS_SHOWN)}"`;
    report({ code: "bad-edge", line, reason: `edge "${edge}": ${why}`, instead: "write it as `'{{ eq .review.verdict \"LGTM\" }}'`" });
    return null;
  }
  const source = (closed[1] ?? "").replaceAll("''", "'").replaceAll("\\'", "'");
  const read = readTemplate(source, line);
  if (!read.ok) {
    report({ ...read.fault, line, reason: `edge "${edge}": ${read.fault.reason}` });
    return null;
  }
  return { condition: read.template, rest: text.slice(closed[0].length).trim() };
};

type EdgeHead = { readonly from: string; readonly to: string; readonly line: number; readonly written: string } & {
  readonly report: FaultReporter;
  readonly reportBadEdge: (why: string, instead?: string) => null;
};

const readLoop = (text: string, { report, reportBadEdge, ...head }: EdgeHead): WrittenLoop | null => {
  const read = readCondition(text, { line: head.line, text: head.written, report });
  if (!read) return null;
  const max = /^max\s+(\S+)$/.exec(read.rest)?.[1];
  if (max === undefined && read.rest !== "")
    return reportBadEdge(`expected \`max <number>\` after the condition, got "${read.rest}"`, "write `max 3` at its end");
  const bound = /^\d{1,3}$/.test(max ?? "") ? Number(max) : 0;
  if (bound >= 1 && bound <= MAX_ROUNDS) return { ...head, until: read.condition, max: bound };
  const why = max === undefined ? "a loop needs a bound" : `a loop's bound is a number from 1 to ${MAX_ROUNDS}, not "${max}"`;
  report({ code: "bad-bound", line: head.line, reason: `edge "${head.written}": ${why}`, instead: "write `max 3` at its end" });
  return null;
};
