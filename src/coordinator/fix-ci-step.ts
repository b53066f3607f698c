import { z } from "zod";
import { composeFailedLogs, type FailedLog } from "../core/brief/failed-log.ts";
import { composeRequestCommand } from "../core/events/read-request.ts";
import { hashValue } from "../core/domain/ids.ts";
import { MAX_DETAIL_CHARS, renderRequestIssue } from "../core/messages/ci-request.ts";
import { isEnkiComment, readMarker, writeMarker } from "../core/messages/comment-marker.ts";
import { explainNoFailure } from "../core/policy/explain-no-failure.ts";
import type { CiJob, CiRun } from "../github/ci-port.ts";
import { postRequest, toRepositoryUrl } from "./post-request.ts";
import { NO_WORK, openRequestIssue } from "./request-step.ts";
import { type CoordinateStepHost, openStepAccess, readStepEvent, requireValue, type StepAccess } from "./step-access.ts";
import { requireVariable } from "../core/domain/require-variable.ts";

const MAX_FAILED_JOBS = 3;
const FAILED_CONCLUSIONS: ReadonlySet<string | null> = new Set(["failure", "timed_out"]);

/** Asks Enki to fix a run of CI that failed on the default branch. While the issue of an earlier failure is open, nothing more is asked. */
export const runFixCiStep = async (host: CoordinateStepHost): Promise<string | null> => {
  const access = await openStepAccess(host);
  const { id: failedRun, isOwn } = await findFailedRun(host);
  const run = requireValue("the run was not read", await access.ci.run(failedRun));
  const branch = host.readInput("default-branch") || requireValue("the default branch is unknown", await access.github.defaultBranch());
  const none = explainNoFailure(run, branch);
  if (none !== null) return endWithout(host, { status: "ignored", why: none });
  if (!isOwn && run.state !== "done") return endWithout(host, { status: "ignored", why: "somebody runs it again" });
  const id = hashValue(run.file).slice(0, 16);
  const open = requireValue("the open issues were not read", await access.ci.issues({ by: access.self, state: "open" }));
  const earlier = open.find(({ body }) => isSameCi(body, id));
  if (earlier && (await isAnswered(access, earlier.issue))) {
    host.setOutput("url", `${toRepositoryUrl(host)}/issues/${earlier.issue}`);
    return endWithout(host, { status: "open", why: `issue #${earlier.issue} is open for an earlier failure; close it to ask again` });
  }
  const failed = requireValue("the run's jobs were not read", await access.ci.jobs(run.id)).filter(hasFailed);
  const request = composeRequest(run, { branch, failed });
  const workflow = host.readInput("workflow");
  const command = composeRequestCommand({ workflow, request, budget: host.readInput("budget") });
  if (command === null) return NO_WORK;
  const details = composeFailedLogs(await readLogs(access, failed), MAX_DETAIL_CHARS);
  const body = renderRequestIssue({ request, details, run: `${toRepositoryUrl(host)}/actions/runs/${run.id}` });
  const title = `${run.workflow} fails on ${branch}`;
  const issue = earlier?.issue ?? (await openRequestIssue(access, { title, body: `${writeMarker({ kind: "ci", id })}\n${body}` }));
  return postRequest(host, access, { issue, command, details: "" });
};

const runEventSchema = z.object({ workflow_run: z.object({ id: z.int().positive() }) });

/**
 * Whether Enki has answered on the issue: otherwise an earlier job ended between its issue and its request. With an App,
 * the answer is by another account than the job's, which also comments for other workflows.
 */
const isAnswered = async ({ github }: StepAccess, issue: number): Promise<boolean> =>
  requireValue("the issue's comments were not read", await github.issues.commentsOn(issue)).some(isEnkiComment);

/** The run that triggered the current run; otherwise the current run itself, after the failure of an earlier job. */
const findFailedRun = async (host: CoordinateStepHost): Promise<{ readonly id: number; readonly isOwn: boolean }> => {
  const { name, payload } = await readStepEvent(host);
  const followed = name === "workflow_run" ? runEventSchema.safeParse(payload) : null;
  return followed?.success
    ? { id: followed.data.workflow_run.id, isOwn: false }
    : { id: Number(requireVariable(host, "GITHUB_RUN_ID")), isOwn: true };
};

const endWithout = (host: CoordinateStepHost, { status, why }: { readonly status: string; readonly why: string }): null => {
  host.setOutput("status", status);
  host.logInfo(`sent no request: ${why}`);
  return null;
};

const isSameCi = (body: string, id: string): boolean => {
  const marker = readMarker(body);
  return marker?.kind === "ci" && marker.id === id;
};

const hasFailed = ({ conclusion }: CiJob): boolean => FAILED_CONCLUSIONS.has(conclusion);

type FailedPlace = { readonly branch: string; readonly failed: readonly CiJob[] };

const composeRequest = (run: CiRun, { branch, failed }: FailedPlace): string => {
  const jobs = failed.slice(0, MAX_FAILED_JOBS).map(({ name }) => name);
  const where = jobs.length === 0 ? "" : `, in ${failed.length === 1 ? "the job" : `${failed.length} jobs, such as`} ${jobs.join(", ")}`;
  return `Make the workflow ${run.workflow} pass again on ${branch}: it failed at ${run.commit}${where}.`;
};

const readLogs = async ({ ci }: StepAccess, failed: readonly CiJob[]): Promise<FailedLog[]> => {
  const logs: FailedLog[] = [];
  for (const { id, name } of failed.slice(0, MAX_FAILED_JOBS)) {
    const log = await ci.log(id);
    logs.push({ job: name, log: log.ok ? log.value : null });
  }
  return logs;
};
