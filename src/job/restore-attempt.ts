import type { Sha } from "../core/domain/ids.ts";
import type { JobResult } from "../core/domain/job.ts";
import { NOBODY } from "../core/domain/product.ts";
import { readJobResult } from "../storage/ledger/read-job-result.ts";
import { buildKeptCommit } from "../storage/git/build-work-commit.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { GitError } from "../storage/git/run-git.ts";
import { parseKeptSession } from "./agent/kept-session.ts";
import type { InterruptedAttempt, JobSpec } from "./job-spec.ts";
import { fetchCommitAs, INTERRUPTED_WORK_REF, restoreFiles } from "./job-workspace.ts";

type RestoreInput = { readonly from: string; readonly to: string; readonly spec: JobSpec; readonly isOwnMachine: boolean };
type KeptInput = Omit<RestoreInput, "isOwnMachine">;

const READ_FILES = ["result.json", "transcript.md", "session.json"];

/**
 * Offers the work of an interrupted attempt to the next attempt: in its working directory, if the work still fits the base. Returns null
 * without any work.
 */
export const restoreInterrupted = async (
  clone: RepositoryClone,
  { from, to, spec, isOwnMachine }: RestoreInput,
): Promise<InterruptedAttempt | null> => {
  const { commit } = spec.interrupted ?? {};
  if (commit === undefined || !(await fetchCommitAs(clone.running, { from, to, commit, as: INTERRUPTED_WORK_REF }))) return null;
  const left = await clone.readFiles(commit, (path) => READ_FILES.includes(path));
  const readLeft = (name: string): string => left.get(name)?.toString("utf8") ?? "";
  const result = readJobResult(readLeft("result.json"));
  const transcriptEnd = readLeft("transcript.md");
  const session = isOwnMachine ? parseKeptSession(readLeft("session.json")) : null;
  const texts = { transcriptEnd, ...(session && { session }) };
  if (result?.kept) return { commit, files: await restoreKept(clone, { from, to, spec }, { commit, result }), ...texts };
  return transcriptEnd === "" ? null : { commit, files: "none", ...texts };
};

type KeptResult = { readonly commit: Sha; readonly result: JobResult };

const restoreKept = async (
  clone: RepositoryClone,
  { from, to, spec }: KeptInput,
  { commit, result }: KeptResult,
): Promise<InterruptedAttempt["files"]> => {
  const query = { kind: "work", result: commit, baseCommit: result.baseCommit, onto: spec.baseCommit, message: "kept" } as const;
  const built = await buildKeptCommit(clone.running, NOBODY, query).catch((error: unknown) => {
    // The base of that attempt may be gone.
    if (error instanceof GitError) return { kind: "conflict" } as const;
    throw error;
  });
  if (built.kind === "unchanged") return "none";
  if (built.kind === "conflict") return "apart";
  const as = `${INTERRUPTED_WORK_REF}-files`;
  if (!(await fetchCommitAs(clone.running, { from, to, commit: built.commit, as }))) return "apart";
  await restoreFiles(clone.running, to, built.commit);
  return "restored";
};
