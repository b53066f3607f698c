import { explainProtectionGaps } from "../../messages/protection-gaps.ts";
import { PRODUCT } from "../../domain/product.ts";
import { type DoctorCheck, reportError, reportWarning } from "./finding.ts";

const checkGitVersion: DoctorCheck = ({ gitFault }) => (gitFault ? [reportError(gitFault.code, gitFault.message, gitFault.next)] : []);

const checkLedger: DoctorCheck = ({ ledger }) => {
  if (ledger.kind === "newer") return [reportError("ledger-newer", ledger.message, `npm install --global ${PRODUCT.packageName}`)];
  return ledger.kind === "broken" ? [reportError("ledger-broken", ledger.message, "enki doctor --rebuild")] : [];
};

const checkBase: DoctorCheck = ({ redCommand, base }) =>
  redCommand === null
    ? []
    : [
        reportError(
          "base-red",
          `\`${redCommand}\` fails on ${base} itself, so no change can pass it.`,
          `git switch ${base} && ${redCommand}`,
        ),
      ];

const checkRepositorySize: DoctorCheck = ({ github }) =>
  github && github.sizeKb > LARGE_REPOSITORY_KB
    ? [
        reportWarning(
          "large-repository",
          `The repository has ${Math.round(github.sizeKb / 1_000)} MB, and each job that works or verifies fetches the history of its branch.`,
          "git count-objects -vH",
        ),
      ]
    : [];

const LARGE_REPOSITORY_KB = 2_000_000;

const checkProtection: DoctorCheck = ({ protectionGaps }) =>
  protectionGaps.map((gap) =>
    reportWarning(gap, explainProtectionGaps([gap]).join(""), "install util-linux, and allow user namespaces or sudo"),
  );

export const MACHINE_CHECKS: readonly DoctorCheck[] = [checkGitVersion, checkLedger, checkBase, checkRepositorySize, checkProtection];
