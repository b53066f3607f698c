/** An arrow between two names: the second waits for the first. */
export type GraphArrow = { readonly from: string; readonly to: string };

type NeighborMap = ReadonlyMap<string, readonly string[]>;

/** For each name those that it leads to, and those that lead to it. */
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

/** Names in an order in which each stands after all that lead to it, by name among equals; names of a cycle, and what comes after one, are missing. */
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

/** All names that are reached from one, itself among them. */
export const findReachable = (side: NeighborMap, from: string): Set<string> => {
  const seen = new Set([from]);
  for (const name of seen) for (const next of side.get(name) ?? []) seen.add(next);
  return seen;
};

/** A cycle as a path that begins with the first of its names and ends where it began; null where there is none. */
export const findCycle = (graph: NameGraph): string[] | null => {
  const ordered = new Set(sortTopologically(graph));
  if (ordered.size === graph.names.length) return null;
  // Every name that is left has one before it that is left too: going back must come to a name a second time.
  const path: string[] = [];
  const at = new Map<string, number>();
  let name = graph.names.find((each) => !ordered.has(each));
  while (name !== undefined && !at.has(name)) {
    at.set(name, path.length);
    path.push(name);
    name = graph.before.get(name)?.find((each) => !ordered.has(each));
  }
  const cycle = path.slice(at.get(name ?? "") ?? 0).reverse();
  const first = cycle.indexOf(graph.names.find((each) => cycle.includes(each)) ?? "");
  const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
  return [...turned, turned[0] ?? ""];
};
