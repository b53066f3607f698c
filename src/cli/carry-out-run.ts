import { join } from "node:path";
import { hasStarted, type RunEnd, type RunView } from "./run-story.ts";
import { openWayHome } from "./way-home.ts";
import { discardEarlierPlans } from "./discard-plan.ts";
import { CommandError } from "./command-options.ts";
import type { CommandWorkplace } from "./command-workplace.ts";
import { countExpectedJobs } from "./count-expected-jobs.ts";
import type { LocalMachine } from "./local-machine.ts";
import { keepTranscripts } from "./kept-transcripts.ts";
import { readRunFailures } from "./run-failures.ts";
import { followRun } from "./follow-run.ts";
import { type MachineRecord, removeMachineRecord, type RunRecord, writeMachineRecord } from "./machine-records.ts";
import { findQuotaEnd } from "../core/messages/quota-note.ts";
import { readLocalLedger, removeRunLedger } from "./local-ledger.ts";
import { openPersonClient, type PersonClient } from "./person-client.ts";
import { toPlainComment } from "./plain-comment.ts";
import { openProgressView, type ProgressView } from "./progress-view.ts";
import { formatDiscardedPlan, formatInterruption, formatRunEnd } from "./run-end.ts";
import { formatIssueTitle, formatRepeatCall, formatStartCommand } from "./run-request.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { EXIT_WAITS } from "./exit-codes.ts";

/** The run of a machine, whose record is written at each change. */
type RecordedRun = MachineRecord & { readonly run: RunRecord };
type RunBook = { readonly read: () => RecordedRun; readonly write: (change: Partial<RunRecord>) => Promise<void> };

const openRunBook = (terminal: TerminalHost, first: RecordedRun): RunBook => {
  let record = first;
  return {
    read: () => record,
    write: async (change) => {
      record = { ...record, run: { ...record.run, ...change } };
      await writeMachineRecord(terminal, record);
    },
  };
};

/** Opens the issue and asks Enki, unless an earlier process did. */
const ensureRequested = async (person: PersonClient, { read, write }: RunBook): Promise<number> => {
  const known = read().run.issue;
  const issue = known ?? (await person.openIssue(formatIssueTitle(read().run), ""));
  if (known === null) await write({ issue });
  const command = formatStartCommand(read().run);
  if (!(await person.comments(issue)).some(({ body }) => body === command)) await person.comment(issue, command);
  return issue;
};

/** A person who resumes a run that waits for a quota may have another key now. */
const endQuotaWait = async (person: PersonClient, { issue, ...at }: Parameters<typeof readLocalLedger>[0] & { readonly issue: number }) => {
  const [execution] = Object.values((await readLocalLedger(at))?.executions ?? {});
  if (execution && findQuotaEnd(execution) !== null) await person.comment(issue, `/enki retry ${execution.id}`);
};

const toExitCode = ({ end }: RunEnd): number => (end === "done" ? 0 : end === "waits" ? EXIT_WAITS : 1);

/** Starts or continues a run of a machine, follows its progress, and brings each landing into the person's repository. */
export const carryOutRun = async (
  terminal: TerminalHost,
  place: CommandWorkplace,
  { isJson, expectJobs, ...record }: RecordedRun & { readonly isJson: boolean } & Pick<LocalMachine, "expectJobs">,
): Promise<number> => {
  const book = openRunBook(terminal, record);
  await book.write({});
  place.keepResumable();
  const { owner, name, apiUrl, token, branch: base, directory, repository, start } = record;
  const bare = join(directory, "repositories", owner, `${name}.git`);
  const bring = openWayHome(
    { from: bare, home: repository, branch: base, start, after: terminal.after },
    { read: () => book.read().run, write: book.write },
  );
  const progress = isJson ? withoutLines(openProgressView(terminal)) : openProgressView(terminal);
  place.onInterrupt(async () => {
    const branch = await bring().catch(() => book.read().run.landedBranch);
    progress.clearBlock();
    if (isJson) terminal.out(`${JSON.stringify({ kind: "end", end: "interrupted", branch, base })}\n`);
    else for (const line of formatInterruption(branch)) terminal.out(`${line}\n`);
  });
  const keep = ({ execution: { id }, ledger }: RunView): Promise<void> =>
    keepTranscripts({ repository, artifacts: join(directory, "jobs", "artifacts"), ledger, execution: id });
  const onView = (view: RunView): void => expectJobs(countExpectedJobs(view));
  const onChange = async (view: RunView): Promise<void> => {
    if (book.read().run.execution === null) await book.write({ execution: view.execution.id });
    await bring();
    await keep(view);
  };
  const person = openPersonClient({ apiUrl, token, owner, name });
  const isResumed = book.read().run.issue !== null;
  const issue = await ensureRequested(person, book);
  if (isResumed) await endQuotaWait(person, { issue, cwd: bare, after: terminal.after });
  const logs = join(directory, "jobs", "logs");
  const approvesAll = record.run.yes;
  const end = await followRun({ terminal, progress, person, issue, bareRepository: bare, logs, approvesAll, isJson, onView, onChange });
  if (end.end === "refused") {
    await forget(terminal, place, record);
    throw new CommandError(toPlainComment(end.reason));
  }
  await keep(end);
  const isKept = isContinuable(end, terminal);
  if (isKept && !hasStarted(end)) await book.write({ isKeptPlan: true });
  await endRun(terminal, place, { record: book.read(), isKept, end, branch: await bring(), isJson, logs });
  return toExitCode(end);
};

type EndedRun = {
  readonly record: RecordedRun;
  /** Whether another process can continue the run. */
  readonly isKept: boolean;
  readonly end: Exclude<RunEnd, { end: "refused" }>;
  readonly branch: string | null;
  readonly isJson: boolean;
  readonly logs: string;
};

/** Keeps what another process can continue, removes the rest, and prints the end. */
const endRun = async (
  terminal: TerminalHost,
  place: CommandWorkplace,
  { record, isKept, end, branch, isJson, logs }: EndedRun,
): Promise<void> => {
  const { repository, branch: base, run } = record;
  const { id } = end.execution;
  if (!isKept) await forget(terminal, end.end === "stopped" ? null : place, record);
  if (!isKept && end.end === "waits") await removeRunLedger({ directory: repository, after: terminal.after }, id);
  const discarded = run.isKeptPlan ? await discardEarlierPlans(terminal, record) : [];
  if (isJson) return terminal.out(`${JSON.stringify({ kind: "end", execution: id, end: end.end, branch, base })}\n`);
  const failures = await readRunFailures({ repository, artifacts: join(record.directory, "jobs", "artifacts") }, end);
  const ending = { branch, base, call: formatRepeatCall(run), isKept, logs, failures };
  for (const line of [...discarded.map(formatDiscardedPlan), ...formatRunEnd(end, ending)]) terminal.out(`${line}\n`);
};

/** A plan without an approval is kept if no one could answer here: another terminal, or `--yes`, can approve the same plan. */
const isContinuable = (end: Exclude<RunEnd, { end: "refused" }>, { isInteractive }: TerminalHost): boolean =>
  end.end === "waits" && (hasStarted(end) || (!isInteractive && end.questions.length === 0));

/** Only events are printed. */
const withoutLines = (progress: ProgressView): ProgressView => ({ ...progress, printLine: () => undefined });

/** Nothing is left to continue. */
const forget = async (terminal: TerminalHost, place: CommandWorkplace | null, record: MachineRecord): Promise<void> => {
  place?.discardAll();
  await removeMachineRecord(terminal, record);
};
