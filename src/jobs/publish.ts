import { join } from "node:path";
import type { NewFiles } from "../git/objects.ts";
import { type Job, type JobEnd, jobKey, type JobResult } from "../model/job.ts";
import type { Config } from "../model/config.ts";
import { resultRef } from "../model/refs.ts";
import type { Clone } from "../git/clone.ts";
import { mayRecord } from "../model/rights.ts";
import { type BundleFile, checkBundle, hasMarker } from "../policy/bundle.ts";
import { redact, redactJson } from "../policy/secrets.ts";
import { type BundleReport, openBundle, type OpenedBundle } from "./bundle.ts";
import { claimJob } from "./claim.ts";
import { cutAnswer, cutText } from "./cut-text.ts";
import { makesArtifact, mayEdit } from "./environment.ts";
import { type JobHost, readRepository } from "./job-host.ts";
import type { JobSpec } from "./spec.ts";

/** GitHub's own conclusion of the job before this one, and of its deciding step; empty where it never came that far. */
type Conclusion = { readonly job: string; readonly step: string };

export type Publishing = {
  readonly token: string;
  /** Where the bundle was downloaded to, if there is one. */
  readonly bundle: string;
  readonly run: number;
  readonly before: Conclusion;
  readonly now: () => number;
  /** Tells the coordinator that a result is there. */
  readonly wake: () => Promise<void>;
};

export type Published = "published" | "not-running" | "was-there";

/**
 * The last job of a run: judges what a job without rights left, and creates the result's ref, once. It runs no agent and nothing of the repository.
 * Ends without a result when the ledger does not say that this attempt runs. Throws when the result could not be published.
 */
export const publishJob = async (host: JobHost, publishing: Publishing): Promise<Published> => {
  const { clone, ledger, refs, config } = await readRepository(host, publishing.token, join(host.temp, "enki-publish.git"));
  const ref = resultRef(jobKey(host.job));
  const claimed = claimJob({ ledger, refs, config, job: host.job });
  if (!claimed.ok) return "not-running";
  if (refs[ref] !== undefined) return "was-there";
  const marked = await markedBefore(clone, claimed.value);
  const made = await makeResult({ job: host.job, spec: claimed.value, config, publishing, marked });
  const tree = await clone.writeFiles(null, treeOf(made));
  const commit = await clone.writeCommit({ tree, parents: [], message: `${jobKey(host.job)}: ${made.result.end}`, at: publishing.now() });
  const published = await create(clone, ref, commit);
  await publishing.wake();
  return published;
};

/** Conflicting files of which one side shows conflict markers, or a heading that looks like one: whether more are left is seen by the coordinator, which has both sides. */
const markedBefore = async (clone: Clone, { base, conflict }: JobSpec): Promise<string[]> => {
  if (!conflict) return [];
  const paths = new Set(conflict.conflicts.map(({ path }) => path));
  const sides = await Promise.all([base, conflict.head].map((side) => clone.readFiles(side, (path) => paths.has(path))));
  return sides.flatMap((side) => [...side].flatMap(([path, content]) => (hasMarker(content.toString("utf8")) ? [path] : [])));
};

type Making = {
  readonly job: Job;
  readonly spec: JobSpec;
  readonly config: Config;
  readonly publishing: Publishing;
  readonly marked: readonly string[];
};
type Made = { readonly result: JobResult; readonly contents: readonly Carried[] };

const makeResult = async (making: Making): Promise<Made> => {
  const { job, spec, publishing } = making;
  const none = { why: "", outcome: null, answer: "", replies: [], output: "", artifact: null, files: [], tools: [], spent: 0 };
  const result = { format: 1, job: jobKey(job), run: publishing.run, base: spec.base, ...none } as const;
  const opened = await openBundle(publishing.bundle);
  if (job.kind === "verify")
    return { result: { ...result, ...verdict(publishing.before, opened.ok ? opened.value.output : "") }, contents: [] };
  if (spec.unfit !== null) return { result: { ...result, end: "failed", why: spec.unfit }, contents: [] };
  if (!opened.ok) {
    const why = `The agent's job ended as ${publishing.before.job || "unknown"}. ${opened.refusal.why}`;
    return { result: { ...result, end: opened.refusal.code === "no-bundle" ? "crashed" : "refused", why }, contents: [] };
  }
  return judge(making, result, opened.value);
};

/** A verdict is GitHub's own conclusion, never a file that tested code could write: its words go along as words. */
const verdict = ({ job, step }: Conclusion, log: string): { end: JobEnd; why: string; output: string } => {
  const output = redact(log).slice(-20_000);
  if (job === "success" && step === "success") return { end: "success", why: "", output };
  if (job === "failure" && step === "failure") return { end: "failed", why: "The candidate did not pass.", output };
  return { end: "crashed", why: `The verify job ended as ${job || "unknown"} without a verdict.`, output };
};

const judge = async ({ spec, config, job, marked }: Making, result: Omit<JobResult, "end">, bundle: OpenedBundle): Promise<Made> => {
  const { report } = bundle;
  const words = {
    why: redact(report.why),
    outcome: report.outcome && { ...report.outcome, reason: redact(report.outcome.reason) },
    replies: report.replies.map((reply) => ({ ...reply, text: redact(reply.text) })),
    answer: cutAnswer(redact(bundle.answer)),
    output: redact(bundle.output).slice(-20_000),
    tools: toolsOf(spec, report.tools),
  };
  const ended = (end: JobEnd, artifact: string | null = null): Made => ({ result: { ...result, ...words, end, artifact }, contents: [] });
  const refused = (why: string): Made => ({ result: { ...result, end: "refused", why }, contents: [] });
  if (report.end === "artifact") {
    if (!makesArtifact(spec)) return refused("The job left a report where files were asked for.");
    return bundle.artifact === null
      ? refused("The report is missing from what the job left.")
      : ended("artifact", cutText(redact(bundle.artifact)));
  }
  if (report.end !== "success" || job.kind === "plan") return ended(report.end, reportOf(spec, bundle));
  const closed = whyNoFiles(spec, config);
  if (closed !== null) return refused(closed);
  const { maxFiles, maxBytes, protected: kept } = config.policy;
  const rules = { protected: kept, allowed: allowedBy(spec), maxFiles, maxBytes, resolving: job.kind === "resolve", marked };
  // Counted and named before any content is read.
  const named = checkBundle(
    report.files.map((file) => ({ ...file, text: null })),
    rules,
  );
  if (!named.ok) return refused(named.refusal.why);
  const carried = await readContents(bundle);
  if (!carried) return refused("A changed file is missing from what the job left.");
  const checked = checkBundle(carried.map(toBundleFile), rules);
  if (!checked.ok) return refused(checked.refusal.why);
  return { result: { ...result, ...words, end: "success", files: carried.map(toEntry) }, contents: carried };
};

/** The report that a step left although it failed or asked a question. */
const reportOf = (spec: JobSpec, { report, artifact }: OpenedBundle): string | null =>
  artifact !== null && artifact !== "" && makesArtifact(spec) && (report.end === "failed" || report.end === "asked")
    ? cutText(redact(artifact))
    : null;

/** Of a resolution the coordinator knows what it may change: what conflicts. */
const allowedBy = ({ conflict, step }: JobSpec): readonly string[] => (conflict ? [] : (step?.paths ?? []));

const whyNoFiles = (spec: JobSpec, { broken }: Config): string | null => {
  if (!mayEdit(spec)) return "This step may not change files.";
  return broken === null ? null : `The configuration cannot be used: ${broken}.`;
};

const MAX_REPORTS = 100;

/** Of what a job's tools recorded, what its tool set can record, without credentials: the last plan, the last reports, all else in order. */
const toolsOf = ({ toolSet }: JobSpec, tools: BundleReport["tools"]): BundleReport["tools"] => {
  const own = tools.filter(({ kind }) => mayRecord(toolSet, kind));
  const last = (kind: "propose" | "report", most: number) => new Set(own.filter((each) => each.kind === kind).slice(-most));
  const [plans, reports] = [last("propose", 1), last("report", MAX_REPORTS)];
  const kept = own.filter((each) => (each.kind !== "propose" && each.kind !== "report") || plans.has(each) || reports.has(each));
  // The form stays what it was: only texts are changed.
  return JSON.parse(redactJson(kept)) as BundleReport["tools"];
};

type Carried = OpenedBundle["report"]["files"][number] & { readonly content: Buffer | null };

/** All files of a bundle with their content; null when one is missing. */
const readContents = async ({ report, content }: OpenedBundle): Promise<Carried[] | null> => {
  const carried: Carried[] = [];
  for (const [index, file] of report.files.entries()) {
    const bytes = file.kind === "deleted" ? null : await content(index);
    if (file.kind !== "deleted" && !bytes) return null;
    carried.push({ ...file, content: bytes });
  }
  return carried;
};

const toBundleFile = ({ content, ...file }: Carried): BundleFile => ({ ...file, text: content?.toString("utf8") ?? null });
const modeOf = ({ executable }: Carried): "100644" | "100755" => (executable ? "100755" : "100644");
const toEntry = (file: Carried): JobResult["files"][number] => ({ path: file.path, mode: file.kind === "deleted" ? null : modeOf(file) });

const treeOf = ({ result, contents }: Made): NewFiles => {
  const files = new Map<string, { content: string | Buffer; mode: "100644" | "100755" }>();
  const put = (path: string, content: string): void => void files.set(path, { content, mode: "100644" });
  put("result.json", `${JSON.stringify(result, null, 1)}\n`);
  put("output.md", result.output);
  if (result.artifact !== null) put("artifact.md", result.artifact);
  for (const file of contents) if (file.content) files.set(`files/${file.path}`, { content: file.content, mode: modeOf(file) });
  return files;
};

const TRIES = 3;

/** Creates a ref under an empty lease; a push whose end is unclear is repeated, because the lease lets it happen once only. */
const create = async (clone: Clone, ref: string, commit: string): Promise<Published> => {
  for (let attempt = 1; ; attempt += 1) {
    const end = await clone.push([{ ref, from: null, to: commit }]);
    if (end.kind === "pushed") return "published";
    if (end.kind === "stale") return "was-there";
    if (end.kind === "not-allowed" || attempt === TRIES) throw new Error(`the result could not be published: ${end.text}`);
  }
};
