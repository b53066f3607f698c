import { formatFault } from "../../core/config/config-fault.ts";
import type { JobsSection } from "../../core/config/jobs-schema.ts";
import { readConfig } from "../../core/config/read-config.ts";
import { CONFIG_PATH } from "../../core/setup/plan-set-up.ts";
import { CommandError } from "../command-options.ts";

/** `[jobs]` of a repository's own configuration. A file with a mistake is refused: without its services, nothing might pass. */
export const readJobsSection = (text: string | null): JobsSection => {
  const { effectiveFile, faults } = readConfig(text === null ? [] : [{ path: CONFIG_PATH, text, kind: "config" }]);
  const [fault] = faults;
  if (fault && /^\s*\[\s*jobs\b/m.test(text ?? "")) throw new CommandError(formatFault(fault));
  return effectiveFile.jobs;
};
