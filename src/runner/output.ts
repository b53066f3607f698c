import type { Log } from "./log.ts";

const COMMAND = /^\s*::([a-zA-Z-]+)(?:\s[^:]*(?::[^:]+)*)?::(.*)$/s;

const decode = (text: string): string => text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");

/**
 * What a step prints, line by line, into the job's log. Of GitHub's workflow commands `add-mask` and `stop-commands` are obeyed, annotations and groups are kept as
 * they are, and those that set something are not: they are files now, so that a printed text cannot.
 */
export const createOutput = (log: Log): ((line: string) => void) => {
  let stopped: string | null = null;
  return (line) => {
    if (stopped !== null) {
      if (line.trim() === `::${stopped}::`) stopped = null;
      log.write(line);
      return;
    }
    const [, name, message] = COMMAND.exec(line) ?? [];
    if (name?.toLowerCase() === "add-mask") {
      log.masks.add(decode(message ?? ""));
      return;
    }
    if (name?.toLowerCase() === "stop-commands" && message) stopped = message.trim();
    log.write(line);
  };
};
