import type { HiddenChar } from "../domain/hidden-chars.ts";

/** All faults of a workflow file. Each has a fixture in `test/core/workflow/faults/`. */
export const WORKFLOW_FAULTS = [
  "too-large",
  "hidden-character",
  "no-front-matter",
  "open-front-matter",
  "unknown-format",
  "bad-front-matter",
  "duplicate-key",
  "unknown-key",
  "bad-value",
  "conflicting-keys",
  "no-roles",
  "too-many-roles",
  "bad-role-name",
  "same-variable",
  "unused-role",
  "unknown-tool",
  "unknown-model",
  "unknown-agent-role",
  "unknown-workflow",
  "call-cycle",
  "bad-schema",
  "missing-section",
  "duplicate-section",
  "empty-section",
  "unused-section",
  "open-fence",
  "bad-edge",
  "unknown-role",
  "duplicate-edge",
  "else-without-if",
  "cycle",
  "loop-not-back",
  "bad-bound",
  "loops-overlap",
  "join-out-of-range",
  "bad-template",
  "unknown-function",
  "bad-arguments",
  "bad-pattern",
  "unsupported-action",
  "run-template",
  "unknown-reference",
  "not-ancestor",
  "unknown-field",
  "not-foreach",
] as const;

export type WorkflowFaultCode = (typeof WORKFLOW_FAULTS)[number];

/** A mistake in a workflow file. `instead` is what to write. */
export type WorkflowFault = {
  readonly code: WorkflowFaultCode;
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly instead: string;
};

/** A fault before its report. Expensive advice is a function, called for reported faults only. */
export type FoundFault = Omit<WorkflowFault, "file" | "instead"> & { readonly instead: string | (() => string) };

export type FaultReporter = (fault: FoundFault) => void;

export const toHiddenCharFault = ({ code, column, reason }: HiddenChar, line: number, where = "the line"): FoundFault => ({
  code: "hidden-character",
  line,
  reason: `${where} has ${code} at column ${column}: ${reason}`,
  instead: "remove it, because reviewers must see what runs",
});
