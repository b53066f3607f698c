import { homedir } from "node:os";
import type { TerminalHost } from "./terminal-host.ts";

/** The person's home directory; `/`, as in containers, for a user whom the system does not know. */
export const findHome = ({ env }: Pick<TerminalHost, "env">): string => {
  try {
    return env["HOME"] || homedir();
  } catch {
    return "/";
  }
};
