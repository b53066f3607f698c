import type { NodePath } from "../domain/workflow-run.ts";
import { NO_OUTPUT, type RoleOutput, type RoleRun, type RunState, type NodeRun, toNodeRunId } from "./run-state.ts";

/** The result of a node run. A failed one may have an output too, such as the log of a command. */
export type NodeResult =
  | { readonly state: "done"; readonly output: RoleOutput }
  | { readonly state: "failed"; readonly error: string; readonly output?: RoleOutput };

/** Records results by node run id. Results of node runs that are not in progress, for example of an earlier round, change nothing. */
export const recordResults = (state: RunState, results: ReadonlyMap<string, NodeResult>, within: NodePath = []): RunState => {
  const record = (role: string, run: RoleRun): RoleRun => {
    if (run.state !== "running") return run;
    return {
      ...run,
      nodeRuns: run.nodeRuns.map((nodeRun) =>
        recordNodeRun(nodeRun, { results, path: [...within, { role, run: run.run, item: nodeRun.item && nodeRun.item.index }] }),
      ),
    };
  };
  return { ...state, roles: Object.fromEntries(Object.entries(state.roles).map(([role, run]) => [role, record(role, run)])) };
};

const recordNodeRun = (nodeRun: NodeRun, { results, path }: { results: ReadonlyMap<string, NodeResult>; path: NodePath }): NodeRun => {
  if (nodeRun.state !== "running") return nodeRun;
  if (nodeRun.call) return { ...nodeRun, call: recordResults(nodeRun.call, results, path) };
  const result = results.get(toNodeRunId(path));
  if (!result) return nodeRun;
  return { ...nodeRun, state: result.state, output: result.output ?? NO_OUTPUT, error: result.state === "failed" ? result.error : "" };
};
