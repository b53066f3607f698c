import type { StepId } from "../domain/ids.ts";
import type { NodePath, WorkflowRun } from "../domain/workflow-run.ts";
import type { LinkedWorkflow } from "./link-workflow.ts";
import { toNodeRunId } from "./run-state.ts";
import type { WorkflowRole } from "./workflow.ts";

/** The step of a node. All rounds of a loop share one step, which keeps its branch and pull request. */
export const toNodeStepId = (path: NodePath): StepId => toNodeRunId(path.map((each) => ({ ...each, run: 1 })));

const findRole = ({ indexes }: LinkedWorkflow, workflow: string | null, name: string): WorkflowRole | undefined =>
  workflow === null ? undefined : indexes.get(workflow)?.roles.get(name);

/** The name of the workflow that a role calls; null if it calls none. */
const findCalledWorkflow = (linked: LinkedWorkflow, workflow: string | null, name: string): string | null => {
  const role = findRole(linked, workflow, name);
  return role?.work.kind === "call" ? role.work.workflow : null;
};

export const findNodeRole = (linked: LinkedWorkflow, path: NodePath): WorkflowRole | undefined => {
  let workflow: string | null = linked.main.name;
  for (const { role } of path.slice(0, -1)) workflow = findCalledWorkflow(linked, workflow, role);
  return findRole(linked, workflow, path.at(-1)?.role ?? "");
};

/** A node, and whether earlier rounds of its loops count. */
type NodeQuery = { readonly path: NodePath; readonly loops: boolean };

/** The steps whose work a node builds on. With `loops`, also those of earlier rounds, including its own step. */
export const listStepsBefore = (linked: LinkedWorkflow, { nodes }: Pick<WorkflowRun, "nodes">, node: NodeQuery): StepId[] => {
  const ownStep = toNodeStepId(node.path);
  const rolesBefore = listRolesBefore(linked, node);
  // Roles without predecessors need no search: with a thousand of them side by side, a search of all nodes for each would be quadratic.
  if (rolesBefore.every(({ size }) => size === 0)) return node.loops && Object.hasOwn(nodes, ownStep) ? [ownStep] : [];
  return Object.entries(nodes).flatMap(([id, path]) =>
    (node.loops && id === ownStep) || isBefore(path, node.path, rolesBefore) ? [id] : [],
  );
};

/** For each part of a path, the roles that precede the part's role in its workflow. */
const listRolesBefore = (linked: LinkedWorkflow, { path, loops }: NodeQuery): ReadonlySet<string>[] => {
  let workflow: string | null = linked.main.name;
  return path.map(({ role }) => {
    const index = workflow === null ? undefined : linked.indexes.get(workflow);
    workflow = findCalledWorkflow(linked, workflow, role);
    if (!index) return new Set<string>();
    return loops ? index.rolesBeforeInLoops(role) : index.rolesBefore(role);
  });
};

/** Whether a node precedes another: at the first part where their paths differ, its role precedes the other's role. */
const isBefore = (earlier: NodePath, path: NodePath, rolesBefore: readonly ReadonlySet<string>[]): boolean => {
  for (const [at, { role, item }] of path.entries()) {
    const part = earlier[at];
    if (!part) return false;
    if (part.role !== role) return rolesBefore[at]?.has(part.role) === true;
    if (part.item !== item) return false;
  }
  return false;
};
