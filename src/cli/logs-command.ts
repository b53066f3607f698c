import type { Ledger } from "../core/domain/ledger.ts";
import { toJobKey } from "../core/domain/job.ts";
import { toTaskId } from "../core/domain/ids.ts";
import type { Execution } from "../core/domain/execution.ts";
import type { Step } from "../core/domain/step.ts";
import { CommandError, readOptionsAndWords, UsageError } from "./command-options.ts";
import { findCommandTarget } from "./command-target.ts";
import { findKeptTranscript } from "./kept-transcripts.ts";
import { findRepository } from "./find-repository.ts";
import { AmbiguousNameError, type ExecutionChoice, findExecution } from "./find-execution.ts";
import { readIssueOption } from "./person-command.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const logsOptions = {
  issue: { type: "string", value: "<number>", about: "the issue; by default the one of the execution that is not finished" },
  attempt: { type: "string", value: "<number>", about: "an earlier attempt" },
} as const;

type LogChoice = { readonly execution: Execution; readonly step: Step | null; readonly attempt: number | null };

/** The run of a step's attempt, or of the planner's; null before the start. */
const findJobRun = ({ effectRecords }: Ledger, { execution, step, attempt }: LogChoice): number | null => {
  const job = step
    ? toJobKey({ kind: "work", target: toTaskId(execution.id, step.id), attempt: attempt ?? step.attempt })
    : toJobKey({ kind: "plan", target: execution.id, attempt: attempt ?? execution.planning.attempt });
  return effectRecords[`start-job:${job}`]?.number ?? null;
};

const explainMissingLog = ({ execution, step, attempt }: LogChoice): string => {
  const [name, last] = step ? [step.id, step.attempt] : ["the planner", execution.planning.attempt];
  return attempt === null || last === 0 ? `${name} has not run yet` : `${name} has no attempt ${attempt}; its last attempt is ${last}`;
};

const readAttempt = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`--attempt must be a number from 1, not '${text}'`);
};

/** Whether a run may have the name that was not found on a GitHub: only a GitHub has issues. */
const mayNameRun = (fault: unknown, { issue }: ExecutionChoice): boolean =>
  issue === null && fault instanceof CommandError && !(fault instanceof AmbiguousNameError);

/** The transcript of a run in the repository. */
const findOwnTranscript = async (
  terminal: TerminalHost,
  choice: Parameters<typeof findKeptTranscript>[1],
): ReturnType<typeof findKeptTranscript> => {
  const found = await findRepository(terminal, ".").catch(() => null);
  return found && findKeptTranscript(found.directory, choice);
};

/** The execution or step on a GitHub. */
const findOnGitHub = async (terminal: TerminalHost, choice: ExecutionChoice) => {
  const { person, readLedger } = await findCommandTarget(terminal);
  const ledger = await readLedger();
  return { person, ledger, ...findExecution(ledger, choice) };
};

/**
 * `enki logs [<step>]`: prints the logs of a step's last attempt; without a step, the planner's logs. After `enki run`, prints the
 * transcript of the run.
 */
export const runLogsCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, logsOptions, 1);
  const attempt = readAttempt(values.attempt);
  const choice = { issue: readIssueOption(values.issue), target: words[0] ?? null };
  const found = await findOnGitHub(terminal, choice).catch(async (error: unknown) => {
    const kept = mayNameRun(error, choice) ? await findOwnTranscript(terminal, { step: choice.target, attempt }) : null;
    if (kept === null) throw error;
    terminal.out(kept);
    return null;
  });
  if (found === null) return 0;
  const { person, ledger, ...chosen } = found;
  const run = ledger && findJobRun(ledger, { ...chosen, attempt });
  if (run === null) throw new CommandError(explainMissingLog({ ...chosen, attempt }));
  for (const { id, name, status, conclusion } of await person.jobs(run)) {
    if (conclusion === "skipped" || status === "queued") continue;
    terminal.out(`== ${name} (${conclusion ?? status})\n${await person.jobLog(id)}\n`);
  }
  return 0;
};
