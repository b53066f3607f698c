import { existsSync, lstatSync } from "node:fs";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ledger } from "../core/domain/ledger.ts";
import { readTaskId } from "../core/domain/ids.ts";
import { type Job, readJobKey } from "../core/domain/job.ts";

/** The folder for the transcripts of a person's runs; git ignores the folder. */
const toRunsFolder = (repository: string): string => join(repository, ".enki", "runs");

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

const MAX_TRANSCRIPT_BYTES = 50_000_000;

/** `fix-2.md`: the second attempt of the step `fix`; `plan-1.md`, `fix-resolve-1.md`. */
const toTranscriptName = ({ kind, target, attempt }: Job): string | null => {
  if (kind === "plan") return `plan-${attempt}.md`;
  const step = readTaskId(target)?.step;
  if (step === undefined || kind === "verify") return null;
  return `${step}-${kind === "resolve" ? "resolve-" : ""}${attempt}.md`;
};

const readTranscript = async (path: string): Promise<string | null> => {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true && found.size <= MAX_TRANSCRIPT_BYTES ? readFile(path, "utf8") : null;
};

type KeptRun = { readonly repository: string; readonly artifacts: string; readonly ledger: Ledger; readonly execution: string };

/** Copies the readable transcripts of a run's finished jobs into the person's repository, each once. */
export const keepTranscripts = async ({ repository, artifacts, ledger, execution }: KeptRun): Promise<void> => {
  // A bare repository has no folder of Enki.
  if (!existsSync(join(repository, ".git"))) return;
  const folder = join(toRunsFolder(repository), execution);
  const ignored = join(toRunsFolder(repository), ".gitignore");
  // Other people may have written the repository, and a link leads anywhere.
  if ([join(repository, ".enki"), toRunsFolder(repository), folder, ignored].some((path) => isLink(path))) return;
  for (const [key, { number }] of Object.entries(ledger.effectRecords)) {
    const job = key.startsWith("start-job:") ? readJobKey(key.slice("start-job:".length)) : null;
    const name = job && toTranscriptName(job);
    if (name === null || number === null || existsSync(join(folder, name))) continue;
    const text = await readTranscript(join(artifacts, String(number), "enki-bundle", "transcript.md"));
    if (text === null) continue;
    await mkdir(folder, { recursive: true });
    await writeFile(ignored, "*\n");
    // Renamed: a transcript is complete or absent.
    const draft = join(folder, `.${name}.${process.pid}`);
    await writeFile(draft, text, { flag: "wx" });
    await rename(draft, join(folder, name));
  }
};

const readAttemptNumber = (name: string): number => Number(/-(\d+)\.md$/.exec(name)?.[1] ?? 0);

type TranscriptChoice = { readonly step: string | null; readonly attempt: number | null };

/** A kept transcript: of the step's last attempt or the planner's, in the newest run with a transcript. Otherwise null. */
export const findKeptTranscript = async (repository: string, { step, attempt }: TranscriptChoice): Promise<string | null> => {
  const root = toRunsFolder(repository);
  const [, execution = null, name = step] = /^([0-9a-f]{6})-(.+)$/.exec(step ?? "") ?? [];
  const runs = execution === null ? await listNewest(root) : [execution];
  for (const run of runs) {
    const names = (await readdir(join(root, run)).catch(() => []))
      .filter((file) => file.replace(/-\d+\.md$/, "") === (name ?? "plan"))
      .toSorted((a, b) => readAttemptNumber(b) - readAttemptNumber(a));
    const chosen = attempt === null ? names[0] : names.find((file) => readAttemptNumber(file) === attempt);
    if (chosen !== undefined) return readFile(join(root, run, chosen), "utf8");
  }
  return null;
};

const STDERR_PATTERN = /\n## stderr\n\n(`{3,})\n([^]*?)\n\1(?:\n|$)/g;
const MAX_STDERR_LINES = 10;

/** The last lines that the agent of a step, or of `plan`, wrote to stderr in its last attempt; empty without any. */
export const readStderrEnd = async (repository: string, { execution, step }: { execution: string; step: string }): Promise<string> => {
  const transcript = await findKeptTranscript(repository, { step: `${execution}-${step}`, attempt: null });
  const [, , stderr = ""] = [...(transcript ?? "").matchAll(STDERR_PATTERN)].at(-1) ?? [];
  return stderr.trimEnd().split("\n").slice(-MAX_STDERR_LINES).join("\n");
};

const listNewest = async (root: string): Promise<string[]> => {
  const names = (await readdir(root).catch(() => [])).filter((name) => /^[0-9a-f]{6}$/.test(name));
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(root, name))).mtimeMs })));
  return dated.toSorted((a, b) => b.at - a.at).map(({ name }) => name);
};
