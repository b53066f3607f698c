import type { ExecutionId, Hash } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { refuse, type Result } from "../domain/refusal.ts";
import { collectUpTo, toInlineCode } from "./escape.ts";
import { renderWholeStep } from "./planned-step.ts";
import { fitsStepTable } from "./step-table.ts";

/** Instructions up to this length stand in the comment, in characters. */
const MAX_INLINE_CHARS = 22_000;

/** GitHub shows larger Markdown files as plain text (512 KB): https://docs.github.com/repositories/creating-and-managing-repositories/repository-limits */
const MAX_PAGE_BYTES = 400_000;
const MAX_PAGES = 10;

/** Whether the comment has no room for a plan's steps. */
export const isLongPlan = (steps: readonly PlannedStep[]): boolean => {
  const texts = collectUpTo(MAX_INLINE_CHARS, steps, renderWholeStep);
  const length = texts.reduce((sum, text) => sum + text.length + 2, 0);
  return length > MAX_INLINE_CHARS || !fitsStepTable(steps);
};

/** A plan with its new steps, and the steps approved before. */
export type ShownPlan = {
  readonly execution: ExecutionId;
  readonly hash: Hash;
  readonly added: readonly PlannedStep[];
  readonly approved: readonly PlannedStep[];
};

/** The file name of a page, counted from 1. */
export const toPageName = (hash: Hash, page: number): string => `plan-${hash}${page === 1 ? "" : `-${page}`}.md`;

const splitIntoPages = (parts: readonly string[]): string[] => {
  const pages: string[] = [];
  let page: string[] = [];
  let size = 0;
  for (const part of parts) {
    const bytes = Buffer.byteLength(part) + 2;
    if (size + bytes > MAX_PAGE_BYTES && page.length > 0) {
      pages.push(page.join("\n\n"));
      [page, size] = [[], 0];
    }
    page.push(part);
    size += bytes;
  }
  return [...pages, page.join("\n\n")];
};

/** The pages of a whole plan by file name; null for a plan without room on ten pages. */
export const renderPlanPages = ({ execution, hash, added, approved }: ShownPlan): Readonly<Record<string, string>> | null => {
  const limit = MAX_PAGES * MAX_PAGE_BYTES;
  const steps = collectUpTo(limit, added, renderWholeStep);
  const before = collectUpTo(limit, approved, renderWholeStep);
  const parts = [...steps, ...(before.length === 0 ? [] : ["## Steps approved earlier", ...before])];
  const pages = splitIntoPages(parts);
  if (pages.length > MAX_PAGES || steps.length < added.length || before.length < approved.length) return null;
  const title = `# Plan ${toInlineCode(hash.slice(0, 12))} of execution ${toInlineCode(execution)}`;
  const numbered = pages.map((text, at): [string, string] => {
    const part = pages.length === 1 ? "" : `, page ${at + 1} of ${pages.length}`;
    return [toPageName(hash, at + 1), `${title}${part}\n\n${text}\n`];
  });
  return Object.fromEntries(numbered);
};

/** Refuses accepted steps without room in a comment or on pages: nobody could approve them. Refusal: `plan-too-long`. */
export const refuseLongPlan = <T>(checked: Result<T>, added: readonly PlannedStep[]): Result<T> =>
  checked.ok && isLongPlan(added) && renderPlanPages({ execution: "", hash: "", added, approved: [] }) === null
    ? { ok: false, refusal: PLAN_TOO_LONG_REFUSAL }
    : checked;

export const PLAN_TOO_LONG_REFUSAL = refuse(
  "plan-too-long",
  "The plan does not fit on ten pages, so nobody could approve it. Ask for a smaller part.",
  "propose fewer steps, or shorter descriptions",
).refusal;
