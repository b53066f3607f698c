import type { Execution } from "../core/domain/execution.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { findQuotaEnd, formatQuotaLine } from "../core/messages/quota-note.ts";
import { listWaiting } from "../core/messages/waiting-items.ts";
import { formatHeadline, formatTree, type TreeInput } from "./execution-tree.ts";

/** What waits for a person, with the command lines that answer. */
export const formatWaiting = (execution: Execution): string[] => {
  const items = listWaiting(execution);
  if (items.length === 0) return [];
  return [
    "",
    "Waits for you:",
    ...items.flatMap(({ step, text, command }) => [
      `  ${step === null ? "" : `${step}: `}${toOneLine(text, 300)}`,
      ...(command === "" ? [] : [`    ${command}`]),
    ]),
  ];
};

const listQuotaLines = (execution: Execution): string[] => {
  const until = findQuotaEnd(execution);
  return until === null ? [] : [formatQuotaLine(until, `enki retry ${execution.id}`)];
};

/** `isOpen`: whether a person can still answer. */
type StatusPlace = { readonly name: string; readonly isOpen: boolean };

/** The lines of `enki status` about one execution. */
export const formatStatus = (tree: TreeInput, { name, isOpen }: StatusPlace): string[] => {
  const { execution } = tree;
  const head = `${formatHeadline(tree)}  ${name}#${execution.issue} ${toOneLine(execution.request, 80)}`;
  return [head.trimEnd(), ...formatTree(tree), ...listQuotaLines(execution), ...(isOpen ? formatWaiting(execution) : [])];
};
