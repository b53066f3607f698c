import type { AgentFailure } from "./agent-failure.ts";
import type { AgentUsage } from "./agent-usage.ts";
import type { Sha } from "./ids.ts";
import type { RecordedCommand } from "./command.ts";
import type { CheckFailure } from "./flaky-check.ts";
import type { Outcome, ThreadReply } from "./outcome.ts";
import type { WorkCheck } from "./work-check.ts";

const JOB_KINDS = ["plan", "work", "resolve", "verify"] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** `<kind>/<target>/<attempt>`: the start of the run's name, its concurrency group, and the end of its result ref. */
export type JobKey = `${JobKind}/${string}/${number}`;
/**
 * Target of a plan job: the execution; of work and resolve: the task; of verify: the candidate's commit, or that of a trial behind a prefix
 * (`trial.ts`). Attempts count from 1.
 */
export type Job = { readonly kind: JobKind; readonly target: string; readonly attempt: number };

export const isJobKind = (text: string): text is JobKind => JOB_KINDS.some((kind) => kind === text);

export const toJobKey = (job: Job): JobKey => `${job.kind}/${job.target}/${job.attempt}`;

/** `null` for any other text. */
export const readJobKey = (text: string): Job | null => {
  const [kind, target, count, ...rest] = text.split("/");
  if (kind === undefined || target === undefined || count === undefined || rest.length > 0) return null;
  if (!isJobKind(kind) || !/^[a-z0-9][a-z0-9_-]*$/.test(target) || !/^[1-9][0-9]{0,5}$/.test(count)) return null;
  return { kind, target, attempt: Number(count) };
};

/** The part of a run's name before its title, which `enki-step.yml` appends. No key contains the separator. */
export const readRunKey = (name: string): string => name.split(" · ", 1)[0] ?? "";

/** The artifact that a run uploads before it creates the result's ref: no other run, and no person, can upload it there. */
export const toResultArtifactName = (result: Sha): string => `enki-result-${result}`;

/**
 * The end of a job. `success` changed files, `artifact` delivered a report, `unchanged` neither;
 * `asked` waits for an answer; `refused` delivered a bundle that publish rejected.
 * Faults (`timed-out`, `crashed`) are retried automatically; other failures wait for a person.
 */
export type JobEnd = "success" | "artifact" | "unchanged" | "failed" | "asked" | "timed-out" | "crashed" | "cancelled" | "refused";

/** `result.json` at the root of a result commit. Written by publish, never by the agent. */
export type JobResult = {
  readonly format: 2;
  readonly job: JobKey;
  readonly run: number;
  /** The commits of the ledger that `prepare` and `publish` read; absent in results of earlier versions. */
  readonly ledgers?: readonly Sha[] | undefined;
  /** The commit that the job started from; for verify, the verified commit. */
  readonly baseCommit: Sha;
  readonly end: JobEnd;
  /** A sentence for people: the failure or refusal. Empty for a success. */
  readonly reason: string;
  /** The agent's reported outcome; null if none was reported. */
  readonly outcome: Outcome | null;
  /** The agent's complete last message, or a command's output. Empty for verify. */
  readonly answer: string;
  /** The agent's answers to review comments. */
  readonly replies: readonly ThreadReply[];
  /** Output for dependent steps; for verify, the last lines of the log. */
  readonly output: string;
  readonly artifact: string | null;
  /** Changed paths with their content in `files/<path>`; a null mode is a deletion. */
  readonly files: readonly { readonly path: string; readonly mode: "100644" | "100755" | null }[];
  /** Changed paths of an interrupted attempt, with their content in `kept/<path>`: offered to the next attempt, never landed. */
  readonly kept?: JobResult["files"] | undefined;
  /** Commands recorded by the agent's tools, in order; checked again when they are applied. */
  readonly tools: readonly RecordedCommand[];
  /** Tokens and money, as the agent reported them. */
  readonly spent: number;
  /** Why the agent could not work; absent if it could. */
  readonly failure?: AgentFailure | undefined;
  /** Absent if the agent reported nothing. */
  readonly usage?: AgentUsage | undefined;
  /** The verify commands that were red. Never the verdict: tested code could have written the names of its tests. */
  readonly failures?: readonly CheckFailure[] | undefined;
  /** What the verify commands said about the work in the agent's own job. Never a verdict; absent if they did not run. */
  readonly check?: WorkCheck | undefined;
};
