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

  const dispatch = async (inputs: JobInputs): Promise<GitHubReply<{ run: number | null }>> => {
    const ref = await branch.read();
    if (!ref.ok) return ref;
    // A short name could also mean a tag of that name, which everybody who may push can create.
    const parameters = { ...STEP_WORKFLOW_FILE, ref: toBranchRef(ref.value), inputs, ...(details ? { return_run_details: true } : {}) };
    const reply = await http.send({ route: `POST ${WORKFLOW_ROUTE}/dispatches`, parameters, schema: dispatchedRunSchema });
    return reply.ok ? { ok: true, value: { run: reply.value ? reply.value.workflow_run_id : null } } : reply;
  };

  return {
    startJob: async (inputs) => {
      const first = await dispatch(inputs);
      if (first.ok) return first;
      if (details && isRefusalWith(first.failure, "invalid", /return_run_details/)) {
        details = false;
        return dispatch(inputs);
      }
      if (!isRefusalWith(first.failure, "invalid", /no ref found/i)) return first;
      // The default branch was renamed.
      branch.forget();
      return dispatch(inputs);
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
