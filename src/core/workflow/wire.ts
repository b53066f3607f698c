import type { Checked } from "./check-references.ts";
import type { WrittenEdge, WrittenLoop } from "./edges.ts";
import type { Report } from "./fault.ts";
import { type Arrow, findCycle, type Graph, inOrder, reached, toGraph } from "./graph.ts";
import type { Edge, Loop, WorkflowRole } from "./workflow.ts";

type Written = { readonly roles: readonly WorkflowRole[]; readonly edges: readonly WrittenEdge[]; readonly loops: readonly WrittenLoop[] };

/** Roles, edges and loops as a graph: roles in order, loops with their bodies, the inner ones first. Null where there is no order. */
export const wire = ({ roles, edges: written, loops: writtenLoops }: Written, report: Report): Checked | null => {
  const graph = toGraph(
    roles.map(({ name }) => name),
    written,
  );
  const cycle = findCycle(graph);
  if (cycle) {
    const line = written.find(({ from, to }) => from === cycle.at(-2) && to === cycle.at(-1))?.line ?? 1;
    const instead = `make one of its edges a loop: \`${cycle.at(-2)} -> ${cycle.at(-1)} until '…' max 3\``;
    report({ code: "cycle", line, why: `the edges form a cycle: ${cycle.join(" -> ")}`, instead });
    return null;
  }
  const loops = toLoops(writtenLoops, { graph, report });
  const edges = written.map(({ from, to, guard, line }): Edge => ({ from, to, guard, line, leaves: leavesOf({ from, to }, loops) }));
  const order = orderOf(graph, { edges, loops, report });
  if (!order) return null;
  checkEdges(edges, report);
  checkRoles({ roles, edges, loops, graph }, report);
  const byName = new Map(roles.map((role) => [role.name, role]));
  return { roles: order.flatMap((name) => byName.get(name) ?? []), edges, loops, graph };
};

const leavesOf = ({ from, to }: Arrow, loops: readonly Loop[]): number[] =>
  loops.flatMap(({ body }, index) => (body.includes(from) && !body.includes(to) ? [index] : []));

type Wiring = { readonly graph: Graph; readonly report: Report };

const toLoops = (written: readonly WrittenLoop[], { graph, report }: Wiring): Loop[] => {
  const order = written.length === 0 ? [] : inOrder(graph);
  const loops = written.flatMap(({ written: text, ...loop }): Loop[] => {
    const after = reached(graph.after, loop.to);
    if (!after.has(loop.from)) {
      const why = `edge "${text}": a loop goes back, and "${loop.to}" does not run before "${loop.from}"`;
      report({
        code: "loop-not-back",
        line: loop.line,
        why,
        instead: `write \`${loop.to} -> … -> ${loop.from}\` as edges first, or \`if\` for a way forward`,
      });
      return [];
    }
    const before = reached(graph.before, loop.from);
    return [{ ...loop, body: order.filter((name) => after.has(name) && before.has(name)) }];
  });
  const sorted = loops.sort((a, b) => a.body.length - b.body.length);
  sorted.forEach((loop, index) => checkOverlap(loop, sorted.slice(0, index), report));
  return sorted;
};

const checkOverlap = (loop: Loop, inner: readonly Loop[], report: Report): void => {
  const body = new Set(loop.body);
  for (const other of inner) {
    const shared = other.body.filter((name) => body.has(name)).length;
    const isNested = shared === other.body.length && shared < loop.body.length;
    if (shared === 0 || isNested) continue;
    const why = `the loops ${other.from} -> ${other.to} and ${loop.from} -> ${loop.to} share roles, and neither is within the other`;
    report({ code: "loops-overlap", line: loop.line, why, instead: "let them share no role, or one hold the other whole" });
  }
};

type Ordering = { readonly edges: readonly Edge[]; readonly loops: readonly Loop[]; readonly report: Report };

/** What a loop leads out to waits for the loop's last role too: only then is it over. */
const orderOf = (graph: Graph, { edges, loops, report }: Ordering): string[] | null => {
  const waits = edges.flatMap(({ leaves, to }) => leaves.map((index): Arrow => ({ from: loops[index]?.from ?? "", to })));
  const all = waits.length === 0 ? graph : toGraph(graph.names, [...edges, ...waits]);
  const order = inOrder(all);
  if (order.length === graph.names.length) return order;
  const why = `loops wait for each other: ${findCycle(all)?.join(" -> ")}`;
  report({ code: "loops-overlap", line: loops.at(-1)?.line ?? 1, why, instead: "let no loop wait for what is within another" });
  return null;
};

const checkEdges = (edges: readonly Edge[], report: Report): void => {
  const seen = new Map<string, Edge>();
  const withIf = new Set(edges.flatMap(({ from, guard }) => (guard.kind === "if" ? [from] : [])));
  for (const edge of edges) {
    const { from, to, guard, line } = edge;
    const key = `${from} ${to} ${guard.kind}`;
    const before = seen.get(key);
    if (before) {
      const instead = guard.kind === "if" ? "make one condition of the two, with `or`" : "remove one of the two";
      report({ code: "duplicate-edge", line, why: `${from} -> ${to} stands on line ${before.line} already`, instead });
    }
    seen.set(key, edge);
    if (guard.kind === "else" && !withIf.has(from)) {
      report({
        code: "else-without-if",
        line,
        why: `${from} -> ${to}: \`else\`, and no other edge of "${from}" has an \`if\``,
        instead: "remove `else`, or give the other edge a condition",
      });
    }
  }
};

const checkRoles = ({ roles, edges, loops, graph }: Checked, report: Report): void => {
  const joined = new Set([...edges, ...loops].flatMap(({ from, to }) => [from, to]));
  const exclusive = exclusiveTargets(edges);
  for (const { name, join, line } of roles) {
    const incoming = graph.before.get(name)?.length ?? 0;
    if (edges.length > 0 && !joined.has(name)) {
      report({
        code: "unused-role",
        line,
        why: `role "${name}" has no edge`,
        instead: `write one such as \`${name} -> …\`, or remove the role`,
      });
    }
    if (typeof join === "number" && join > incoming) {
      const why = `role "${name}" joins ${join} edges, and ${incoming} lead to it`;
      report({ code: "join-out-of-range", line, why, instead: incoming === 0 ? "remove `join`" : `write \`join: ${incoming}\` or less` });
    }
    const source = exclusive.get(name);
    if (join === "all" && source !== undefined) {
      const why = `role "${name}" waits for two edges of "${source}" of which only one can fire`;
      report({ code: "join-out-of-range", line, why, instead: "write `join: any`" });
    }
  }
};

/** Roles that have two edges from the same source whose guards exclude each other, with that source. */
const exclusiveTargets = (edges: readonly Edge[]): ReadonlyMap<string, string> => {
  const kinds = new Map<string, Set<string>>();
  const targets = new Map<string, string>();
  for (const { from, to, guard } of edges) {
    const key = `${from} ${to}`;
    const own = kinds.get(key) ?? new Set();
    kinds.set(key, own.add(guard.kind));
    if (own.size > 1 && (own.has("failure") || (own.has("if") && own.has("else")))) targets.set(to, from);
  }
  return targets;
};
