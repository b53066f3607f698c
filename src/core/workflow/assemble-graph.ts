import { formatCycle } from "../domain/plan-graph.ts";
import type { WorkflowGraph } from "./check-references.ts";
import type { WrittenEdge, WrittenLoop } from "./read-edge.ts";
import type { FaultReporter } from "./workflow-fault.ts";
import { type GraphArrow, findCycle, type NameGraph, sortTopologically, findReachable, createNameGraph } from "./name-graph.ts";
import type { WorkflowEdge, WorkflowLoop, WorkflowRole } from "./workflow.ts";

type WrittenGraph = {
  readonly roles: readonly WorkflowRole[];
  readonly edges: readonly WrittenEdge[];
  readonly loops: readonly WrittenLoop[];
};

/** Builds the graph of a workflow: roles in order, loops with their bodies, inner loops first. Returns null if there is no order. */
export const assembleGraph = (
  { roles, edges: written, loops: writtenLoops }: WrittenGraph,
  report: FaultReporter,
): WorkflowGraph | null => {
  const graph = createNameGraph(
    roles.map(({ name }) => name),
    written,
  );
  const cycle = findCycle(graph);
  if (cycle) {
    const line = written.find(({ from, to }) => from === cycle.at(-2) && to === cycle.at(-1))?.line ?? 1;
    const instead = `make one of its edges a loop: \`${cycle.at(-2)} -> ${cycle.at(-1)} until '…' max 3\``;
    report({ code: "cycle", line, reason: `the edges form a cycle: ${formatCycle(cycle)}`, instead });
    return null;
  }
  const loops = toLoops(writtenLoops, { graph, report });
  const bodies = loops.map(({ body }) => new Set(body));
  const edges = written.map(({ from, to, guard, line }): WorkflowEdge => ({
    from,
    to,
    guard,
    line,
    leftLoops: findLeftLoops({ from, to }, bodies),
  }));
  const order = sortRoles(graph, { edges, loops, report });
  if (!order) return null;
  checkEdges(edges, report);
  checkRoleEdges({ roles, edges, loops, graph }, report);
  const byName = new Map(roles.map((role) => [role.name, role]));
  return { roles: order.flatMap((name) => byName.get(name) ?? []), edges, loops, graph };
};

const findLeftLoops = ({ from, to }: GraphArrow, bodies: readonly ReadonlySet<string>[]): number[] =>
  bodies.flatMap((body, index) => (body.has(from) && !body.has(to) ? [index] : []));

type LoopInput = { readonly graph: NameGraph; readonly report: FaultReporter };

const toLoops = (written: readonly WrittenLoop[], { graph, report }: LoopInput): WorkflowLoop[] => {
  const order = written.length === 0 ? [] : sortTopologically(graph);
  const loops = written.flatMap(({ written: text, ...loop }): WorkflowLoop[] => {
    const after = findReachable(graph.after, loop.to);
    if (!after.has(loop.from)) {
      const why = `edge "${text}": a loop goes back, and "${loop.to}" does not run before "${loop.from}"`;
      report({
        code: "loop-not-back",
        line: loop.line,
        reason: why,
        instead: `write \`${loop.to} -> … -> ${loop.from}\` as edges first, or \`if\` for a way forward`,
      });
      return [];
    }
    const before = findReachable(graph.before, loop.from);
    return [{ ...loop, body: order.filter((name) => after.has(name) && before.has(name)) }];
  });
  const sorted = loops.sort((a, b) => a.body.length - b.body.length);
  sorted.forEach((loop, index) => checkOverlap(loop, sorted.slice(0, index), report));
  return sorted;
};

const checkOverlap = (loop: WorkflowLoop, inner: readonly WorkflowLoop[], report: FaultReporter): void => {
  const body = new Set(loop.body);
  for (const other of inner) {
    const shared = other.body.filter((name) => body.has(name)).length;
    const isNested = shared === other.body.length && shared < loop.body.length;
    if (shared === 0 || isNested) continue;
    const why = `the loops ${other.from} -> ${other.to} and ${loop.from} -> ${loop.to} share roles, and neither is within the other`;
    report({ code: "loops-overlap", line: loop.line, reason: why, instead: "let them share no role, or one hold the other whole" });
  }
};

type OrderInput = { readonly edges: readonly WorkflowEdge[]; readonly loops: readonly WorkflowLoop[]; readonly report: FaultReporter };

/** A role that a loop leads out to also waits for the loop's last role, which ends the loop. */
const sortRoles = (graph: NameGraph, { edges, loops, report }: OrderInput): string[] | null => {
  const waits = edges.flatMap(({ leftLoops, to }) => leftLoops.map((index): GraphArrow => ({ from: loops[index]?.from ?? "", to })));
  const all = waits.length === 0 ? graph : createNameGraph(graph.names, [...edges, ...waits]);
  const order = sortTopologically(all);
  if (order.length === graph.names.length) return order;
  const why = `loops wait for each other: ${formatCycle(findCycle(all) ?? [])}`;
  report({ code: "loops-overlap", line: loops.at(-1)?.line ?? 1, reason: why, instead: "let no loop wait for what is within another" });
  return null;
};

const checkEdges = (edges: readonly WorkflowEdge[], report: FaultReporter): void => {
  const seen = new Map<string, WorkflowEdge>();
  const withIf = new Set(edges.flatMap(({ from, guard }) => (guard.kind === "if" ? [from] : [])));
  for (const edge of edges) {
    const { from, to, guard, line } = edge;
    const key = `${from} ${to} ${guard.kind}`;
    const before = seen.get(key);
    if (before) {
      const instead = guard.kind === "if" ? "make one condition of the two, with `or`" : "remove one of the two";
      report({ code: "duplicate-edge", line, reason: `${from} -> ${to} stands on line ${before.line} already`, instead });
    }
    seen.set(key, edge);
    if (guard.kind === "else" && !withIf.has(from)) {
      report({
        code: "else-without-if",
        line,
        reason: `${from} -> ${to}: \`else\`, and no other edge of "${from}" has an \`if\``,
        instead: "remove `else`, or give the other edge a condition",
      });
    }
  }
};

const checkRoleEdges = ({ roles, edges, loops, graph }: WorkflowGraph, report: FaultReporter): void => {
  const joined = new Set([...edges, ...loops].flatMap(({ from, to }) => [from, to]));
  const exclusive = exclusiveTargets(edges);
  for (const { name, join, line } of roles) {
    const incoming = graph.before.get(name)?.length ?? 0;
    if (edges.length > 0 && !joined.has(name)) {
      report({
        code: "unused-role",
        line,
        reason: `role "${name}" has no edge`,
        instead: `write one such as \`${name} -> …\`, or remove the role`,
      });
    }
    if (typeof join === "number" && join > incoming) {
      const why = `role "${name}" joins ${join} edges, and ${incoming} lead to it`;
      report({
        code: "join-out-of-range",
        line,
        reason: why,
        instead: incoming === 0 ? "remove `join`" : `write \`join: ${incoming}\` or less`,
      });
    }
    const source = exclusive.get(name);
    if (join === "all" && source !== undefined) {
      const why = `role "${name}" waits for two edges of "${source}" of which only one can fire`;
      report({ code: "join-out-of-range", line, reason: why, instead: "write `join: any`" });
    }
  }
};

/** Roles with two edges from one source whose guards exclude each other, with that source. */
const exclusiveTargets = (edges: readonly WorkflowEdge[]): ReadonlyMap<string, string> => {
  const kinds = new Map<string, Set<string>>();
  const targets = new Map<string, string>();
  for (const { from, to, guard } of edges) {
    const key = `${from} ${to}`;
    const guardKinds = kinds.get(key) ?? new Set();
    kinds.set(key, guardKinds.add(guard.kind));
    if (guardKinds.size > 1 && (guardKinds.has("failure") || (guardKinds.has("if") && guardKinds.has("else")))) targets.set(to, from);
  }
  return targets;
};
