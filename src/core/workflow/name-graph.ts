/** An arrow between two names: `to` waits for `from`. */
export type GraphArrow = { readonly from: string; readonly to: string };

type NeighborMap = ReadonlyMap<string, readonly string[]>;

/** Names with their successors and predecessors. */
export type NameGraph = { readonly names: readonly string[]; readonly after: NeighborMap; readonly before: NeighborMap };

export const createNameGraph = (names: readonly string[], arrows: readonly GraphArrow[]): NameGraph => {
  const after = new Map<string, string[]>(names.map((name) => [name, []]));
  const before = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const { from, to } of arrows) {
    after.get(from)?.push(to);
    before.get(to)?.push(from);
  }
  return { names, after, before };
};

/** Sorts names behind their predecessors, alphabetically among equals. Names on a cycle and names behind one are missing. */
export const sortTopologically = ({ names, after, before }: NameGraph): string[] => {
  const open = new Map(names.map((name) => [name, before.get(name)?.length ?? 0]));
  const ready = names.filter((name) => open.get(name) === 0).sort();
  for (let at = 0; at < ready.length; at += 1) {
    const freed: string[] = [];
    for (const name of after.get(ready[at] ?? "") ?? []) {
      const left = (open.get(name) ?? 0) - 1;
      open.set(name, left);
      if (left === 0) freed.push(name);
    }
    ready.push(...freed.sort());
  }
  return ready;
};

/** The names that are reachable from a name, including itself. */
export const findReachable = (side: NeighborMap, from: string): Set<string> => {
  const seen = new Set([from]);
  for (const name of seen) for (const next of side.get(name) ?? []) seen.add(next);
  return seen;
};

/** A cycle as a path from its first name back to that name; null if the graph has no cycle. */
export const findCycle = (graph: NameGraph): string[] | null => {
  const ordered = new Set(sortTopologically(graph));
  if (ordered.size === graph.names.length) return null;
  // Every remaining name has a remaining predecessor, so walking backwards revisits one: that is the cycle.
  const path: string[] = [];
  const at = new Map<string, number>();
  let name = graph.names.find((each) => !ordered.has(each));
  while (name !== undefined && !at.has(name)) {
    at.set(name, path.length);
    path.push(name);
    name = graph.before.get(name)?.find((each) => !ordered.has(each));
  }
  const cycle = path.slice(at.get(name ?? "") ?? 0).reverse();
  const members = new Set(cycle);
  const first = cycle.indexOf(graph.names.find((each) => members.has(each)) ?? "");
  const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
  return [...turned, turned[0] ?? ""];
};
