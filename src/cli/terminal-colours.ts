import type { StepState } from "../core/domain/step.ts";
import type { TerminalHost } from "./terminal-host.ts";

const CODES: Readonly<Partial<Record<StepState, number>>> = {
  running: 36,
  published: 36,
  waiting: 33,
  paused: 33,
  done: 32,
  failed: 31,
  blocked: 90,
  skipped: 90,
  cancelled: 90,
};

/** Colours a text by a step's state. Plain without a terminal, with `NO_COLOR` (https://no-color.org) or `TERM=dumb`. */
export const openColours = ({
  isInteractive,
  env,
}: Pick<TerminalHost, "isInteractive" | "env">): ((text: string, state: StepState) => string) => {
  const isPlain = !isInteractive || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return (text, state) => {
    const code = CODES[state];
    return isPlain || code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;
  };
};
