import { refuse, type RefusedResult } from "../../domain/refusal.ts";

const FETCH = "git fetch origin 'refs/enki/*:refs/enki/*'";
const LOOK = "git log refs/enki/proofs";

export const refuseMissingProofs = (): RefusedResult => refuse("no-proofs", "This clone has no `refs/enki/proofs`.", FETCH);

export const refuseUnprovenCommit = (): RefusedResult =>
  refuse("not-landed", "Enki did not land this commit, or nobody fetched the statement.", FETCH);

export const refuseBrokenProof = (): RefusedResult =>
  refuse("proof-broken", "The statement is incomplete, too long, or has fields that Enki does not write.", LOOK);

export const refuseOtherForm = (): RefusedResult =>
  refuse("proof-form", "The statement is not written as Enki writes statements, so two readers could read two texts.", LOOK);

export const refuseOtherPayload = (type: string): RefusedResult =>
  refuse("proof-payload-type", `The envelope contains ${JSON.stringify(type)}, which is not an in-toto statement.`, LOOK);

export const refuseOtherPredicate = (type: string): RefusedResult =>
  refuse("proof-predicate", `The statement has the type ${JSON.stringify(type)}, which this Enki does not know.`, "update Enki");

export const refuseUnsignedProof = (): RefusedResult =>
  refuse(
    "proof-unsigned",
    "The statement is not signed, so anyone with write access could have written it.",
    "--unsigned, if the installation has no key",
  );

export const refuseUncheckedProof = (key: string): RefusedResult =>
  refuse(
    "proof-no-key",
    `The statement is signed with ${key}, but no public key is known here.`,
    "--key <file>, or a public key in .enki/proofs.pub",
  );

export const refuseForeignKey = (key: string): RefusedResult =>
  refuse("proof-key", `The statement is signed with ${key}, which is not a known key.`, LOOK);

export const refuseWrongSignature = (key: string): RefusedResult =>
  refuse("proof-signature", `The statement is not what ${key} signed.`, LOOK);

export const refuseOtherCommit = (subject: string): RefusedResult =>
  refuse("proof-commit", `The statement is about another commit: ${subject}.`, LOOK);

export const refuseOtherTree = (stated: string, found: string | null): RefusedResult =>
  refuse("proof-tree", `The commit has the tree ${found ?? "(unknown)"}, the statement says ${stated}.`, LOOK);

export const refuseOtherBase = (base: string): RefusedResult =>
  refuse(
    "proof-base",
    `The commit does not continue ${base}, on which it landed, or this clone lacks a part of its history.`,
    "git fetch --unshallow",
  );

export const refuseOtherBranch = (stated: string, expected: string): RefusedResult =>
  refuse(
    "proof-branch",
    `The commit landed on \`${stated}\`, not on \`${expected}\`: another branch may have other rules.`,
    `--branch ${stated}, if that is the branch you trust`,
  );

export const refuseOtherCandidate = (verified: string, found: string | null): RefusedResult =>
  refuse("proof-candidate", `The tree ${verified} was verified, but ${found ?? "(unknown)"} landed.`, LOOK);

export const refuseForeignProof = (stated: string, here: string): RefusedResult =>
  refuse("proof-repository", `The statement is about ${stated}, not about ${here}.`, "--repository <address>, if it was renamed");

export const refuseOtherPlan = (hash: string): RefusedResult =>
  refuse("proof-plan", `${JSON.stringify(hash)} is not the hash of a plan.`, LOOK);

export const refuseOtherVerdict = (conclusion: string): RefusedResult =>
  refuse("proof-verdict", `The run ended with ${JSON.stringify(conclusion)}, not with success.`, LOOK);
