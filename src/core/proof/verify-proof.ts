import {
  refuseBrokenProof,
  refuseForeignKey,
  refuseForeignProof,
  refuseOtherBase,
  refuseOtherBranch,
  refuseOtherCandidate,
  refuseOtherCommit,
  refuseOtherForm,
  refuseOtherPayload,
  refuseOtherPlan,
  refuseOtherPredicate,
  refuseOtherTree,
  refuseOtherVerdict,
  refuseUncheckedProof,
  refuseUnsignedProof,
  refuseWrongSignature,
} from "../messages/refusals/proofs.ts";
import type { Sha } from "../domain/ids.ts";
import { accept, type RefusedResult, type Result } from "../domain/refusal.ts";
import { type LandingStatement, readStatement } from "./landing-statement.ts";
import { PAYLOAD_TYPE, type ProofEnvelope, readEnvelope, toSignedEnvelopeBytes } from "./proof-envelope.ts";

/** The file of the default branch with the public keys, a line each. */
export const PROOF_KEYS_PATH = ".enki/proofs.pub";

/** A public key that may sign statements. */
export type ProofKey = {
  /** The fingerprint by which an envelope names the key. */
  readonly id: string;
  readonly isSigned: (message: Buffer, signature: Buffer) => boolean;
};

export type ProofTrust = {
  readonly keys: readonly ProofKey[];
  /** Whether statements count without a checked signature. With keys they never do. */
  readonly acceptsUnsigned: boolean;
};

/** `signedBy`: the key of the checked signature, if there is one. */
export type OpenedProof = { readonly statement: LandingStatement; readonly signedBy: string | null };

/** Opens an envelope: judges its form, its signature and the form of its statement, but not the commits. */
export const openProof = (bytes: Buffer, trust: ProofTrust): Result<OpenedProof> => {
  const envelope = readEnvelope(bytes);
  if (envelope === "broken") return refuseBrokenProof();
  if (envelope === "other-form") return refuseOtherForm();
  if (envelope.payloadType !== PAYLOAD_TYPE) return refuseOtherPayload(envelope.payloadType);
  const signedBy = findSigner(envelope, trust);
  if (!signedBy.ok) return signedBy;
  const text = envelope.payload.toString("utf8");
  if (!Buffer.from(text).equals(envelope.payload)) return refuseBrokenProof();
  const read = readStatement(text);
  switch (read.kind) {
    case "broken":
      return refuseBrokenProof();
    case "other-form":
      return refuseOtherForm();
    case "other-type":
      return refuseOtherPredicate(read.type);
    case "statement":
      return accept({ statement: read.statement, signedBy: signedBy.value });
  }
};

const findSigner = ({ payloadType, payload, signatures }: ProofEnvelope, { keys, acceptsUnsigned }: ProofTrust): Result<string | null> => {
  const [signature] = signatures;
  if (keys.length === 0 && acceptsUnsigned) return accept(null);
  if (!signature) return refuseUnsignedProof();
  if (keys.length === 0) return refuseUncheckedProof(signature.keyid);
  const key = keys.find(({ id }) => id === signature.keyid);
  if (!key) return refuseForeignKey(signature.keyid);
  return key.isSigned(toSignedEnvelopeBytes(payloadType, payload), signature.sig) ? accept(key.id) : refuseWrongSignature(key.id);
};

/** A clone's facts about the commits of a statement; facts about missing commits are null. */
export type LandingFacts = {
  /** The commit under verification. */
  readonly commit: Sha;
  /** Address of the repository, if the clone names one. */
  readonly repository: string | null;
  /** The branch on which the commit should have landed, if the person names one. */
  readonly branch: string | null;
  /** Tree of the statement's subject. */
  readonly tree: Sha | null;
  readonly tipTree: Sha | null;
  readonly baseTree: Sha | null;
  /** The first-parent line of the tip back to the base, oldest first, and the first parent of its oldest commit. */
  readonly line: { readonly commits: readonly Sha[]; readonly onto: Sha | null } | null;
};

const PLAN_HASH = /^[0-9a-f]{64}$/;

/** Compares a statement with the repository, and returns the first difference. */
export const judgeLanding = (statement: LandingStatement, facts: LandingFacts): RefusedResult | null => {
  const { predicate } = statement;
  const plan = predicate.steps.find(({ plan: { hash } }) => !PLAN_HASH.test(hash))?.plan.hash;
  return (
    judgeCommits(statement, facts) ??
    judgeRepository(statement, facts) ??
    judgeBranch(statement, facts) ??
    (plan === undefined ? null : refuseOtherPlan(plan)) ??
    (predicate.verdict.conclusion === "success" ? null : refuseOtherVerdict(predicate.verdict.conclusion))
  );
};

const judgeCommits = ({ subject, predicate }: LandingStatement, facts: LandingFacts): RefusedResult | null => {
  const { base, landing, candidate } = predicate;
  const [{ digest: commit }, { digest: tree }] = subject;
  if (landing.commits.at(-1) !== commit.gitCommit || !landing.commits.includes(facts.commit)) return refuseOtherCommit(commit.gitCommit);
  if (facts.tree !== tree.gitTree) return refuseOtherTree(tree.gitTree, facts.tree);
  if (!isLandedLine(predicate, facts) || facts.baseTree !== base.tree) return refuseOtherBase(base.commit);
  return candidate.tree === facts.tipTree ? null : refuseOtherCandidate(candidate.tree, facts.tipTree);
};

/** Whether the first-parent line from the base to the tip contains the landed commits, one after the other. */
const isLandedLine = ({ base, landing }: LandingStatement["predicate"], { line }: LandingFacts): boolean => {
  if (line === null || line.onto !== base.commit || line.commits.at(-1) !== landing.tip) return false;
  const start = line.commits.indexOf(landing.commits[0] ?? "");
  return start >= 0 && landing.commits.every((commit, index) => line.commits[start + index] === commit);
};

/** Another branch may have easier gates. */
const judgeBranch = ({ predicate: { base } }: LandingStatement, { branch }: LandingFacts): RefusedResult | null =>
  branch === null || branch === base.branch ? null : refuseOtherBranch(base.branch, branch);

const toComparedAddress = (address: string): string => address.toLowerCase().replace(/\.git$/, "");

const judgeRepository = ({ predicate: { repository } }: LandingStatement, facts: LandingFacts): RefusedResult | null =>
  facts.repository === null || toComparedAddress(facts.repository) === toComparedAddress(repository)
    ? null
    : refuseForeignProof(repository, facts.repository);
