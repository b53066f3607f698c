import type { Workflow, WorkflowRole } from "./workflow.ts";

/** The roles that precede a role. */
export type RolesBefore = (role: string) => ReadonlySet<string>;

/** Lookups in a workflow that would otherwise search it once for each of its steps. */
export type WorkflowIndex = {
  readonly roles: ReadonlyMap<string, WorkflowRole>;
  /** Predecessors along edges. */
  readonly rolesBefore: RolesBefore;
  /** Predecessors along edges and loops. */
  readonly rolesBeforeInLoops: RolesBefore;
};

export const createWorkflowIndex = ({ roles, edges, loops }: Workflow): WorkflowIndex => ({
  roles: new Map(roles.map((role) => [role.name, role])),
  rolesBefore: createRolesBefore(edges),
  rolesBeforeInLoops: createRolesBefore([...edges, ...loops]),
});

/** Finds the predecessors of a role once, when they are first needed. */
const createRolesBefore = (arrows: readonly { readonly from: string; readonly to: string }[]): RolesBefore => {
  const sources = new Map<string, string[]>();
  for (const { from, to } of arrows) {
    const list = sources.get(to);
    if (list) list.push(from);
    else sources.set(to, [from]);
  }
  const known = new Map<string, ReadonlySet<string>>();
  return (role) => {
    const found = known.get(role) ?? findPredecessors(sources, role);
    known.set(role, found);
    return found;
  };
};

/** A role on a cycle precedes itself. */
const findPredecessors = (sources: ReadonlyMap<string, readonly string[]>, role: string): ReadonlySet<string> => {
  const seen = new Set<string>();
  const open = [...(sources.get(role) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(sources.get(next) ?? []));
  }
  return seen;
};
