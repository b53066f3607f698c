import { CommandError } from "./command-options.ts";
import { NoGitHubError, NoTargetError } from "./command-target.ts";
import { findExecution, UnknownNameError } from "./find-execution.ts";
import { findRepository } from "./find-repository.ts";
import { formatRunAdvice } from "./run-continuation.ts";
import { readRuns } from "./shown-ledgers.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** What a person can do about the named execution of `enki run`, or about the newest one; null if there is none. */
const findAdvice = async (terminal: TerminalHost, named: string | null): Promise<string | null> => {
  const { directory } = await findRepository(terminal, ".");
  for (const { ledger, run } of await readRuns(terminal, directory)) {
    try {
      const { execution } = findExecution(ledger, { issue: null, target: named });
      return run === undefined ? null : formatRunAdvice(execution, run);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
  }
  return null;
};

/** The fault of a command that a GitHub carries out; for an execution that only `enki run` knows, a fault with what to do instead. */
export const adviseOnRun = async (fault: unknown, args: readonly string[], terminal: TerminalHost): Promise<unknown> => {
  const [named = null] = args.filter((word) => !word.startsWith("-"));
  const byName = named !== null && (fault instanceof NoTargetError || fault instanceof UnknownNameError);
  const advice =
    (byName ? await findAdvice(terminal, named) : null) ?? (fault instanceof NoGitHubError ? await findAdvice(terminal, null) : null);
  return advice === null ? fault : new CommandError(advice);
};
