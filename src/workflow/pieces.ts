import type { StepId } from "../model/ids.ts";
import type { PiecePath, WorkflowRun } from "../model/workflow-run.ts";
import { unitId } from "./run-state.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";
import type { Flow } from "./open-flow.ts";

/** The step that does a piece of work: the same one in each round of a loop, so that its branch and pull request stay. */
export const stepOf = (path: PiecePath): StepId => unitId(path.map((each) => ({ ...each, run: 1 })));

/** The role that a piece of work is of. */
export const roleOf = ({ main, all }: Flow, path: PiecePath): WorkflowRole | undefined => {
  let workflow: Workflow | undefined = main;
  let role: WorkflowRole | undefined;
  for (const { role: name } of path) {
    role = workflow?.roles.find((each) => each.name === name);
    workflow = role?.work.kind === "call" ? all.get(role.work.workflow) : undefined;
  }
  return role;
};

type Before = (role: string) => ReadonlySet<string>;

/** For each role those that come before it: along the edges, and with loops also around them. Found once for each role of a workflow. */
const findBefore = (arrows: readonly { readonly from: string; readonly to: string }[]): Before => {
  const into = new Map<string, string[]>();
  for (const { from, to } of arrows) {
    const list = into.get(to);
    if (list) list.push(from);
    else into.set(to, [from]);
  }
  const known = new Map<string, ReadonlySet<string>>();
  return (role) => {
    const there = known.get(role);
    if (there) return there;
    const seen = new Set<string>();
    const open = [...(into.get(role) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(into.get(next) ?? []));
    }
    known.set(role, seen);
    return seen;
  };
};

const found = new WeakMap<Workflow, { readonly along: Before; readonly around: Before }>();

const before = (workflow: Workflow, withLoops: boolean): Before => {
  const { edges, loops } = workflow;
  const both = found.get(workflow) ?? { along: findBefore(edges), around: findBefore([...edges, ...loops]) };
  found.set(workflow, both);
  return withLoops ? both.around : both.along;
};

/** The steps whose work a piece builds on. With `loops` also those of rounds before, its own among them. */
export const stepsBefore = (flow: Flow, { pieces }: Pick<WorkflowRun, "pieces">, of: { path: PiecePath; loops: boolean }): StepId[] => {
  const own = stepOf(of.path);
  return Object.entries(pieces).flatMap(([id, path]) => ((of.loops && id === own) || isBefore(flow, path, of) ? [id] : []));
};

const isBefore = (flow: Flow, one: PiecePath, { path, loops }: { path: PiecePath; loops: boolean }): boolean => {
  let workflow: Workflow | undefined = flow.main;
  for (const [at, { role, item }] of path.entries()) {
    const other = one[at];
    if (!workflow || !other) return false;
    if (other.role !== role) return before(workflow, loops)(role).has(other.role);
    if (other.item !== item) return false;
    const found: WorkflowRole | undefined = workflow.roles.find(({ name }) => name === role);
    workflow = found?.work.kind === "call" ? flow.all.get(found.work.workflow) : undefined;
  }
  return false;
};
