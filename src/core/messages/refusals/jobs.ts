import { refuse, type RefusedResult } from "../../domain/refusal.ts";

export const refuseIdleJob = (job: string): RefusedResult => refuse("not-running", `the ledger shows no running job ${job}`);

export const refuseMissingBranch = (branch: string): RefusedResult => refuse("no-base", `there is no branch ${branch}`);

export const NO_BUNDLE_REFUSAL: RefusedResult = refuse("no-bundle", "The job left no bundle.");

export const BAD_BUNDLE_REFUSAL: RefusedResult = refuse("bad-bundle", "The job's bundle is malformed.");
