import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import type { TimerStarter } from "../storage/git/run-git.ts";
import type { Config } from "../core/domain/config.ts";
import { NOBODY } from "../core/domain/product.ts";
import type { Millis } from "../core/domain/ids.ts";
import { type Job, toJobKey } from "../core/domain/job.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { RepositoryRefs } from "../core/domain/query.ts";
import { LEDGER_REF, toBranchRef, toResultRef } from "../core/domain/refs.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { listJobRefs } from "../core/domain/job-refs.ts";
import { loadLedger } from "../storage/ledger/load-ledger.ts";
import { openOrganisationConfig } from "../storage/config/organisation-config.ts";
import { type ConfigLayers, readRepositoryConfig } from "../storage/config/repository-config.ts";
import { openClone } from "../storage/git/repository-clone.ts";

/** What the runner provides to prepare and publish. */
export type JobHost = {
  readonly job: Job;
  /** Absolute paths: the workspace, and the job's temporary directory. */
  readonly workspace: string;
  readonly temp: string;
  readonly defaultBranch: string;
  /** The git URL of the repository. */
  readonly url: string;
  /** See CloneOptions.near. */
  readonly near?: string | undefined;
  /** A directory of Enki's own in which jobs on one machine find the history that an earlier job packed. */
  readonly packs?: string | undefined;
  readonly layers: ConfigLayers;
  readonly after: TimerStarter;
  readonly now: () => Millis;
  /** Ends the step when it aborts; absent if the process ends instead. */
  readonly stop?: AbortSignal | undefined;
  readonly log: (line: string) => void;
};

/** The ledger, the refs and the default branch's configuration, as of one fetch. */
export type RepositoryState = {
  readonly clone: RepositoryClone;
  readonly ledger: Ledger;
  readonly refs: RepositoryRefs;
  readonly config: Config;
};

/** The state with what prepare needs: branches with their history. */
export const fetchRepositoryState = async (host: JobHost, token: string, directory: string): Promise<RepositoryState> => {
  const clone = await openJobClone(host, token, directory);
  await clone.fetchLedger();
  const { ledger } = await loadLedger(clone, await clone.refs());
  await clone.fetchForJob([toBranchRef(host.defaultBranch), ...listJobRefs(ledger, host.job)]);
  return readState(host, clone, ledger);
};

/** The state with what publish needs: no history, and no files but the ledger's and the configuration's. */
export const fetchPublishState = async (host: JobHost, token: string, directory: string): Promise<RepositoryState> => {
  // The sides of a conflict are commits in the history of branches.
  if (host.job.kind === "resolve") return fetchRepositoryState(host, token, directory);
  const clone = await openJobClone(host, token, directory);
  const places = [
    { ref: LEDGER_REF, files: "" },
    { ref: toBranchRef(host.defaultBranch), files: ".enki/" },
    // A pattern, because the ref is usually missing.
    { ref: `${toResultRef(toJobKey(host.job))}*`, files: null },
  ];
  await clone.fetchSnapshot(places);
  const { ledger } = await loadLedger(clone, await clone.refs());
  const base = host.job.kind === "plan" ? readOwn(ledger.executions, host.job.target)?.baseBranch : undefined;
  if (base !== undefined && base !== host.defaultBranch) await clone.fetchSnapshot([{ ref: toBranchRef(base), files: null }]);
  return readState(host, clone, ledger);
};

const openJobClone = ({ url, near, after, stop }: JobHost, token: string, directory: string): Promise<RepositoryClone> =>
  openClone({ url, directory, token: () => Promise.resolve(token), identity: NOBODY, after, stop, near });

const readState = async (host: JobHost, clone: RepositoryClone, ledger: Ledger): Promise<RepositoryState> => {
  const { url, after, stop, layers, defaultBranch, log } = host;
  const refs = await clone.refs();
  const directory = `${clone.directory}-organisation`;
  const organisation = openOrganisationConfig({ url, directory, after, stop, refreshMs: 0, now: () => 0 });
  const { config, faults } = await readRepositoryConfig(clone, refs[toBranchRef(defaultBranch)] ?? null, {
    ...layers,
    readOrganisation: organisation,
  });
  for (const { file, line, why } of faults) log(`${file}:${line}: ${why}`);
  return { clone, ledger, refs, config };
};
