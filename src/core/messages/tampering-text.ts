import { listFindings, type TamperingFinding, type TamperingKind } from "../domain/tampering.ts";
import type { Step } from "../domain/step.ts";
import { findTrial, type HeadTrial } from "../domain/trial.ts";
import { toInlineCode } from "./escape.ts";
import { renderTrial, summarizeTrial } from "./trial-text.ts";

const REASONS: Readonly<Record<TamperingKind, string>> = {
  deleted: "deletes a test",
  skipped: "keeps a test from running or failing",
  weakened: "checks less than before",
  snapshot: "changes an expected output",
  coverage: "changes the rules of coverage",
  ci: "changes what CI runs",
  settings: "changes how tests run",
  unread: "is too large to be judged",
};

const MAX_LISTED = 10;

/** Renders a line for each finding. */
export const renderFindings = (findings: readonly TamperingFinding[]): string => {
  const lines = findings.slice(0, MAX_LISTED).map(({ path, kind }) => `- ${toInlineCode(path.slice(0, 200))} ${REASONS[kind]}`);
  const more = findings.length > MAX_LISTED ? [`- … and ${findings.length - MAX_LISTED} more files`] : [];
  return [...lines, ...more].join("\n");
};

/** One sentence for people who read no list. */
export const summarizeFindings = (findings: readonly TamperingFinding[]): string => {
  const [first] = findings;
  if (!first) return "";
  const more = findings.length > 1 ? `, and ${findings.length - 1} more` : "";
  return `It changes the checks that judge it: ${toInlineCode(first.path.slice(0, 200))} ${REASONS[first.kind]}${more}.`;
};

/** How a head changes the checks that judge it, with its trial; empty for an honest head. For people who read no list. */
export const summarizeChecks = (step: Step): string => {
  const trial = findTrial(step);
  return [summarizeFindings(listFindings(step)), ...(trial ? [summarizeTrial(trial)] : [])].join(" ");
};

type ShownGate = {
  readonly findings: readonly TamperingFinding[];
  readonly trial: HeadTrial | undefined;
  readonly runUrl: (run: number) => string | null;
};

/** For a pull request: why a person must approve the head. A failed trial comes first. */
export const renderTamperingGate = ({ findings, trial, runUrl }: ShownGate): string => {
  const shown = trial ? [renderTrial(trial, runUrl)] : [];
  const isFailed = trial?.state === "failed";
  return [
    ...(isFailed ? shown : []),
    "This step changes **the checks that judge it**, so Enki lands it only once a person with write permission approves this exact head in a review. Read these files first:",
    renderFindings(findings),
    ...(isFailed ? [] : shown),
  ].join("\n\n");
};
