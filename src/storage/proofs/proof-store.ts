import type { RefMove } from "../../core/domain/decision.ts";
import type { Millis, Sha } from "../../core/domain/ids.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import { readOwn } from "../../core/domain/own-record.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";
import { PROOFS_REF, toProofPath } from "../../core/domain/refs.ts";
import type { LandingStatement } from "../../core/proof/landing-statement.ts";
import { MAX_ENVELOPE_BYTES } from "../../core/proof/proof-envelope.ts";
import { judgeLanding, openProof, type ProofTrust } from "../../core/proof/verify-proof.ts";
import type { RepositoryClone } from "../git/repository-clone.ts";
import { PathClashError } from "../git/tree-files.ts";
import { type LedgerSeal, writeSealedCommit } from "../ledger/ledger-keys.ts";
import { listRefsBelow } from "../ledger/refs-below.ts";
import { buildProof, type LandedStep, listLandedSteps } from "./build-proof.ts";
import { type LandingReader, openLandingReader } from "./landing-facts.ts";
import { readProofKeys } from "./proof-keys.ts";

type ProofStoreOptions = {
  readonly clone: RepositoryClone;
  /** Signs the statements and the commits of their ref; absent without a key. */
  readonly seal: LedgerSeal | undefined;
  readonly repository: string;
  readonly log: (line: string) => void;
};

type LedgerChange = { readonly before: Ledger; readonly after: Ledger; readonly refs: RepositoryRefs; readonly at: Millis };

/**
 * Writes the statements about landings. If somebody deletes or replaces the ref, the next write of the ledger writes all missing statements
 * again from the ledger.
 */
export const openProofStore = (options: ProofStoreOptions) => {
  // The last value of the ref with every statement of the ledger.
  let complete: Sha | null | undefined;
  let planned: Sha | null | undefined;
  return {
    /** Moves for the push of a ledger. */
    createMoves: async (change: LedgerChange): Promise<readonly RefMove[]> => {
      planned = undefined;
      const { refs } = change;
      const blocking = listRefsBelow(refs, [PROOFS_REF]);
      // Git cannot delete `a/b` and create `a` in the same push, so the blocking refs are deleted first.
      if (blocking.length > 0) return blocking;
      const tip = refs[PROOFS_REF] ?? null;
      const wanted = tip === complete ? listNewLandings(change) : await listUnproven(options, tip, change.after);
      const files = await buildFiles(options, change.after, wanted);
      planned = files.size === 0 ? tip : await writeProofs(options, change, files);
      return planned === tip ? [] : [{ ref: PROOFS_REF, oldSha: tip, newSha: planned }];
    },
    /** Records a successful push. */
    remember: (moves: readonly RefMove[]): void => {
      const moved = moves.find(({ ref }) => ref === PROOFS_REF);
      if (planned !== undefined && (moved === undefined || moved.newSha === planned)) complete = planned;
    },
  };
};

const listLandings = ({ executions }: Ledger): LandedStep[] => Object.values(executions).flatMap((each) => listLandedSteps(each));

const listNewLandings = ({ before, after }: LedgerChange): LandedStep[] =>
  Object.values(after.executions).flatMap((execution) => {
    const earlier = readOwn(before.executions, execution.id);
    if (earlier === execution) return [];
    const known = new Set(earlier ? listLandedSteps(earlier).map(({ task, commit }) => `${task} ${commit}`) : []);
    return listLandedSteps(execution).filter(({ task, commit }) => !known.has(`${task} ${commit}`));
  });

/** Landings of the ledger without a valid statement. */
const listUnproven = async ({ clone, seal, repository }: ProofStoreOptions, tip: Sha | null, ledger: Ledger): Promise<LandedStep[]> => {
  const keys = seal ? (readProofKeys(seal.keys.publicKeys.join("\n")) ?? []) : [];
  const trust: ProofTrust = { keys, acceptsUnsigned: seal === undefined };
  const landings = listLandings(ledger);
  if (tip === null) return landings;
  const commits = landings.toSorted((one, other) => one.at - other.at).map(({ commit }) => commit);
  const reader = await openLandingReader(clone.running, commits);
  const unproven: LandedStep[] = [];
  for (const landed of landings) {
    const text = await clone.textAt(tip, toProofPath(landed.commit), MAX_ENVELOPE_BYTES);
    const opened = text === null ? null : openProof(Buffer.from(text), trust);
    const isProven = opened?.ok === true && (await isAbout(landed, opened.value.statement, { reader, repository }));
    if (!isProven) unproven.push(landed);
  }
  return unproven;
};

/** Whether verification would accept a statement for a landing: somebody may have replayed a statement of another landing or repository. */
const isAbout = async (
  { commit, execution, proof }: LandedStep,
  statement: LandingStatement,
  { reader, repository }: { readonly reader: LandingReader; readonly repository: string },
): Promise<boolean> => {
  const { subject, predicate } = statement;
  const place = { subject: subject[0].digest.gitCommit, tip: predicate.landing.tip, onto: predicate.base.commit };
  if (place.tip !== proof.tip || place.onto !== proof.onto) return false;
  return judgeLanding(statement, { commit, repository, branch: execution.baseBranch, ...(await reader(place)) }) === null;
};

type ProofFiles = Map<string, { readonly content: string; readonly mode: "100644" }>;

const buildFiles = async ({ clone, seal, repository, log }: ProofStoreOptions, ledger: Ledger, wanted: readonly LandedStep[]) => {
  const files: ProofFiles = new Map();
  for (const landed of wanted) {
    if (files.has(toProofPath(landed.commit))) continue;
    const built = await buildProof({ at: clone.running, ledger, repository, keys: seal?.keys }, landed);
    if (built === null) log(`${landed.task} has no proof: ${landed.commit.slice(0, 12)} is not what was verified, or not known here`);
    for (const commit of built?.commits ?? []) files.set(toProofPath(commit), { content: built?.envelope ?? "", mode: "100644" });
  }
  return files;
};

/**
 * Adds files to the ref. Somebody may have pushed a tag, or a file where a folder must be: then every statement of the ledger is written
 * again. Any other failure is thrown, because statements of archived executions are in the ref only.
 */
const writeProofs = async (options: ProofStoreOptions, { after, refs, at }: LedgerChange, files: ProofFiles): Promise<Sha> => {
  const { clone, seal, log } = options;
  const tip = refs[PROOFS_REF] ?? null;
  const onto = tip !== null && (await clone.isCommit(tip)) ? tip : null;
  const commit = { ref: PROOFS_REF, message: `Prove ${files.size} landed commits`, at };
  try {
    const tree = await clone.writeFiles(onto, files);
    return await writeSealedCommit(clone, seal, { ...commit, tree, parents: onto === null ? [] : [onto] });
  } catch (error) {
    if (!(error instanceof PathClashError)) throw error;
    log(`${PROOFS_REF} cannot be continued, so it is written again: ${String(error)}`);
    const all = await buildFiles(options, after, listLandings(after));
    return writeSealedCommit(clone, seal, { ...commit, tree: await clone.writeFiles(null, all), parents: [] });
  }
};
