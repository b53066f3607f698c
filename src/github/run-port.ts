import type { JobInputs } from "../core/domain/effect.ts";
import { toBranchRef } from "../core/domain/refs.ts";
import {
  ignoredAnswerSchema,
  dispatchedRunSchema,
  runArtifactListSchema,
  workflowRunListSchema as runList,
  workflowRunSchema,
} from "./answer-schemas.ts";
import { type GitHubHttp, ITEMS_PER_PAGE } from "./github-http.ts";
import type { GitHubFailure, GitHubReply, RunPort } from "./github-ports.ts";

const WORKFLOW_ROUTE = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}";
const STEP_WORKFLOW_FILE = { workflow_id: "enki-step.yml" };

/** After so many jobs, a title is tried again: the file may have been updated. */
const UNTITLED_JOBS = 100;
/** One for each thing that a dispatch adapts: details, title, branch. */
const MAX_ADAPTED_REFUSALS = 3;

const isRefusalWith = (failure: GitHubFailure, code: string, words: RegExp): boolean =>
  failure.kind === "refused" && failure.code === code && words.test(failure.reason);

export type DefaultBranchPort = { readonly read: () => Promise<GitHubReply<string>>; readonly forget: () => void };

const isNotFound = (failure: GitHubFailure): boolean => isRefusalWith(failure, "not-found", /./);

const createRunReads = (http: GitHubHttp): Pick<RunPort, "list" | "read" | "artifact"> => ({
  list: async () => {
    const reply = await http.get({
      route: `GET ${WORKFLOW_ROUTE}/runs`,
      parameters: { ...STEP_WORKFLOW_FILE, per_page: ITEMS_PER_PAGE },
      schema: runList,
    });
    if (reply.ok) return { ok: true, value: reply.value.workflow_runs };
    return isNotFound(reply.failure) ? { ok: true, value: [] } : reply;
  },
  read: async (run) => {
    const reply = await http.get({
      route: "GET /repos/{owner}/{repo}/actions/runs/{run_id}",
      parameters: { run_id: run },
      schema: workflowRunSchema,
    });
    return reply.ok || !isNotFound(reply.failure) ? reply : { ok: true, value: null };
  },
  artifact: async (run, name) => {
    const reply = await http.get({
      route: "GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
      parameters: { run_id: run, name, per_page: ITEMS_PER_PAGE },
      schema: runArtifactListSchema,
    });
    if (!reply.ok) return isNotFound(reply.failure) ? { ok: true, value: null } : reply;
    const found = reply.value.artifacts.find((each) => each.name === name);
    if (!found) return { ok: true, value: null };
    const { id, workflow_run: of } = found;
    return { ok: true, value: { id, run: of?.id ?? run, branch: of?.head_branch ?? null, commit: of?.head_sha ?? null } };
  },
});

export const openRuns = (http: GitHubHttp, branch: DefaultBranchPort): RunPort => {
  /** Returns false after GitHub rejected the request for run details, which older servers do not support. */
  let details = true;
  /** The number of next jobs that start without a title, because the repository's `enki-step.yml` has no such input. */
  let untitled = 0;

  const dispatch = async ({ title, ...ids }: JobInputs): Promise<GitHubReply<{ run: number | null }>> => {
    const ref = await branch.read();
    if (!ref.ok) return ref;
    const inputs = title === undefined || untitled > 0 ? ids : { ...ids, title };
    // A short name could also mean a tag of that name, which everybody who may push can create.
    const parameters = { ...STEP_WORKFLOW_FILE, ref: toBranchRef(ref.value), inputs, ...(details ? { return_run_details: true } : {}) };
    const reply = await http.send({ route: `POST ${WORKFLOW_ROUTE}/dispatches`, parameters, schema: dispatchedRunSchema });
    return reply.ok ? { ok: true, value: { run: reply.value ? reply.value.workflow_run_id : null } } : reply;
  };

  /** Adapts the next dispatch to a refusal; false if nothing can be adapted. */
  const adapt = (failure: GitHubFailure): boolean => {
    if (details && isRefusalWith(failure, "invalid", /return_run_details/)) details = false;
    else if (untitled === 0 && isRefusalWith(failure, "invalid", /unexpected inputs.*\btitle\b/i)) untitled = UNTITLED_JOBS;
    // The default branch was renamed.
    else if (isRefusalWith(failure, "invalid", /no ref found/i)) branch.forget();
    else return false;
    return true;
  };

  return {
    startJob: async (inputs) => {
      untitled = Math.max(0, untitled - 1);
      for (let refusals = 0; ; refusals += 1) {
        const reply = await dispatch(inputs);
        if (reply.ok || refusals === MAX_ADAPTED_REFUSALS || !adapt(reply.failure)) return reply;
      }
    },
    ...createRunReads(http),
    startWorkflow: (file, ref) =>
      http.send({ route: `POST ${WORKFLOW_ROUTE}/dispatches`, parameters: { workflow_id: file, ref }, schema: ignoredAnswerSchema }),
    wake: (payload) =>
      http.send({
        route: "POST /repos/{owner}/{repo}/dispatches",
        parameters: { event_type: "enki", client_payload: payload },
        schema: ignoredAnswerSchema,
      }),
    stop: async (run) => {
      const reply = await http.send({
        route: "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel",
        parameters: { run_id: run },
        schema: ignoredAnswerSchema,
      });
      if (reply.ok || reply.failure.kind === "later") return reply;
      return reply.failure.code === "conflict" || reply.failure.code === "not-found" ? { ok: true, value: null } : reply;
    },
  };
};
