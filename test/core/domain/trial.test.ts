import fc from "fast-check";
import { expect, test } from "vitest";
import { readJobKey, toJobKey } from "../../../src/core/domain/job.ts";
import { readCandidateRef, readTrialRef, toCandidateRef, toTrialRef } from "../../../src/core/domain/refs.ts";
import { readTrialTarget, toTrialTarget, toVerifiedCommit } from "../../../src/core/domain/trial.ts";

const sha = fc.stringMatching(/^[0-9a-f]{40}$/);

test("the target of a trial is read back, is part of a job's key, and never that of a candidate", () => {
  fc.assert(
    fc.property(sha, fc.integer({ min: 1, max: 999 }), (commit, attempt) => {
      const job = { kind: "verify", target: toTrialTarget(commit), attempt } as const;
      expect(readJobKey(toJobKey(job))).toEqual(job);
      expect(readTrialTarget(job.target)).toBe(commit);
      expect(toVerifiedCommit(job)).toBe(commit);
      expect(readTrialTarget(commit)).toBeNull();
      expect(toVerifiedCommit({ target: commit })).toBe(commit);
      expect(job.target).not.toMatch(/^[0-9a-f]{40}$/);
    }),
  );
  expect(readTrialTarget("trial-main")).toBeNull();
});

test("the ref of a trial is read back, and is no candidate's", () => {
  fc.assert(
    fc.property(sha, (commit) => {
      expect(readTrialRef(toTrialRef(commit))).toBe(commit);
      expect(readCandidateRef(toTrialRef(commit))).toBeNull();
      expect(readTrialRef(toCandidateRef("main", commit))).toBeNull();
    }),
  );
  expect(readTrialRef("refs/enki/trials/main")).toBeNull();
});
