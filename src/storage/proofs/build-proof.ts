import type { Execution } from "../../core/domain/execution.ts";
import { readTaskId, type Sha, type TaskId } from "../../core/domain/ids.ts";
import type { LandingProof } from "../../core/domain/landing-proof.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import { readOwn } from "../../core/domain/own-record.ts";
import { createStatement, formatStatement, type LandingStatement, type ProvenStep } from "../../core/proof/landing-statement.ts";
import { formatEnvelope, PAYLOAD_TYPE } from "../../core/proof/proof-envelope.ts";
import { judgeLanding } from "../../core/proof/verify-proof.ts";
import { type GitContext, runGit } from "../git/run-git.ts";
import type { LedgerKeys } from "../ledger/ledger-keys.ts";
import { readLandingFacts } from "./landing-facts.ts";

/** A step that landed, with its execution. */
export type LandedStep = {
  readonly task: TaskId;
  readonly execution: Execution;
  readonly commit: Sha;
  readonly at: number;
  readonly proof: LandingProof;
};

/** The provable landings of an execution. */
export const listLandedSteps = (execution: Execution): LandedStep[] =>
  Object.values(execution.steps).flatMap(({ id, landed }) =>
    landed?.proof ? [{ task: `${execution.id}-${id}` as const, execution, commit: landed.commit, at: landed.at, proof: landed.proof }] : [],
  );

const findLandedStep = (ledger: Ledger, task: TaskId, commit: Sha): LandedStep | null => {
  const id = readTaskId(task);
  const execution = id && readOwn(ledger.executions, id.execution);
  return (execution && listLandedSteps(execution).find((each) => each.task === task && each.commit === commit)) ?? null;
};

const toIsoTime = (millis: number): string => new Date(millis).toISOString();

const toProvenStep = ({ execution, task, proof }: LandedStep): ProvenStep => ({
  execution: execution.id,
  step: task.slice(execution.id.length + 1),
  issue: execution.issue,
  pull: proof.pull,
  attempt: proof.attempt,
  head: proof.head,
  plan: {
    hash: proof.plan,
    approval: proof.approval && { ...proof.approval, at: proof.approval.at === null ? null : toIsoTime(proof.approval.at) },
  },
  reviews: [...proof.reviews],
  decisions: [...proof.decisions],
});

export type ProofBuilder = {
  readonly at: GitContext;
  readonly ledger: Ledger;
  /** Address of the repository on its forge. */
  readonly repository: string;
  readonly keys?: LedgerKeys | undefined;
};

/** An envelope with the commits that it proves. */
export type BuiltProof = { readonly commits: readonly Sha[]; readonly envelope: string };

/**
 * Builds the envelope about the landing of a step: the same bytes in every process. Returns null if a step of the landing left the ledger, or
 * if verification would refuse the statement, because GitHub landed another tree.
 */
export const buildProof = async (builder: ProofBuilder, landed: LandedStep): Promise<BuiltProof | null> => {
  const steps = landed.proof.tasks.flatMap((task) => findLandedStep(builder.ledger, task, landed.commit) ?? []);
  if (steps.length !== landed.proof.tasks.length) return null;
  const { onto, tip } = landed.proof;
  const facts = {
    commit: landed.commit,
    repository: null,
    branch: null,
    ...(await readLandingFacts(builder.at, { subject: landed.commit, tip, onto })),
  };
  const { tree, baseTree, line } = facts;
  if (tree === null || baseTree === null || line === null) return null;
  const commits = landed.proof.method === "rebase" ? await findRebased(builder.at, landed, line.commits) : [landed.commit];
  const statement = toStatement(builder, { steps, tree, baseTree, commits });
  if (statement === null || judgeLanding(statement, facts) !== null) return null;
  const payload = Buffer.from(formatStatement(statement));
  const signatures = builder.keys ? [builder.keys.signStatement(payload)] : [];
  return { commits, envelope: formatEnvelope({ payloadType: PAYLOAD_TYPE, payload, signatures }) };
};

/** The commits of a rebase: the whole line if nobody pushed another commit before GitHub rebased, otherwise the last one alone. */
const findRebased = async (at: GitContext, { commit, proof }: LandedStep, line: readonly Sha[]): Promise<readonly Sha[]> => {
  const counted = await runGit(at, ["rev-list", "--count", "--no-merges", proof.head, `^${proof.onto}`, "--"]);
  const isWhole = counted.code === 0 && Number(counted.stdout.toString("utf8")) === line.length && line.at(-1) === commit;
  return isWhole ? line : [commit];
};

type StatementParts = {
  readonly steps: readonly LandedStep[];
  readonly tree: Sha;
  readonly baseTree: Sha;
  readonly commits: readonly Sha[];
};

const toStatement = ({ repository }: ProofBuilder, { steps, tree, baseTree, commits }: StatementParts): LandingStatement | null => {
  const [first] = steps;
  if (!first) return null;
  const { commit, at, proof, execution } = first;
  const { run } = proof.verdict;
  return createStatement(
    { commit, tree },
    {
      repository,
      base: { branch: execution.baseBranch, commit: proof.onto, tree: baseTree },
      landing: { at: toIsoTime(at), method: proof.method, commits: [...commits], tip: proof.tip },
      candidate: proof.candidate,
      verdict: {
        conclusion: "success",
        commit: proof.verdict.commit,
        run: run === null ? null : { id: run, url: `${repository}/actions/runs/${run}` },
      },
      steps: steps.map((step) => toProvenStep(step)),
      policy: proof.policy,
    },
  );
};
