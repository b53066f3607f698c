import { z } from "zod";
import { type ApiCall, createdReply, type RouteHandler, okReply, type ApiRoute } from "./api-call.ts";
import { emitEvent } from "./emit-event.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { type ApiJson, repositoryUrl } from "./api-urls.ts";
import { checkRunShape, restCommitShape, simpleStatusShape, statusCommitShape, statusShape, checkRunEventShape } from "./commit-shapes.ts";
import type { CommitFacts } from "./read-commit-object.ts";
import { minimalRepositoryShape } from "./repository-shape.ts";
import { ensureAccount, takeNextId } from "./forge-state.ts";
import { type CheckRun, type CommitStatus } from "./forge-run.ts";
import { repositoryFullName } from "./forge-repository.ts";

const MAX_STATUS_DESCRIPTION_CHARS = 140;
const newStatusSchema = z.object({
  state: z.enum(["error", "failure", "pending", "success"]),
  context: z.string().default("default"),
  description: z
    .string()
    .max(MAX_STATUS_DESCRIPTION_CHARS, `description is too long (maximum is ${MAX_STATUS_DESCRIPTION_CHARS} characters)`)
    .nullish(),
  target_url: z.string().nullish(),
});
const checkConclusionSchema = z.enum(["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"]);
const checkStatusSchema = z.enum(["queued", "in_progress", "completed"]);
const checkOutputSchema = z.record(z.string(), z.unknown());
const newCheckSchema = z.object({
  name: z.string(),
  head_sha: z.string(),
  status: checkStatusSchema.optional(),
  conclusion: checkConclusionSchema.optional(),
  output: checkOutputSchema.optional(),
});
const changedCheckSchema = z.object({
  status: checkStatusSchema.optional(),
  conclusion: checkConclusionSchema.optional(),
  output: checkOutputSchema.optional(),
});

const resolveCommitSha = async (call: ApiCall, name: string): Promise<string> => {
  const commit = await call.repository.bare.resolveCommit(name);
  if (commit === null) throw new ApiRefusal(422, `No commit found for SHA: ${name}`);
  return commit;
};

const describeCommit = async (call: ApiCall, name: string): Promise<CommitFacts> => {
  const facts = await call.repository.bare.describeCommit(await resolveCommitSha(call, name));
  if (!facts) throw new ApiRefusal(422, `No commit found for SHA: ${name}`);
  return facts;
};

const createCommitStatus: RouteHandler = async (call) => {
  const { forge, repository } = call;
  const facts = await describeCommit(call, call.param("sha"));
  const { sha } = facts;
  const input = await call.input(newStatusSchema);
  const one: CommitStatus = {
    id: takeNextId(forge),
    state: input.state,
    context: input.context,
    description: input.description ?? null,
    url: input.target_url ?? null,
    by: call.actor().account,
    at: forge.now(),
  };
  repository.statuses.set(sha, [one, ...(repository.statuses.get(sha) ?? [])]);
  const { node_id: _node, url: _url, ...statusFields } = simpleStatusShape(forge, repository, { sha, status: one });
  const payload = {
    ...statusFields,
    sha,
    name: repositoryFullName(repository),
    branches: [],
    commit: statusCommitShape(forge, repository, facts),
  };
  emitEvent(forge, repository, { event: "status", payload, actor: call.actor() });
  return createdReply(statusShape(forge, repository, { sha, status: one }));
};

const findCommitStatuses = async (call: ApiCall): Promise<{ sha: string; all: readonly CommitStatus[] }> => {
  const sha = await resolveCommitSha(call, call.param("ref"));
  return { sha, all: call.repository.statuses.get(sha) ?? [] };
};

const listCommitStatuses: RouteHandler = async (call) => {
  const { sha, all } = await findCommitStatuses(call);
  return call.page(all.map((status) => statusShape(call.forge, call.repository, { sha, status })));
};

const getCombinedStatus: RouteHandler = async (call) => {
  const { sha, all } = await findCommitStatuses(call);
  const newest = [...new Map([...all].reverse().map((one) => [one.context, one])).values()];
  const has = (...states: string[]): boolean => newest.some(({ state }) => states.includes(state));
  const state = has("error", "failure") ? "failure" : newest.length === 0 || has("pending") ? "pending" : "success";
  const { forge, repository } = call;
  const url = `${repositoryUrl(forge, repository)}/commits/${sha}`;
  const more = {
    state,
    sha,
    total_count: newest.length,
    repository: minimalRepositoryShape(forge, repository),
    commit_url: url,
    url: `${url}/status`,
  };
  return call.page(
    newest.map((status) => simpleStatusShape(forge, repository, { sha, status })),
    (items) => ({ ...more, statuses: items }),
  );
};

const reportCheckEvent = (call: ApiCall, check: CheckRun, action: string): ApiJson => {
  const payload = { action, check_run: checkRunEventShape(call.forge, call.repository, check) };
  emitEvent(call.forge, call.repository, { event: "check_run", payload, actor: call.actor() });
  return checkRunShape(call.forge, call.repository, check);
};

const createCheckRun: RouteHandler = async (call) => {
  const actor = call.actor();
  if (actor.kind === "user") throw new ApiRefusal(403, "You must authenticate via a GitHub App.");
  const input = await call.input(newCheckSchema);
  const sha = await resolveCommitSha(call, input.head_sha);
  const isCompleted = input.conclusion !== undefined;
  const now = call.forge.now();
  const check: CheckRun = {
    id: takeNextId(call.forge),
    sha,
    name: input.name,
    status: isCompleted ? "completed" : (input.status ?? "queued"),
    conclusion: input.conclusion ?? null,
    output: input.output ?? {},
    by: actor.account,
    started: now,
    completed: isCompleted ? now : null,
  };
  call.repository.checks.push(check);
  return createdReply(reportCheckEvent(call, check, isCompleted ? "completed" : "created"));
};

const updateCheckRun: RouteHandler = async (call) => {
  const check = call.repository.checks.find(({ id }) => String(id) === call.param("id"));
  if (!check) throw notFoundRefusal();
  const input = await call.input(changedCheckSchema);
  if (input.output !== undefined) check.output = input.output;
  if (input.status) check.status = input.status;
  if (input.conclusion) {
    check.status = "completed";
    check.conclusion = input.conclusion;
    check.completed = call.forge.now();
    return okReply(reportCheckEvent(call, check, "completed"));
  }
  return okReply(checkRunShape(call.forge, call.repository, check));
};

/** Actions jobs also count as check runs of their commit. */
const actionsCheckRuns = (call: ApiCall, sha: string): CheckRun[] =>
  [...call.repository.runs.values()]
    .filter((run) => run.sha === sha)
    .flatMap((run) =>
      [...run.jobs.values()].map(({ id, report, started, completed }) => ({
        id,
        sha,
        name: report.name,
        status: report.status,
        conclusion: report.conclusion,
        output: {},
        by: ensureAccount(call.forge, "github-actions[bot]"),
        started: started ?? run.created,
        completed,
      })),
    );

const listCheckRuns: RouteHandler = async (call) => {
  const sha = await resolveCommitSha(call, call.param("ref"));
  const name = call.query("check_name");
  const found = [...call.repository.checks.filter((check) => check.sha === sha), ...actionsCheckRuns(call, sha)]
    .filter((check) => name === undefined || check.name === name)
    .sort((a, b) => b.id - a.id);
  return call.page(
    found.map((check) => checkRunShape(call.forge, call.repository, check)),
    (items) => ({ total_count: found.length, check_runs: items }),
  );
};

const getCommit: RouteHandler = async (call) =>
  okReply(restCommitShape(call.forge, call.repository, await describeCommit(call, call.param("ref"))));

export const checkRoutes: readonly ApiRoute[] = [
  ["POST", "/statuses/:sha", { scope: "statuses", level: "write" }, createCommitStatus],
  ["GET", "/commits/:ref{.+}/statuses", { scope: "statuses", level: "read" }, listCommitStatuses],
  ["GET", "/commits/:ref{.+}/status", { scope: "statuses", level: "read" }, getCombinedStatus],
  ["GET", "/commits/:ref{.+}/check-runs", { scope: "checks", level: "read" }, listCheckRuns],
  ["POST", "/check-runs", { scope: "checks", level: "write" }, createCheckRun],
  ["PATCH", "/check-runs/:id", { scope: "checks", level: "write" }, updateCheckRun],
  ["GET", "/commits/:ref{.+}", { scope: "contents", level: "read" }, getCommit],
];
