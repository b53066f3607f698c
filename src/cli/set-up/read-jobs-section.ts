import { formatFault } from "../../core/config/config-fault.ts";
import type { JobsSection } from "../../core/config/jobs-schema.ts";
import { readConfig } from "../../core/config/read-config.ts";
import { CONFIG_PATH } from "../../core/setup/plan-set-up.ts";
import type { RemoteAddress } from "../../core/setup/remote-address.ts";
import { CommandError } from "../command-options.ts";

/** `[jobs]` of a repository's own configuration. A file with a mistake is refused: without its services, nothing might pass. */
const readJobsSection = (text: string | null): JobsSection => {
  const { effectiveFile, faults } = readConfig(text === null ? [] : [{ path: CONFIG_PATH, text, kind: "config" }]);
  const [fault] = faults;
  if (fault && /^\s*\[\s*jobs\b/m.test(text ?? "")) throw new CommandError(formatFault(fault));
  return effectiveFile.jobs;
};

export type JobsChoices = {
  /** Whether GitHub bills the minutes: only private repositories on GitHub Free need a secret of the repository. */
  readonly isBilled: boolean;
  /** Whether an App coordinates, without any of the short jobs. */
  readonly usesApp: boolean;
  readonly remote: RemoteAddress | null;
};

/** `[jobs]` for a set-up: a new configuration names GitHub's smallest machine for short jobs whose minutes are billed. */
export const chooseJobs = (text: string | null, { isBilled, usesApp, remote }: JobsChoices): JobsSection => {
  const present = readJobsSection(text);
  const isSmall = text === null && isBilled && !usesApp && remote?.host === "github.com";
  return isSmall ? { ...present, runs_on: { ...present.runs_on, short: "ubuntu-slim" } } : present;
};
