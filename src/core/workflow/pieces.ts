import type { StepId } from "../domain/ids.ts";
import type { NodePath, WorkflowRun } from "../domain/workflow-run.ts";
import { unitId } from "./run-state.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";
import type { Flow } from "./open-flow.ts";

/** The step that does a piece of work: the same one in each round of a loop, so that its branch and pull request stay. */
export const stepOf = (path: NodePath): StepId => unitId(path.map((each) => ({ ...each, run: 1 })));

const named = new WeakMap<Workflow, ReadonlyMap<string, WorkflowRole>>();

const roleNamed = (workflow: Workflow | undefined, name: string): WorkflowRole | undefined => {
  if (!workflow) return undefined;
  const roles = named.get(workflow) ?? new Map(workflow.roles.map((role) => [role.name, role]));
  named.set(workflow, roles);
  return roles.get(name);
};

const calledBy = ({ all }: Flow, workflow: Workflow | undefined, name: string): Workflow | undefined => {
  const role = roleNamed(workflow, name);
  return role?.work.kind === "call" ? all.get(role.work.workflow) : undefined;
};

/** The role that a piece of work is of. */
export const roleOf = (flow: Flow, path: NodePath): WorkflowRole | undefined => {
  let workflow: Workflow | undefined = flow.main;
  for (const { role } of path.slice(0, -1)) workflow = calledBy(flow, workflow, role);
  return roleNamed(workflow, path.at(-1)?.role ?? "");
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
export const stepsBefore = (flow: Flow, { nodes }: Pick<WorkflowRun, "nodes">, of: { path: NodePath; loops: boolean }): StepId[] => {
  const own = stepOf(of.path);
  const levels = levelsOf(flow, of);
  // Of a thousand roles that begin side by side none has to look at all the others.
  if (levels.every(({ size }) => size === 0)) return of.loops && Object.hasOwn(nodes, own) ? [own] : [];
  return Object.entries(nodes).flatMap(([id, path]) => ((of.loops && id === own) || isBefore(path, of.path, levels) ? [id] : []));
};

/** For each step of the way to a piece the roles that come before it there. */
const levelsOf = (flow: Flow, { path, loops }: { path: NodePath; loops: boolean }): ReadonlySet<string>[] => {
  let workflow: Workflow | undefined = flow.main;
  return path.map(({ role }) => {
    const there = workflow ? before(workflow, loops)(role) : new Set<string>();
    workflow = calledBy(flow, workflow, role);
    return there;
  });
};

const isBefore = (one: NodePath, path: NodePath, levels: readonly ReadonlySet<string>[]): boolean => {
  for (const [at, { role, item }] of path.entries()) {
    const other = one[at];
    if (!other) return false;
    if (other.role !== role) return levels[at]?.has(other.role) === true;
    if (other.item !== item) return false;
  }
  return false;
};
