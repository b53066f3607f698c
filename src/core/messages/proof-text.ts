import type { Sha } from "../domain/ids.ts";
import type { Refusal } from "../domain/refusal.ts";
import type { OpenedProof } from "../proof/verify-proof.ts";

/** The result of verifying one commit. */
export type CommitVerdict =
  | ({ readonly kind: "verified"; readonly commit: Sha } & OpenedProof)
  | { readonly kind: "refused" | "missing"; readonly commit: Sha; readonly refusal: Refusal };

const SHORT = 12;

/** Text of others on a terminal: no control, direction or invisible characters. */
const toPrintable = (text: string): string => text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?");

/** One line for each commit. */
export const renderCommitVerdict = (verdict: CommitVerdict): string => {
  const at = verdict.commit.slice(0, SHORT);
  switch (verdict.kind) {
    case "missing":
      return `missing   ${at} not landed by Enki`;
    case "refused":
      return `refused   ${at} ${verdict.refusal.code}: ${toPrintable(verdict.refusal.message)}`;
    case "verified":
      return `verified  ${at} ${toPrintable(describeLanding(verdict))}`;
  }
};

const describeLanding = ({ statement: { predicate }, signedBy }: OpenedProof): string => {
  const { steps, verdict } = predicate;
  const landed = steps.map(({ execution, step, issue, plan }) => {
    const approver = plan.approval ? `approved by ${plan.approval.by}` : "which needed no approval";
    return `${execution}-${step} for #${issue}, plan ${plan.hash.slice(0, SHORT)} ${approver}`;
  });
  const run = verdict.run ? `run ${verdict.run.id}` : "a run with an unknown number";
  return `${landed.join("; ")}; green in ${run}; ${signedBy === null ? "no signature checked" : `signed by ${signedBy}`}`;
};

export const renderVerdictCounts = (verdicts: readonly CommitVerdict[]): string => {
  const count = (kind: CommitVerdict["kind"]): number => verdicts.filter((each) => each.kind === kind).length;
  return `${count("verified")} verified, ${count("refused")} refused, ${count("missing")} not landed by Enki`;
};

export const UNCHECKED_SIGNATURES =
  "No public key is used, so anyone with write access to the repository could have written these statements.";
export const UNCHECKED_REPOSITORY =
  "The remote `origin` is not the address of a repository, so a statement about another repository would pass; name yours with --repository.";
