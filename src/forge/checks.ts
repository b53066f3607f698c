import { z } from "zod";
import { type Call, created, type Handler, ok, type Route } from "./exchange.ts";
import { happen } from "./happen.ts";
import { notFound, Refusal } from "./refusal.ts";
import { type Json, repositoryUrl } from "./addresses.ts";
import { checkShape, commitShape, simpleStatus, statusCommit, statusShape, toldCheck } from "./commit-shapes.ts";
import type { CommitFacts } from "./commits.ts";
import { minimalRepository } from "./repository-shape.ts";
import { accountOf, type CheckRun, fullName, nextId, type Status } from "./state.ts";

const LONGEST = 140;
const newStatus = z.object({
  state: z.enum(["error", "failure", "pending", "success"]),
  context: z.string().default("default"),
  description: z.string().max(LONGEST, `description is too long (maximum is ${LONGEST} characters)`).nullish(),
  target_url: z.string().nullish(),
});
const conclusion = z.enum(["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"]);
const status = z.enum(["queued", "in_progress", "completed"]);
const output = z.record(z.string(), z.unknown());
const newCheck = z.object({
  name: z.string(),
  head_sha: z.string(),
  status: status.optional(),
  conclusion: conclusion.optional(),
  output: output.optional(),
});
const changedCheck = z.object({ status: status.optional(), conclusion: conclusion.optional(), output: output.optional() });

const commitOf = async (call: Call, name: string): Promise<string> => {
  const commit = await call.repository.bare.commit(name);
  if (commit === null) throw new Refusal(422, `No commit found for SHA: ${name}`);
  return commit;
};

const described = async (call: Call, name: string): Promise<CommitFacts> => {
  const facts = await call.repository.bare.describe(await commitOf(call, name));
  if (!facts) throw new Refusal(422, `No commit found for SHA: ${name}`);
  return facts;
};

const setStatus: Handler = async (call) => {
  const { forge, repository } = call;
  const facts = await described(call, call.param("sha"));
  const { sha } = facts;
  const input = await call.input(newStatus);
  const one: Status = {
    id: nextId(forge),
    state: input.state,
    context: input.context,
    description: input.description ?? null,
    url: input.target_url ?? null,
    by: call.actor().account,
    at: forge.now(),
  };
  repository.statuses.set(sha, [one, ...(repository.statuses.get(sha) ?? [])]);
  const { node_id: _node, url: _url, ...told } = simpleStatus(forge, repository, { sha, status: one });
  const payload = { ...told, sha, name: fullName(repository), branches: [], commit: statusCommit(forge, repository, facts) };
  happen(forge, repository, { event: "status", payload, actor: call.actor() });
  return created(statusShape(forge, repository, { sha, status: one }));
};

const statusesAt = async (call: Call): Promise<{ sha: string; all: readonly Status[] }> => {
  const sha = await commitOf(call, call.param("ref"));
  return { sha, all: call.repository.statuses.get(sha) ?? [] };
};

const statuses: Handler = async (call) => {
  const { sha, all } = await statusesAt(call);
  return call.page(all.map((status) => statusShape(call.forge, call.repository, { sha, status })));
};

const combined: Handler = async (call) => {
  const { sha, all } = await statusesAt(call);
  const newest = [...new Map([...all].reverse().map((one) => [one.context, one])).values()];
  const has = (...states: string[]): boolean => newest.some(({ state }) => states.includes(state));
  const state = has("error", "failure") ? "failure" : newest.length === 0 || has("pending") ? "pending" : "success";
  const { forge, repository } = call;
  const url = `${repositoryUrl(forge, repository)}/commits/${sha}`;
  const more = {
    state,
    sha,
    total_count: newest.length,
    repository: minimalRepository(forge, repository),
    commit_url: url,
    url: `${url}/status`,
  };
  return call.page(
    newest.map((status) => simpleStatus(forge, repository, { sha, status })),
    (items) => ({ ...more, statuses: items }),
  );
};

const tellCheck = (call: Call, check: CheckRun, action: string): Json => {
  const payload = { action, check_run: toldCheck(call.forge, call.repository, check) };
  happen(call.forge, call.repository, { event: "check_run", payload, actor: call.actor() });
  return checkShape(call.forge, call.repository, check);
};

const createCheck: Handler = async (call) => {
  const actor = call.actor();
  if (actor.kind === "user") throw new Refusal(403, "You must authenticate via a GitHub App.");
  const input = await call.input(newCheck);
  const sha = await commitOf(call, input.head_sha);
  const over = input.conclusion !== undefined;
  const now = call.forge.now();
  const check: CheckRun = {
    id: nextId(call.forge),
    sha,
    name: input.name,
    status: over ? "completed" : (input.status ?? "queued"),
    conclusion: input.conclusion ?? null,
    output: input.output ?? {},
    by: actor.account,
    started: now,
    completed: over ? now : null,
  };
  call.repository.checks.push(check);
  return created(tellCheck(call, check, over ? "completed" : "created"));
};

const updateCheck: Handler = async (call) => {
  const check = call.repository.checks.find(({ id }) => String(id) === call.param("id"));
  if (!check) throw notFound();
  const input = await call.input(changedCheck);
  if (input.output !== undefined) check.output = input.output;
  if (input.status) check.status = input.status;
  if (input.conclusion) {
    check.status = "completed";
    check.conclusion = input.conclusion;
    check.completed = call.forge.now();
    return ok(tellCheck(call, check, "completed"));
  }
  return ok(checkShape(call.forge, call.repository, check));
};

/** Jobs of Actions are check runs of their commit too. */
const ofActions = (call: Call, sha: string): CheckRun[] =>
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
        by: accountOf(call.forge, "github-actions[bot]"),
        started: started ?? run.created,
        completed,
      })),
    );

const listChecks: Handler = async (call) => {
  const sha = await commitOf(call, call.param("ref"));
  const name = call.query("check_name");
  const found = [...call.repository.checks.filter((check) => check.sha === sha), ...ofActions(call, sha)]
    .filter((check) => name === undefined || check.name === name)
    .sort((a, b) => b.id - a.id);
  return call.page(
    found.map((check) => checkShape(call.forge, call.repository, check)),
    (items) => ({ total_count: found.length, check_runs: items }),
  );
};

const commit: Handler = async (call) => ok(commitShape(call.forge, call.repository, await described(call, call.param("ref"))));

/** Routes of commit statuses and check runs. */
export const checkRoutes: readonly Route[] = [
  ["POST", "/statuses/:sha", { scope: "statuses", level: "write" }, setStatus],
  ["GET", "/commits/:ref{.+}/statuses", { scope: "statuses", level: "read" }, statuses],
  ["GET", "/commits/:ref{.+}/status", { scope: "statuses", level: "read" }, combined],
  ["GET", "/commits/:ref{.+}/check-runs", { scope: "checks", level: "read" }, listChecks],
  ["POST", "/check-runs", { scope: "checks", level: "write" }, createCheck],
  ["PATCH", "/check-runs/:id", { scope: "checks", level: "write" }, updateCheck],
  ["GET", "/commits/:ref{.+}", { scope: "contents", level: "read" }, commit],
];
