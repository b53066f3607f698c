import { MAX_REASON_CHARS, type Outcome, OUTCOMES } from "../model/outcome.ts";
import { cut, tail } from "../model/visible.ts";
import { outputBlock, withoutMarkers } from "./output-block.ts";

const LINE = /^\s*(?:[-*]\s+)?(?:\*\*)?([A-Za-z]+)(?:\*\*)?\s*:\s*(?:\*\*)?(.*)$/;

/** `status: nothing to do`, `Status: **nothing_to_do**.`: agents write it in several ways. */
const readKind = (text: string): Outcome["kind"] | null => {
  const word = text
    .toLowerCase()
    .replaceAll(/[`*."']/g, "")
    .trim()
    .replaceAll(/[\s_]+/g, "-");
  return OUTCOMES.find((kind) => kind === word) ?? null;
};

const keyOf = (line: string): string => LINE.exec(line)?.[1]?.toLowerCase() ?? "";

/** The reason: what stands behind `reason:` and on the lines below it; without that all else of the block. */
const readReason = (lines: readonly string[], status: number): string => {
  const at = lines.findLastIndex((line) => keyOf(line) === "reason");
  if (at === -1) return lines.filter((_, index) => index !== status).join("\n");
  const end = lines.findIndex((line, index) => index > at && (index === status || line.trim() === ""));
  const first = LINE.exec(lines[at] ?? "")?.[2] ?? "";
  return [first, ...lines.slice(at + 1, end === -1 ? undefined : end)].join("\n");
};

/** The outcome that an answer states in its `[OUTPUT]` block, as a line `status: …` and a line `reason: …`; null where it states none. */
export const statedOutcome = (answer: string): Outcome | null => {
  const block = outputBlock(answer);
  const lines = (block ?? "").split("\n");
  const status = lines.findLastIndex((line) => keyOf(line) === "status" && readKind(LINE.exec(line)?.[2] ?? "") !== null);
  const kind = readKind(LINE.exec(lines[status] ?? "")?.[2] ?? "");
  if (kind === null) return null;
  const reason = readReason(lines, status).trim();
  // Who puts nothing but a status into the block gives the reason around it.
  const around = tail(
    withoutMarkers(answer)
      .replace(block ?? "", "")
      .trim(),
    500,
  );
  return { kind, reason: cut(reason === "" ? around : reason, MAX_REASON_CHARS) };
};
