import { BAD_BUNDLE_REFUSAL, NO_BUNDLE_REFUSAL } from "../core/messages/refusals/jobs.ts";
import { lstat, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  checkFailuresSchema,
  failureSchema,
  outcomeSchema,
  recordedCommandSchema,
  repliesSchema,
  usageSchema,
  workCheckSchema,
} from "../storage/ledger/read-job-result.ts";
import { type KeptSession, parseKeptSession } from "./agent/kept-session.ts";
import { type AgentTranscript, NO_TRANSCRIPT } from "./agent-transcript.ts";
import { NO_USAGE } from "../core/domain/agent-usage.ts";
import type { RecordedCommand } from "../core/domain/command.ts";
import { JOB_PHASE_KINDS, MAX_JOB_PHASES } from "../core/telemetry/job-spans.ts";
import { MAX_THREAD_REPLIES } from "../core/domain/outcome.ts";
import { accept, type Result } from "../core/domain/refusal.ts";
import { readPlainFile } from "./read-plain-file.ts";

const REPORT_FILE = "report.json";
const OUTPUT_FILE = "output.md";
const ANSWER_FILE = "answer.md";
const ARTIFACT_FILE = "artifact.md";
const TRANSCRIPT_FILE = "transcript.jsonl";
const SESSION_FILE = "session.json";
const READABLE_TRANSCRIPT_FILE = "transcript.md";
const CONTENTS_DIRECTORY = "files";
const MAX_BUNDLE_FILE_BYTES = {
  [REPORT_FILE]: 20_000_000,
  [OUTPUT_FILE]: 1_000_000,
  [ANSWER_FILE]: 1_000_000,
  [ARTIFACT_FILE]: 10_000_000,
  [READABLE_TRANSCRIPT_FILE]: 50_000_000,
  [SESSION_FILE]: 20_000_000,
};
/** No file contents are written beyond these limits; no configuration allows more. In files and bytes. */
export const CARRY_LIMITS = { files: 10_000, bytes: 100_000_000 };
/** Further files are not listed; the total already exceeds every limit. */
const MAX_REPORTED_FILES = 20_000;
const MAX_BUNDLE_REASON_CHARS = 10_000;

const MAX_RECORDED_COMMANDS = 1_000;
const MAX_EXIT_CODE = 255;

/**
 * How a job without rights hands over its work: `report.json`, texts, and each changed path's new content under `files/<index in the
 * report>`. Repository paths are data in the report, never paths of the bundle.
 */
const bundleReportSchema = z.strictObject({
  format: z.literal(1),
  end: z.enum(["success", "artifact", "unchanged", "failed", "asked", "timed-out", "crashed"]),
  why: z.string().max(MAX_BUNDLE_REASON_CHARS),
  outcome: outcomeSchema.nullable(),
  replies: repliesSchema,
  failure: failureSchema.nullable(),
  usage: usageSchema,
  files: z
    .array(
      z.strictObject({
        path: z.string(),
        kind: z.enum(["file", "link", "other", "deleted"]),
        executable: z.boolean(),
        size: z.int().nonnegative(),
      }),
    )
    .max(MAX_REPORTED_FILES),
  tools: z.array(recordedCommandSchema).max(MAX_RECORDED_COMMANDS),
  failures: checkFailuresSchema.default([]),
  check: workCheckSchema.nullable().default(null),
  phases: z
    .array(
      z.strictObject({
        kind: z.enum(JOB_PHASE_KINDS),
        from: z.int().nonnegative(),
        to: z.int().nonnegative(),
        passed: z.boolean(),
        exitCode: z.int().min(0).max(MAX_EXIT_CODE).nullish(),
      }),
    )
    .max(MAX_JOB_PHASES)
    .default([]),
});

export type BundleReport = Omit<z.output<typeof bundleReportSchema>, "tools"> & { readonly tools: readonly RecordedCommand[] };
export type BundleEnd = BundleReport["end"];

export type NewBundle = Pick<BundleReport, "end" | "why" | "outcome" | "replies" | "tools" | "failure" | "usage"> & {
  readonly failures?: BundleReport["failures"];
  readonly check?: BundleReport["check"];
  readonly phases?: BundleReport["phases"];
  readonly files: readonly (BundleReport["files"][number] & { readonly content: Buffer | null })[];
  readonly answer: string;
  readonly output: string;
  readonly artifact: string | null;
  readonly transcript: AgentTranscript;
  /** The session of an interrupted attempt; absent without one. */
  readonly session?: KeptSession | null;
};

export const EMPTY_BUNDLE: Omit<NewBundle, "end"> = {
  why: "",
  outcome: null,
  replies: [],
  failure: null,
  usage: NO_USAGE,
  tools: [],
  files: [],
  answer: "",
  output: "",
  artifact: null,
  transcript: NO_TRANSCRIPT,
};

/** Writes a bundle, replacing whatever is in the directory. */
export const writeBundle = async (directory: string, bundle: NewBundle): Promise<void> => {
  // An agent could have left links or pipes here.
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, CONTENTS_DIRECTORY), { recursive: true });
  const {
    end,
    why,
    outcome,
    replies,
    failure,
    usage,
    tools,
    failures = [],
    check = null,
    phases = [],
    answer,
    output,
    artifact,
    transcript,
  } = bundle;
  const files = bundle.files.slice(0, MAX_REPORTED_FILES).map(({ path, kind, executable, size }) => ({ path, kind, executable, size }));
  const report: BundleReport = {
    format: 1,
    end,
    why: why.slice(0, MAX_BUNDLE_REASON_CHARS),
    outcome,
    replies: replies.slice(-MAX_THREAD_REPLIES),
    failure,
    usage,
    files,
    tools: tools.slice(-MAX_RECORDED_COMMANDS),
    failures,
    check,
    phases: phases.slice(-MAX_JOB_PHASES),
  };
  await writeFile(join(directory, REPORT_FILE), JSON.stringify(report));
  await writeFile(join(directory, ANSWER_FILE), answer);
  await writeFile(join(directory, OUTPUT_FILE), output);
  if (artifact !== null) await writeFile(join(directory, ARTIFACT_FILE), artifact);
  if (transcript.lines.length > 0) await writeFile(join(directory, TRANSCRIPT_FILE), `${transcript.lines.join("\n")}\n`);
  if (transcript.readable !== "") await writeFile(join(directory, READABLE_TRANSCRIPT_FILE), transcript.readable);
  if (bundle.session) await writeFile(join(directory, SESSION_FILE), JSON.stringify(bundle.session));
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length > CARRY_LIMITS.files || bytes > CARRY_LIMITS.bytes) return;
  for (const [index, { content }] of bundle.files.entries())
    if (content) await writeFile(join(directory, CONTENTS_DIRECTORY, String(index)), content);
};

export type OpenedBundle = {
  readonly report: BundleReport;
  readonly answer: string;
  readonly output: string;
  readonly artifact: string | null;
  /** The readable transcript; empty without one. */
  readonly transcript: string;
  /** The session of an interrupted attempt; null without one. */
  readonly session: KeptSession | null;
  /** The new content of the report's file at this index; null if it is missing or its size differs from the report. */
  readonly content: (index: number) => Promise<Buffer | null>;
};

/** Reads a bundle as untrusted data. Refusals: `no-bundle`, `bad-bundle`. */
export const openBundle = async (directory: string): Promise<Result<OpenedBundle>> => {
  const there = await lstat(join(directory, REPORT_FILE)).catch(() => null);
  if (!there) return NO_BUNDLE_REFUSAL;
  const text = await readPlainFile(join(directory, REPORT_FILE), MAX_BUNDLE_FILE_BYTES[REPORT_FILE]);
  const report = text && parseBundleReport(text.toString("utf8"));
  if (!report) return BAD_BUNDLE_REFUSAL;
  const [answer, output, artifact, transcript, session] = await readTexts(directory);
  // A link in place of the directory would lead out of the bundle.
  const contents = await lstat(join(directory, CONTENTS_DIRECTORY)).catch(() => null);
  return accept({
    report,
    answer: answer ?? "",
    output: output ?? "",
    artifact,
    transcript: transcript ?? "",
    session: parseKeptSession(session ?? ""),
    content: async (index) => {
      const size = report.files[index]?.size ?? 0;
      const bytes = contents?.isDirectory() ? await readPlainFile(join(directory, CONTENTS_DIRECTORY, String(index)), size) : null;
      return bytes?.length === size ? bytes : null;
    },
  });
};

const readText = async (directory: string, name: keyof typeof MAX_BUNDLE_FILE_BYTES): Promise<string | null> =>
  (await readPlainFile(join(directory, name), MAX_BUNDLE_FILE_BYTES[name]))?.toString("utf8") ?? null;

const readTexts = (directory: string) =>
  Promise.all([
    readText(directory, ANSWER_FILE),
    readText(directory, OUTPUT_FILE),
    readText(directory, ARTIFACT_FILE),
    readText(directory, READABLE_TRANSCRIPT_FILE),
    readText(directory, SESSION_FILE),
  ]);

const parseBundleReport = (text: string): BundleReport | null => {
  try {
    const read = bundleReportSchema.safeParse(JSON.parse(text));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
};
