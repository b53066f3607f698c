import type { NodePath } from "../domain/workflow-run.ts";
import { NO_OUTPUT, type RoleOutput, type RoleRun, type RunState, type NodeRun, toNodeRunId } from "./run-state.ts";

/** How a unit ended. A failure too may leave an output: the log of a command, say. */
export type NodeResult =
  | { readonly state: "done"; readonly output: RoleOutput }
  | { readonly state: "failed"; readonly error: string; readonly output?: RoleOutput };

/** The state with results, by the units' ids. Those of units that are not being worked on (of an earlier round, say) change nothing. */
export const recordResults = (state: RunState, results: ReadonlyMap<string, NodeResult>, within: NodePath = []): RunState => {
  const record = (role: string, run: RoleRun): RoleRun => {
    if (run.state !== "running") return run;
    return {
      ...run,
      nodeRuns: run.nodeRuns.map((unit) =>
        recordNodeRun(unit, { results, path: [...within, { role, run: run.run, item: unit.item && unit.item.index }] }),
      ),
    };
  };
  return { ...state, roles: Object.fromEntries(Object.entries(state.roles).map(([role, run]) => [role, record(role, run)])) };
};

const recordNodeRun = (unit: NodeRun, { results, path }: { results: ReadonlyMap<string, NodeResult>; path: NodePath }): NodeRun => {
  if (unit.state !== "running") return unit;
  if (unit.call) return { ...unit, call: recordResults(unit.call, results, path) };
  const result = results.get(toNodeRunId(path));
  if (!result) return unit;
  return { ...unit, state: result.state, output: result.output ?? NO_OUTPUT, error: result.state === "failed" ? result.error : "" };
};
