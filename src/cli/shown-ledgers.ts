import type { RefName } from "../core/domain/ids.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import type { GitContext } from "../storage/git/run-git.ts";
import { CommandError } from "./command-options.ts";
import { type CommandTarget, findCommandTarget, NoTargetError } from "./command-target.ts";
import { findRepository } from "./find-repository.ts";
import { type ArchivedExecution, listRunLedgerRefs, readArchivedExecution, readLedgerOf, RUN_LEDGERS_PREFIX } from "./local-ledger.ts";
import { isMachineRunning, listMachineRecords } from "./machine-records.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** A ledger for a command of the terminal, and where git finds its commits. */
export type ShownLedger = {
  /** `owner/name`, or the directory of the repository. */
  readonly name: string;
  readonly git: GitContext;
  readonly ref: RefName;
  readonly ledger: Ledger;
  /** The address of the repository's pages; null if no GitHub has them. */
  readonly pageUrl: string | null;
  /** Set for a ledger of `enki run`. */
  readonly run?: RunActivity;
};

/** A process works on the run; or `enki run --resume` continues the run; or nothing is left to continue. */
export type RunActivity = "at-work" | "resumable" | "over";

export type ShownLedgers = {
  /** The ledger of the repository first, then the ledgers kept by `enki run`, newest first. Never empty. */
  readonly ledgers: readonly [ShownLedger, ...ShownLedger[]];
  /** An execution of an archive; null for an unknown id. */
  readonly readArchived: (id: string) => Promise<ArchivedExecution | null>;
};

/** The target of other commands; the fault if no GitHub can be reached. */
const reachTarget = async (terminal: TerminalHost): Promise<{ target: CommandTarget; ledger: Ledger | null } | NoTargetError> => {
  try {
    const target = await findCommandTarget(terminal);
    return { target, ledger: await target.readLedger() };
  } catch (error) {
    if (error instanceof NoTargetError) return error;
    throw error;
  }
};

/** The ledgers kept by `enki run`, newest first. */
export const readRuns = async (terminal: TerminalHost, directory: string): Promise<ShownLedger[]> => {
  const git: GitContext = { directory, after: terminal.after };
  const refs = await listRunLedgerRefs({ ...terminal, cwd: directory });
  const records = await listMachineRecords(terminal, directory);
  const findActivity = async (ref: string): Promise<RunActivity> => {
    const record = records.find(({ run }) => ref === `${RUN_LEDGERS_PREFIX}${run?.execution ?? ""}`);
    return record === undefined ? "over" : (await isMachineRunning(record)) ? "at-work" : "resumable";
  };
  const read = await Promise.all(
    refs.map(async (ref) => {
      const ledger = await readLedgerOf(git, ref);
      return ledger ? [{ name: directory, git, ref, ledger, pageUrl: null, run: await findActivity(ref) }] : [];
    }),
  );
  const ageOf = ({ ledger }: ShownLedger): number => Math.max(0, ...Object.values(ledger.executions).map(({ createdAt }) => createdAt));
  return read.flat().toSorted((one, other) => ageOf(other) - ageOf(one));
};

/**
 * The ledgers for `status`, `explain` and `graph`: first the ledger of the running local GitHub, of the remote or of the local copy, in
 * this order of preference; then the ledgers of runs. Throws {@link CommandError} without any ledger.
 */
export const readShownLedgers = async (terminal: TerminalHost): Promise<ShownLedgers> => {
  const { directory } = await findRepository(terminal, ".");
  const git: GitContext = { directory, after: terminal.after };
  const reached = await reachTarget(terminal);
  const isReached = !(reached instanceof NoTargetError);
  const ledger = isReached ? reached.ledger : await readLedgerOf(git, LEDGER_REF);
  const place = isReached ? reached.target : { name: directory, git, pageUrl: null };
  const own = ledger ? [{ name: place.name, git: place.git, pageUrl: place.pageUrl, ref: LEDGER_REF, ledger }] : [];
  const [first, ...others] = [...own, ...(await readRuns(terminal, directory))];
  if (!first) throw isReached ? new CommandError(`${place.name} has no ledger yet; start with enki fix "<request>"`) : reached;
  const readHere = (id: string) => readArchivedExecution({ directory, after: terminal.after }, id);
  return {
    ledgers: [first, ...others],
    readArchived: async (id) => (isReached ? await reached.target.readArchived(id) : null) ?? (await readHere(id)),
  };
};

/** Searches the ledgers in their order; throws the fault of the first ledger if nothing is found. */
export const findInLedgers = <T>({ ledgers }: ShownLedgers, find: (shown: ShownLedger) => T): T => {
  let fault: CommandError | null = null;
  for (const shown of ledgers) {
    try {
      return find(shown);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      fault ??= error;
    }
  }
  throw fault ?? new CommandError("there is no ledger here");
};
