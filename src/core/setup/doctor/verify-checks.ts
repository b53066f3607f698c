import { CONFIG_PATH } from "../plan-set-up.ts";
import { findOtherManager } from "../verify-commands.ts";
import { type DoctorCheck, reportError, reportWarning } from "./finding.ts";

const quoteCommands = (commands: readonly string[]): string =>
  commands.length === 0 ? "" : `, such as ${commands.map((each) => `\`${each}\``).join(", ")}`;

const checkVerify: DoctorCheck = ({ config, project }) =>
  config.refinery.verify.length > 0
    ? []
    : [
        reportError(
          "verify-missing",
          "No command verifies a change, so nothing can land.",
          `${project.verify.length === 0 ? "" : "enki init, or "}write [refinery] verify in ${CONFIG_PATH}${quoteCommands(project.verify)}`,
        ),
      ];

/** Jobs install the package manager of the project, and no other one. */
const checkVerifyManager: DoctorCheck = ({ config, project }) => {
  const other = findOtherManager(config.refinery.verify, project);
  return other === null
    ? []
    : [
        reportWarning(
          "verify-manager",
          `[refinery] verify calls ${other.called}, but the project uses ${other.detected}.`,
          `enki init, or write [refinery] verify in ${CONFIG_PATH}${quoteCommands(project.verify)}`,
        ),
      ];
};

export const VERIFY_CHECKS: readonly DoctorCheck[] = [checkVerify, checkVerifyManager];
