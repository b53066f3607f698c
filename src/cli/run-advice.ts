import { CommandError, type OptionDefinitions, readOptionsAndWords } from "./command-options.ts";
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

type CommandCall = { readonly args: readonly string[]; readonly options: OptionDefinitions };

/** The fault of a command that a GitHub carries out; for an execution that only `enki run` knows, a fault with what to do instead. */
export const adviseOnRun = async (fault: unknown, { args, options }: CommandCall, terminal: TerminalHost): Promise<unknown> => {
  if (!(fault instanceof NoTargetError || fault instanceof UnknownNameError)) return fault;
  const { values, words } = readOptionsAndWords(args, options, args.length);
  // Only a GitHub has issues.
  const named = values["issue"] === undefined ? (words[0] ?? null) : null;
  const advice =
    (named === null ? null : await findAdvice(terminal, named)) ??
    (fault instanceof NoGitHubError ? await findAdvice(terminal, null) : null);
  return advice === null ? fault : new CommandError(advice);
};
