import { mkdir, writeFile } from "node:fs/promises";
import type { Sha } from "../core/domain/ids.ts";
import { toBranchRef } from "../core/domain/refs.ts";
import { accept, type Result } from "../core/domain/refusal.ts";
import { findJudgingFile } from "../core/policy/judging-files.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { claimJob } from "./claim-job.ts";
import { findNetworkLimit } from "./network/find-network-limit.ts";
import { prepareConflict } from "./prepare-conflict.ts";
import { type JobHost, fetchRepositoryState } from "./repository-state.ts";
import { restoreInterrupted } from "./restore-attempt.ts";
import { type InterruptedAttempt, type JobSpec, toJobPaths } from "./job-spec.ts";
import { fetchCommitAs, checkOutCommit, EARLIER_WORK_REF, keepObjects } from "./job-workspace.ts";

/**
 * The first step of a job, and the only one of its three with a token: writes the job's spec and checks out its base commit, without
 * leaving the token. Refusals, each of which ends the job without work: those of {@link claimJob}.
 */
export const prepareJob = async (host: JobHost, token: string): Promise<Result<JobSpec>> => {
  const at = toJobPaths(host.temp);
  const from = host.now();
  await mkdir(at.root, { recursive: true, mode: 0o700 });
  const { clone, ledger, refs, config } = await fetchRepositoryState(host, token, at.clone);
  const claimed = claimJob({ ledger, refs, config, job: host.job });
  if (!claimed.ok) return claimed;
  const { baseCommit, earlier } = claimed.value;
  await clone.fetchMissing(listNeededCommits(claimed.value));
  const conflict = claimed.value.conflict && (await prepareConflict({ clone, ledger }, baseCommit, claimed.value.conflict));
  await checkOutCommit(clone.running, { from: at.clone, to: host.workspace, commit: conflict?.merge ?? baseCommit, packs: host.packs });
  const fetchedEarlier =
    earlier !== null &&
    (await fetchCommitAs(clone.running, { from: at.clone, to: host.workspace, commit: earlier.commit, as: EARLIER_WORK_REF }));
  const pullBase = claimed.value.brief?.pull?.baseBranch;
  const tip = pullBase === undefined ? undefined : refs[toBranchRef(pullBase)];
  // Agents compare the pull request with its base. The clone already has the objects.
  if (tip !== undefined)
    await fetchCommitAs(clone.running, { from: at.clone, to: host.workspace, commit: tip, as: `refs/remotes/origin/${pullBase}` });
  const isOwnMachine = host.near !== undefined;
  const interrupted = await restoreInterrupted(clone, { from: at.clone, to: host.workspace, spec: claimed.value, isOwnMachine });
  if (isOwnMachine) await keepObjects(at.clone, host.workspace);
  const limit = await findNetworkLimit(clone.running, { policy: config.policy, url: host.url, commit: baseCommit });
  const known = await findKnownFlakes(clone, claimed.value);
  const found = { ...limit, ...known, conflict, earlier: fetchedEarlier ? earlier : null };
  const spec = withInterrupted(
    { ...withKeptSession(claimed.value, isOwnMachine), ...found, prepared: { from, to: host.now() } },
    interrupted,
  );
  await writeFile(at.spec, JSON.stringify(spec), { mode: 0o600 });
  return accept(spec);
};

/** A branch may have been deleted or rewound, so that only another ref contains a commit of the job. */
const listNeededCommits = ({ baseCommit, conflict, repeat, earlier, interrupted }: JobSpec): Sha[] =>
  [baseCommit, conflict?.head, conflict?.forkPoint, repeat?.onto, earlier?.commit, interrupted?.commit].filter(
    (each) => each !== undefined,
  );

/** A candidate with new or changed tests is excused only by a report that names the failed ones, since its tests may be what flakes. */
const findKnownFlakes = async (clone: RepositoryClone, { repeat, baseCommit }: JobSpec): Promise<Pick<JobSpec, "repeat">> => {
  if (repeat === undefined) return {};
  const changed = await clone.changedPaths(repeat.onto, baseCommit);
  if (changed !== null && changed.every((path) => findJudgingFile(path) === null)) return { repeat };
  return { repeat: { ...repeat, flakes: repeat.flakes.map((each) => ({ ...each, withoutReport: false })) } };
};

const withKeptSession = (spec: JobSpec, isOwnMachine: boolean): JobSpec =>
  spec.kind === "work" && isOwnMachine ? { ...spec, keepsSession: true } : spec;

const withInterrupted = (spec: JobSpec, interrupted: InterruptedAttempt | null): JobSpec => {
  const { interrupted: _, ...rest } = spec;
  return interrupted === null ? rest : { ...rest, interrupted };
};
