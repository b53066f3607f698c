import { toOneLine } from "../core/messages/escape.ts";
import { CommandError } from "./command-options.ts";
import { formatStillRunning } from "./command-workplace.ts";
import type { FoundRepository } from "./find-repository.ts";
import { isMachineRunning, listMachineRecords, type MachineRecord, type RunRecord } from "./machine-records.ts";
import type { TerminalHost } from "./terminal-host.ts";

export type ResumableRecord = MachineRecord & { readonly run: RunRecord };

const hasRun = (record: MachineRecord): record is ResumableRecord => record.run !== null;

/** The runs of a repository that no process carries out at the moment. */
const listIdle = async (records: readonly ResumableRecord[]): Promise<ResumableRecord[]> => {
  const running = await Promise.all(records.map(isMachineRunning));
  return records.filter((_, index) => running[index] !== true);
};

const listRuns = async (terminal: TerminalHost, repository: string): Promise<ResumableRecord[]> =>
  (await listMachineRecords(terminal, repository)).filter(hasRun);

/** Plans that were kept because nobody could approve them. */
export const listKeptPlans = async (terminal: TerminalHost, repository: string): Promise<ResumableRecord[]> =>
  listIdle((await listRuns(terminal, repository)).filter(({ run }) => run.isKeptPlan));

/** Whether nobody approved or discarded a plan since it was listed. */
export const isStillKept = async (terminal: TerminalHost, { id, repository }: ResumableRecord): Promise<boolean> =>
  (await listRuns(terminal, repository)).some((each) => each.id === id && each.run.isKeptPlan);

const isOf =
  (named: string) =>
  ({ run }: ResumableRecord): boolean =>
    named === "" || run.execution?.startsWith(named) === true;

/** The run with this execution; without a name, the only interrupted run, or otherwise the only kept plan. */
export const findResumable = async (terminal: TerminalHost, { directory }: FoundRepository, named: string): Promise<ResumableRecord> => {
  const asked = (await listRuns(terminal, directory)).filter(isOf(named));
  const idle = await listIdle(asked);
  const interrupted = idle.filter(({ run }) => !run.isKeptPlan);
  const records = named === "" && interrupted.length > 0 ? interrupted : idle;
  const [record] = records;
  if (!record && asked[0]) throw new CommandError(formatStillRunning(asked[0]));
  if (!record) throw new CommandError(named === "" ? "no run was interrupted here" : `no run of ${named} can be continued here`);
  requireOne(records, "several runs can be continued here", "enki run --resume");
  return record;
};

/** The kept plan with this execution, or the only one. */
export const findKeptPlan = async (terminal: TerminalHost, { directory }: FoundRepository, named: string): Promise<ResumableRecord> => {
  const plans = (await listKeptPlans(terminal, directory)).filter(isOf(named));
  const [plan] = plans;
  if (!plan) throw new CommandError(`no plan${named === "" ? "" : ` of ${named}`} waits for an approval here`);
  requireOne(plans, "several plans wait for an approval here", "enki run --resume --no");
  return plan;
};

const requireOne = (records: readonly ResumableRecord[], why: string, command: string): void => {
  if (records.length < 2) return;
  const list = records.map(({ run }) => `  ${command} ${run.execution ?? ""}  ${formatRunLabel(run)}`);
  throw new CommandError(`${why}; name one:\n${list.join("\n")}`);
};

const formatRunLabel = ({ request, workflow }: RunRecord): string => toOneLine([workflow ?? "", request].join(" ").trim(), 80);
