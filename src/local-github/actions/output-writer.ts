import type { JobLog } from "./job-log.ts";

const WORKFLOW_COMMAND_PATTERN = /^\s*::([a-zA-Z-]+)(?:\s[^:]*(?::[^:]+)*)?::(.*)$/s;

/** The older form counts anywhere in a line (actions/runner, `ActionCommand.TryParse`). */
const OLDER_COMMAND_PATTERN = /^.*?##\[([a-zA-Z-]+)[^\]]*\](.*)$/s;

const decodeCommandText = (text: string): string => text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");

/**
 * Writes the output of a step to the job's log. Applies GitHub's workflow commands `add-mask` and `stop-commands`,
 * and keeps annotations and groups as text. Commands that set values are ignored, as on GitHub: only command files
 * can set them, so that printed text cannot.
 */
export const createOutputWriter = (log: JobLog): ((line: string) => void) => {
  let stopped: string | null = null;
  return (line) => {
    if (stopped !== null) {
      if (line.trim() === `::${stopped}::`) stopped = null;
      log.write(line);
      return;
    }
    const [, name, message] = WORKFLOW_COMMAND_PATTERN.exec(line) ?? OLDER_COMMAND_PATTERN.exec(line) ?? [];
    if (name?.toLowerCase() === "add-mask") {
      log.masks.add(decodeCommandText(message ?? ""));
      return;
    }
    if (name?.toLowerCase() === "stop-commands" && message) stopped = message.trim();
    log.write(line);
  };
};
