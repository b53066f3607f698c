import { mayLeaveWork } from "../core/domain/step.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { isSha, readTaskId, type Sha } from "../core/domain/ids.ts";
import { toDeliveryPaths, writeDelivery } from "./deliver-result.ts";
import { isUsageReported } from "../core/domain/agent-usage.ts";
import { type Job, type JobEnd, toJobKey, type JobResult } from "../core/domain/job.ts";
import type { Config } from "../core/domain/config.ts";
import { type CheckFailure, MAX_TEST_NAME_CHARS } from "../core/domain/flaky-check.ts";
import { toResultRef } from "../core/domain/refs.ts";
import { expectsFewResults } from "../core/domain/running-jobs.ts";
import { keepRootCommit } from "../storage/git/keep-root-commit.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { checkRecordedTexts } from "../core/domain/recorded-texts.ts";
import { mayRecord } from "../core/domain/tool-set.ts";
import { takeFirstChars } from "../core/domain/visible-text.ts";
import { checkBundle, hasConflictMarker } from "../core/policy/check-bundle.ts";
import { redactSecrets, redactJson } from "../core/policy/secrets.ts";
import type { Result } from "../core/domain/refusal.ts";
import { type BundleReport, openBundle, type OpenedBundle } from "./job-bundle.ts";
import { claimJob } from "./claim-job.ts";
import { findJobTrace } from "../core/telemetry/ended-jobs.ts";
import { cutAnswer, cutText } from "./cut-text.ts";
import { explainForbiddenEnd } from "../core/policy/job-output.ts";
import { makesArtifact, toOutputTerms } from "./job-environment.ts";
import { type JobHost, fetchPublishState } from "./repository-state.ts";
import type { JobSpec } from "./job-spec.ts";
import { readBundleContents, toBundleFile, toResultFile } from "./carried-files.ts";
import { cleanEnds, cleanText } from "./clean-text.ts";
import { keepInterrupted } from "./keep-interrupted.ts";
import { type BuiltResult, toResultTree } from "./result-tree.ts";
import { summarizeJob } from "./summarize-job.ts";

/** GitHub's conclusion of the previous job and of its deciding step; empty if it did not run. */
type JobConclusion = { readonly job: string; readonly step: string };

export type PublishOptions = {
  readonly token: string;
  /** The directory into which the bundle was downloaded; it may be missing. */
  readonly bundle: string;
  readonly run: number;
  /** The commit of the ledger that `prepare` read; empty if the workflow file is of an earlier version. */
  readonly preparedOn: string;
  readonly conclusion: JobConclusion;
};

/**
 * `was-there`: the result's ref exists, and the ledger does not know this run as the run of the job. `coordinates`: whether the
 * job coordinates next, in place of a run of `enki.yml`. `summary`: the page of the run, in Markdown.
 */
export type PublishEnd =
  | { readonly kind: "built"; readonly commit: Sha; readonly coordinates: boolean; readonly summary: string }
  | { readonly kind: "not-running" | "was-there" };

/**
 * Validates what a job without rights left, and builds the result's commit without pushing it: the run first uploads an artifact that
 * names the commit, so that the coordinator can tell the result from a ref that a person pushed. It runs no agent and no code of the
 * repository. Ends without a result if the ledger does not expect this attempt.
 */
export const publishJob = async (host: JobHost, publishing: PublishOptions): Promise<PublishEnd> => {
  const at = toDeliveryPaths(host.temp);
  const from = host.now();
  const { clone, ledger, refs, config } = await fetchPublishState(host, publishing.token, at.clone);
  const job = toJobKey(host.job);
  const ref = toResultRef(job);
  const claimed = claimJob({ ledger, refs, config, job: host.job, isEnding: true });
  if (!claimed.ok) return { kind: "not-running" };
  const occupant = refs[ref] ?? null;
  // Jobs of one name run one after the other, so another result than this run's was pushed by a person.
  const isKnownRun = ledger.effectRecords[`start-job:${job}`]?.number === publishing.run;
  if (occupant !== null && !isKnownRun) return { kind: "was-there" };
  const marked = await listMarkedConflicts(clone, claimed.value);
  const opened = await openBundle(publishing.bundle);
  const built = await buildResult({
    job: host.job,
    spec: claimed.value,
    config,
    publishing,
    marked,
    opened,
    keepsSession: host.near !== undefined,
  });
  const made = isStoppedJob(ledger, host.job) ? toKeptResult(built) : built;
  if (made === null) return { kind: "not-running" };
  const files = toResultTree(made);
  const tree = await clone.writeFiles(null, files);
  const commit = await clone.writeCommit({ tree, parents: [], message: `${job}: ${made.result.end}`, at: host.now() });
  // The steps after this one may be processes of the job, whose cell shows no other repository.
  if (host.near !== undefined) await keepRootCommit(clone.running, host.near, commit);
  const trace = { ...findJobTrace(ledger, host.job), phases: opened.ok ? opened.value.report.phases : [], from };
  await writeDelivery(at, { commit, occupant, mayReplace: isKnownRun, trace }, String(files.get("result.json")?.content));
  const summary = summarizeJob(host, ledger, { spec: claimed.value, result: made.result });
  return { kind: "built", commit, coordinates: expectsFewResults(ledger, job), summary };
};

const isStoppedJob = ({ executions }: Ledger, { kind, target }: Job): boolean => {
  const task = kind === "work" ? readTaskId(target) : null;
  const step = task && readOwn(executions, task.execution)?.steps[task.step];
  return step ? mayLeaveWork(step) : false;
};

/** Keeps the work of a stopped attempt for the next one, even if the agent had just finished. Returns null without any changed file. */
const toKeptResult = ({ result, contents, kept = [], transcriptEnd, session }: BuiltResult): BuiltResult | null => {
  const all = [...contents, ...kept];
  if (all.length === 0) return null;
  const ended = { ...result, end: "cancelled", files: [], kept: all.map(toResultFile), artifact: null, tools: [], replies: [] } as const;
  return { result: ended, contents: [], kept: all, ...(transcriptEnd !== undefined && { transcriptEnd }), ...(session && { session }) };
};

/**
 * Conflicting files with a conflict marker, or a heading that resembles one, on either side. The coordinator, which has both sides,
 * checks whether the resolution adds more.
 */
const listMarkedConflicts = async (clone: RepositoryClone, { baseCommit, conflict }: JobSpec): Promise<string[]> => {
  if (!conflict) return [];
  await clone.fetchMissing([baseCommit, conflict.head]);
  const paths = new Set(conflict.conflicts.map(({ path }) => path));
  const sides = await Promise.all([baseCommit, conflict.head].map((side) => clone.readFiles(side, (path) => paths.has(path))));
  return sides.flatMap((side) => [...side].flatMap(([path, content]) => (hasConflictMarker(content.toString("utf8")) ? [path] : [])));
};

type ResultInputs = {
  readonly job: Job;
  readonly spec: JobSpec;
  readonly config: Config;
  readonly publishing: PublishOptions;
  readonly marked: readonly string[];
  readonly opened: Result<OpenedBundle>;
  readonly keepsSession: boolean;
};
const buildResult = async (making: ResultInputs): Promise<BuiltResult> => {
  const { job, spec, publishing, opened } = making;
  const none = { reason: "", outcome: null, answer: "", replies: [], output: "", artifact: null, files: [], tools: [], spent: 0 };
  const ledgers = [publishing.preparedOn, spec.ledgerCommit ?? ""].filter(isSha);
  const result = { format: 2, job: toJobKey(job), run: publishing.run, ledgers, baseCommit: spec.baseCommit, ...none } as const;
  if (job.kind === "verify")
    return { result: { ...result, ...readVerdict(publishing.conclusion, spec, opened.ok ? opened.value : null) }, contents: [] };
  if (spec.unfitReason !== null) return { result: { ...result, end: "failed", reason: spec.unfitReason }, contents: [] };
  if (!opened.ok) {
    const why = `The agent's job ended as ${publishing.conclusion.job || "unknown"}. ${opened.refusal.message}`;
    return { result: { ...result, end: opened.refusal.code === "no-bundle" ? "crashed" : "refused", reason: why }, contents: [] };
  }
  return validateBundle(making, result, opened.value);
};

type Verdict = Pick<JobResult, "end" | "reason" | "output" | "failures">;

/** The verdict is GitHub's conclusion, never a file that tested code could write; the log and the names of failed tests are only attached. */
const readVerdict = ({ job, step }: JobConclusion, { verify }: JobSpec, bundle: OpenedBundle | null): Verdict => {
  const output = redactSecrets(bundle?.output ?? "").slice(-20_000);
  const failures = (bundle?.report.failures ?? []).filter(({ command }) => verify.includes(command)).map(cleanFailure);
  const attached = { output, ...(failures.length > 0 && { failures }) };
  if (job === "success" && step === "success") return { end: "success", reason: "", ...attached };
  if (job === "failure" && step === "failure") return { end: "failed", reason: "The candidate did not pass.", ...attached };
  return { end: "crashed", reason: `The verify job ended as ${job || "unknown"} without a verdict.`, output };
};

const cleanFailure = ({ tests, ...failure }: CheckFailure): CheckFailure =>
  tests === undefined ? failure : { ...failure, tests: tests.map((name) => takeFirstChars(cleanText(name), MAX_TEST_NAME_CHARS)) };

/** An interruption on GitHub is a person's cancel or the job's time limit, which counts as a fault like any other lost job. */
const selectAgentReport = ({ failure, usage }: OpenedBundle["report"], { job }: JobConclusion): Pick<JobResult, "failure" | "usage"> => ({
  ...(failure && !(failure.code === "interrupted" && job === "cancelled") && { failure }),
  ...(isUsageReported(usage) && { usage }),
});

/** The job's own check of its work, if the spec asks for one. Only the step's commands can have failed. */
const selectCheck = ({ check }: BundleReport, spec: JobSpec): Pick<JobResult, "check"> =>
  check === null || spec.check === undefined || !check.failed.every((command) => spec.verify.includes(command)) ? {} : { check };

const validateBundle = async (
  { spec, config, job, marked, publishing, keepsSession }: ResultInputs,
  result: Omit<JobResult, "end">,
  bundle: OpenedBundle,
): Promise<BuiltResult> => {
  const { report } = bundle;
  const reported = {
    reason: cleanText(report.why),
    outcome: report.outcome && { ...report.outcome, reason: redactSecrets(report.outcome.reason) },
    replies: report.replies.map((reply) => ({ ...reply, text: redactSecrets(reply.text) })),
    answer: cutAnswer(cleanEnds(bundle.answer)),
    output: cleanText(bundle.output).slice(-20_000),
    tools: filterRecordedCommands(spec, report.tools),
    ...selectAgentReport(report, publishing.conclusion),
    ...selectCheck(report, spec),
  };
  const ended = (end: JobEnd, artifact: string | null = null): BuiltResult => ({
    result: { ...result, ...reported, end, artifact },
    contents: [],
  });
  const refused = (why: string): BuiltResult => ({ result: { ...result, end: "refused", reason: why }, contents: [] });
  const hidden = findHiddenText(reported);
  if (hidden !== null) return refused(hidden);
  const forbidden = explainForbiddenEnd(report.end, toOutputTerms(spec), config.broken);
  if (forbidden !== null) return refused(forbidden);
  if (report.end === "artifact")
    return bundle.artifact === null
      ? refused("The job's bundle contains no report.")
      : ended("artifact", cutText(cleanEnds(bundle.artifact)));
  const rules = {
    ...config.policy,
    allowed: listAllowedPaths(spec),
    resolving: job.kind === "resolve",
    pathsWithMarkers: marked,
  };
  if (report.end !== "success" || job.kind === "plan")
    return keepInterrupted({ spec, bundle, rules, keepsSession }, ended(report.end, findKeptReport(spec, bundle)));
  // Checks count and names before reading any content.
  const named = checkBundle(
    report.files.map((file) => ({ ...file, text: null })),
    rules,
  );
  if (!named.ok) return refused(named.refusal.message);
  const carried = await readBundleContents(bundle);
  if (!carried) return refused("A changed file is missing from the job's bundle.");
  const checked = checkBundle(carried.map(toBundleFile), rules);
  if (!checked.ok) return refused(checked.refusal.message);
  return { result: { ...result, ...reported, end: "success", files: carried.map(toResultFile) }, contents: carried };
};

/** Keeps the report of a step that failed or asked a question. */
const findKeptReport = (spec: JobSpec, { report, artifact }: OpenedBundle): string | null =>
  artifact !== null && artifact !== "" && makesArtifact(spec) && (report.end === "failed" || report.end === "asked")
    ? cutText(cleanEnds(artifact))
    : null;

/** Resolutions are not restricted here; the coordinator restricts them to the conflicting files. */
const listAllowedPaths = ({ conflict, step }: JobSpec): readonly string[] => (conflict ? [] : (step?.paths ?? []));

/** Why the recorded texts are refused. The tools refuse hidden characters, so only a forged bundle has them. */
const findHiddenText = ({ tools, outcome, replies }: Pick<JobResult, "tools" | "outcome" | "replies">): string | null => {
  const reported = { kind: "report", status: "", reason: outcome?.reason, replies } as const;
  for (const command of [...tools, reported]) {
    const refusal = checkRecordedTexts(command);
    if (refusal) return `The job recorded '${command.kind}' with a text that people cannot see completely: ${refusal.message}`;
  }
  return null;
};

const MAX_KEPT_REPORTS = 100;

/** The recorded commands that the tool set permits, without credentials, in order; only the last plan and the last reports are kept. */
const filterRecordedCommands = ({ toolSet }: JobSpec, tools: BundleReport["tools"]): BundleReport["tools"] => {
  const own = tools.filter(({ kind }) => mayRecord(toolSet, kind));
  const last = (kind: "propose" | "report", most: number) => new Set(own.filter((each) => each.kind === kind).slice(-most));
  const [plans, reports] = [last("propose", 1), last("report", MAX_KEPT_REPORTS)];
  const kept = own.filter((each) => (each.kind !== "propose" && each.kind !== "report") || plans.has(each) || reports.has(each));
  // Redaction changes strings only, so the shape is unchanged.
  return JSON.parse(redactJson(kept)) as BundleReport["tools"];
};
