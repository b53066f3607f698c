import { mkdir, readFile } from "node:fs/promises";
import { GitError } from "../storage/git/run-git.ts";
import type { JobPhase } from "../core/telemetry/job-spans.ts";
import { matchesGlob } from "../core/policy/glob.ts";
import { type BundleEnd, EMPTY_BUNDLE, type NewBundle, writeBundle } from "./job-bundle.ts";
import { mayEdit } from "./job-environment.ts";
import { findAgentStart } from "./agent/resolve-agent.ts";
import { openStepSandbox } from "./sandbox/open-step-sandbox.ts";
import { evaluateAttempt } from "./evaluate-attempt.ts";
import { isCommandOnly, type JobSpec, toJobPaths, findComparedCommit, listPreparation } from "./job-spec.ts";
import type { StepHost } from "./step-host.ts";
import { isTextPath, type StepTexts, writeStepTexts } from "./step-texts.ts";
import { runWork } from "./run-work.ts";
import { listSecrets, type WorkResult } from "./work-result.ts";
import { type WorkspaceChange, listWorkspaceChanges } from "./job-workspace.ts";

/** Runs an agent or the step's own command in the workspace and writes a bundle. Needs no token and has none. */
export const runAgentJob = async (host: StepHost): Promise<{ end: BundleEnd; why: string }> => {
  const at = toJobPaths(host.temp);
  // Trusted without validation: prepare wrote this file before an agent or any code of the repository could run.
  const spec = JSON.parse(await readFile(at.spec, "utf8")) as JobSpec;
  const bundle = spec.unfitReason === null ? await produceBundle(host, spec) : createFailedBundle(spec.unfitReason);
  await writeBundle(at.bundle, bundle);
  return { end: bundle.end, why: bundle.why };
};

const createFailedBundle = (why: string): NewBundle => ({ ...EMPTY_BUNDLE, end: "failed", why });

const produceBundle = async (host: StepHost, spec: JobSpec): Promise<NewBundle> => {
  await mkdir(host.workspace, { recursive: true });
  const texts = await writeStepTexts(host, spec);
  const from = host.now();
  const worked = await runInSandbox(host, spec, texts);
  const phases = [...listPreparation(spec), toWorkPhase(spec, worked, { from, to: host.now() })];
  const found = await readWorkspaceChanges(host, spec);
  const left = mayEdit(spec) ? { changed: found, discarded: [] } : { changed: [], discarded: typeof found === "string" ? [] : found };
  return { ...(await evaluateAttempt({ spec, artifact: texts.report, worked, ...left, secrets: listSecrets(host, spec) })), phases };
};

const toWorkPhase = (spec: JobSpec, { end }: WorkResult, times: Pick<JobPhase, "from" | "to">): JobPhase => ({
  kind: isCommandOnly(spec) ? "command" : "agent",
  ...times,
  passed: end === "finished",
});

const runInSandbox = async (host: StepHost, spec: JobSpec, texts: StepTexts): Promise<WorkResult> => {
  const { command, args } = await findAgentStart(spec.agent, host.env["PATH"] ?? "");
  const sandbox = await openStepSandbox(host, [command, ...args]);
  try {
    await sandbox.give(texts.directory);
    return await runWork(host, spec, { texts, sandbox });
  } finally {
    await sandbox.close();
  }
};

const isConflictPath = ({ conflict }: JobSpec, path: string): boolean =>
  conflict?.conflicts.some((each) => each.path === path) === true || conflict?.alsoAllowed.some((glob) => matchesGlob(glob, path)) === true;

/** Whether a changed file is part of the result: not Enki's own texts, and of a regenerate command only the files of the conflict. */
const isCarriedPath = (spec: JobSpec, path: string): boolean =>
  !isTextPath(spec, path) && (!isCommandOnly(spec) || !spec.conflict || isConflictPath(spec, path));

/** The workspace's changes, or git's error if it cannot read them, for example because of a nested repository without a commit. */
const readWorkspaceChanges = async ({ workspace, temp, after }: StepHost, spec: JobSpec): Promise<WorkspaceChange[] | string> => {
  try {
    return await listWorkspaceChanges({ directory: workspace, after }, toJobPaths(temp).clone, {
      workspace,
      base: findComparedCommit(spec),
      isWanted: (path) => isCarriedPath(spec, path),
    });
  } catch (error) {
    if (error instanceof GitError) return error.message;
    throw error;
  }
};
