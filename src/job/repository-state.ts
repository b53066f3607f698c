import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import type { TimerStarter } from "../storage/git/run-git.ts";
import type { Config } from "../core/domain/config.ts";
import { NOBODY } from "../core/domain/product.ts";
import type { Job } from "../core/domain/job.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { RepositoryRefs } from "../core/domain/query.ts";
import { toBranchRef } from "../core/domain/refs.ts";
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
  readonly layers: ConfigLayers;
  readonly after: TimerStarter;
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

export const fetchRepositoryState = async (host: JobHost, token: string, directory: string): Promise<RepositoryState> => {
  const { url, near, after, stop, layers, defaultBranch, log } = host;
  const clone = await openClone({ url, directory, token: () => Promise.resolve(token), identity: NOBODY, after, stop, near });
  await clone.fetchForJob();
  const refs = await clone.refs();
  const { ledger } = await loadLedger(clone, refs);
  const organisation = openOrganisationConfig({ url, directory: `${directory}-organisation`, after, stop, refreshMs: 0, now: () => 0 });
  const { config, faults } = await readRepositoryConfig(clone, refs[toBranchRef(defaultBranch)] ?? null, {
    ...layers,
    readOrganisation: organisation,
  });
  for (const { file, line, why } of faults) log(`${file}:${line}: ${why}`);
  return { clone, ledger, refs, config };
};
