import type { JobEnd, JobKind } from "../domain/job.ts";

/** The limits on a job's output, by its step and its role. */
export type OutputTerms = {
  readonly kind: JobKind;
  /** `null` for a job without a step. */
  readonly output: "branch" | "artifact" | null;
  /** Whether the role may edit; true without a role. */
  readonly canEdit: boolean;
  /** Whether none of the role's tools can change files. */
  readonly readOnly: boolean;
};

/** Whether a job may change files. */
export const mayChangeFiles = ({ kind, output, canEdit, readOnly }: OutputTerms): boolean =>
  kind !== "plan" && output !== "artifact" && canEdit && !readOnly;

/** Why a job may not end with files or a report; null if it may. `broken` is the fault of the configuration. */
export const explainForbiddenEnd = (end: JobEnd, terms: OutputTerms, broken: string | null): string | null => {
  if (end === "artifact") return terms.output === "artifact" ? null : "The job left a report, but its step requires files.";
  if (end !== "success" || terms.kind === "plan" || terms.kind === "verify") return null;
  if (!mayChangeFiles(terms)) return "This step may not change files.";
  return broken === null ? null : `The configuration cannot be used: ${broken}.`;
};
