import type { WorkflowFault } from "./workflow-fault.ts";
import { type GraphArrow, findCycle, createNameGraph } from "./name-graph.ts";
import { suggestName } from "./suggest-name.ts";
import type { Workflow } from "./workflow.ts";

type WorkflowCall = GraphArrow & { readonly path: string; readonly line: number };

/** Finds calls of unknown workflows, and workflows that call each other in a circle, which would never end. */
export const checkCalls = (workflows: readonly Workflow[]): WorkflowFault[] => {
  const names = workflows.map(({ name }) => name);
  const calls = workflows.flatMap(({ name, path, roles }) =>
    roles.flatMap(({ work, line }): WorkflowCall[] => (work.kind === "call" ? [{ from: name, to: work.workflow, path, line }] : [])),
  );
  const known = new Set(names);
  const unknown = calls
    .filter(({ to }) => !known.has(to))
    .map(({ to, path, line }): WorkflowFault => {
      const why = `there is no workflow "${to}"`;
      return { code: "unknown-workflow", file: path, line, reason: why, instead: suggestName(to, names) };
    });
  const cycle = findCycle(
    createNameGraph(
      names,
      calls.filter(({ to }) => known.has(to)),
    ),
  );
  const back = cycle && calls.find(({ from, to }) => from === cycle.at(-2) && to === cycle.at(-1));
  if (!cycle || !back) return unknown;
  const why = `workflows call each other in a circle: ${cycle.join(" -> ")}`;
  return [
    ...unknown,
    {
      code: "call-cycle",
      file: back.path,
      line: back.line,
      reason: why,
      instead: "remove one of the calls, or use a loop: `b -> a until '…' max 3`",
    },
  ];
};
