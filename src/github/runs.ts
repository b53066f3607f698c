import type { JobInputs } from "../model/effect.ts";
import { anything, dispatched, runs as runList } from "./answers.ts";
import { type Http, PER_PAGE } from "./http.ts";
import type { Failure, Reply, Runs } from "./ports.ts";

const WORKFLOW = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}";
const FILE = { workflow_id: "enki-step.yml" };

const isRefusal = (failure: Failure, code: string, words: RegExp): boolean =>
  failure.kind === "refused" && failure.code === code && words.test(failure.why);

export type Branch = { readonly read: () => Promise<Reply<string>>; readonly forget: () => void };

export const openRuns = (http: Http, branch: Branch): Runs => {
  /** False once GitHub refused to tell which run it started: older servers do not know how. */
  let details = true;

  const dispatch = async (inputs: JobInputs): Promise<Reply<{ run: number | null }>> => {
    const ref = await branch.read();
    if (!ref.ok) return ref;
    const parameters = { ...FILE, ref: ref.value, inputs, ...(details ? { return_run_details: true } : {}) };
    const reply = await http.send({ route: `POST ${WORKFLOW}/dispatches`, parameters, schema: dispatched });
    return reply.ok ? { ok: true, value: { run: reply.value ? reply.value.workflow_run_id : null } } : reply;
  };

  return {
    startJob: async (inputs) => {
      const first = await dispatch(inputs);
      if (first.ok) return first;
      if (details && isRefusal(first.failure, "invalid", /return_run_details/)) {
        details = false;
        return dispatch(inputs);
      }
      if (!isRefusal(first.failure, "invalid", /no ref found/i)) return first;
      // The default branch was renamed.
      branch.forget();
      return dispatch(inputs);
    },
    list: async () => {
      const reply = await http.get({ route: `GET ${WORKFLOW}/runs`, parameters: { ...FILE, per_page: PER_PAGE }, schema: runList });
      if (reply.ok) return { ok: true, value: reply.value.workflow_runs };
      return isRefusal(reply.failure, "not-found", /./) ? { ok: true, value: [] } : reply;
    },
    startWorkflow: (file, ref) =>
      http.send({ route: `POST ${WORKFLOW}/dispatches`, parameters: { workflow_id: file, ref }, schema: anything }),
    wake: (job) =>
      http.send({
        route: "POST /repos/{owner}/{repo}/dispatches",
        parameters: { event_type: "enki", client_payload: { job } },
        schema: anything,
      }),
    stop: async (run) => {
      const reply = await http.send({
        route: "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel",
        parameters: { run_id: run },
        schema: anything,
      });
      if (reply.ok || reply.failure.kind === "later") return reply;
      return reply.failure.code === "conflict" || reply.failure.code === "not-found" ? { ok: true, value: null } : reply;
    },
  };
};
