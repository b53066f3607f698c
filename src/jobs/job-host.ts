import type { Clone } from "../git/clone.ts";
import type { After } from "../git/run.ts";
import type { Config } from "../model/config.ts";
import type { Job } from "../model/job.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Refs } from "../model/query.ts";
import { branchRef } from "../model/refs.ts";
import { loadLedger } from "../ledger/load.ts";
import { openOrganisation } from "../organisation.ts";
import { type Layers, readSettings } from "../settings.ts";
import { openClone } from "../git/clone.ts";

/** What a job's steps are told by the runner; the token only where a step has one. */
export type JobHost = {
  readonly job: Job;
  /** Absolute paths: the workspace, and the directory that goes with the job. */
  readonly workspace: string;
  readonly temp: string;
  readonly defaultBranch: string;
  /** Where git fetches from and publishes to. */
  readonly url: string;
  readonly layers: Layers;
  readonly after: After;
  readonly log: (line: string) => void;
};

const IDENTITY = { name: "Enki", email: "enki@users.noreply.github.com" };

/** What one fetch tells: the ledger, the refs and the default branch's configuration. */
export type Read = { readonly clone: Clone; readonly ledger: Ledger; readonly refs: Refs; readonly config: Config };

/** Fetches the repository into `directory` and reads the ledger there. */
export const readRepository = async (host: JobHost, token: string, directory: string): Promise<Read> => {
  const { url, after, layers, defaultBranch, log } = host;
  const clone = await openClone({ url, directory, token: () => Promise.resolve(token), identity: IDENTITY, after });
  await clone.fetchForJob();
  const refs = await clone.refs();
  const { ledger } = await loadLedger(clone, refs);
  const organisation = openOrganisation({ url, directory: `${directory}-organisation`, after, every: 0, now: () => 0 });
  const { config, faults } = await readSettings(clone, refs[branchRef(defaultBranch)] ?? null, { ...layers, organisation });
  for (const { file, line, why } of faults) log(`${file}:${line}: ${why}`);
  return { clone, ledger, refs, config };
};
