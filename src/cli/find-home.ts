import { homedir } from "node:os";
import type { TerminalHost } from "./terminal-host.ts";

/** The person's home directory. */
export const findHome = ({ env }: Pick<TerminalHost, "env">): string => env["HOME"] || homedir();
