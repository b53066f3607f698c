import type { StepId } from "../domain/ids.ts";
import type { NodePath, WorkflowRun } from "../domain/workflow-run.ts";
import { toNodeRunId } from "./run-state.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";
import type { LinkedWorkflow } from "./link-workflow.ts";

/** The step that does a piece of work: the same one in each round of a loop, so that its branch and pull request stay. */
export const toNodeStepId = (path: NodePath): StepId => toNodeRunId(path.map((each) => ({ ...each, run: 1 })));

const named = new WeakMap<Workflow, ReadonlyMap<string, WorkflowRole>>();

const findRole = (workflow: Workflow | undefined, name: string): WorkflowRole | undefined => {
  if (!workflow) return undefined;
  const roles = named.get(workflow) ?? new Map(workflow.roles.map((role) => [role.name, role]));
  named.set(workflow, roles);
  return roles.get(name);
};

const findCalledWorkflow = ({ all }: LinkedWorkflow, workflow: Workflow | undefined, name: string): Workflow | undefined => {
  const role = findRole(workflow, name);
  return role?.work.kind === "call" ? all.get(role.work.workflow) : undefined;
};

/** The role that a piece of work is of. */
export const findNodeRole = (flow: LinkedWorkflow, path: NodePath): WorkflowRole | undefined => {
  let workflow: Workflow | undefined = flow.main;
  for (const { role } of path.slice(0, -1)) workflow = findCalledWorkflow(flow, workflow, role);
  return findRole(workflow, path.at(-1)?.role ?? "");
};

type RolesBefore = (role: string) => ReadonlySet<string>;

/** For each role those that come before it: along the edges, and with loops also around them. Found once for each role of a workflow. */
const createRolesBefore = (arrows: readonly { readonly from: string; readonly to: string }[]): RolesBefore => {
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

const found = new WeakMap<Workflow, { readonly along: RolesBefore; readonly around: RolesBefore }>();

const rolesBeforeIn = (workflow: Workflow, withLoops: boolean): RolesBefore => {
  const { edges, loops } = workflow;
  const both = found.get(workflow) ?? { along: createRolesBefore(edges), around: createRolesBefore([...edges, ...loops]) };
  found.set(workflow, both);
  return withLoops ? both.around : both.along;
};

/** The steps whose work a piece builds on. With `loops` also those of rounds before, its own among them. */
export const listStepsBefore = (
  flow: LinkedWorkflow,
  { nodes }: Pick<WorkflowRun, "nodes">,
  of: { path: NodePath; loops: boolean },
): StepId[] => {
  const own = toNodeStepId(of.path);
  const levels = listRolesBeforePath(flow, of);
  // Of a thousand roles that begin side by side none has to look at all the others.
  if (levels.every(({ size }) => size === 0)) return of.loops && Object.hasOwn(nodes, own) ? [own] : [];
  return Object.entries(nodes).flatMap(([id, path]) => ((of.loops && id === own) || isBeforePath(path, of.path, levels) ? [id] : []));
};

/** For each step of the way to a piece the roles that come before it there. */
const listRolesBeforePath = (flow: LinkedWorkflow, { path, loops }: { path: NodePath; loops: boolean }): ReadonlySet<string>[] => {
  let workflow: Workflow | undefined = flow.main;
  return path.map(({ role }) => {
    const there = workflow ? rolesBeforeIn(workflow, loops)(role) : new Set<string>();
    workflow = findCalledWorkflow(flow, workflow, role);
    return there;
  });
};

const isBeforePath = (one: NodePath, path: NodePath, levels: readonly ReadonlySet<string>[]): boolean => {
  for (const [at, { role, item }] of path.entries()) {
    const other = one[at];
    if (!other) return false;
    if (other.role !== role) return levels[at]?.has(other.role) === true;
    if (other.item !== item) return false;
  }
  return false;
};
