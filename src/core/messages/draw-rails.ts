/** A node and its predecessors, by id. */
export type RailNode = { readonly id: string; readonly after: readonly string[] };

/** One line of a drawing: the rails, and the node of this line; null between nodes. */
export type RailLine = { readonly rails: string; readonly node: string | null };

/** An open rail to these nodes. Nodes with the same successors share a rail. */
type OpenRail = { readonly to: Set<string> };

/**
 * Draws a graph like `git log --graph`: one line for each node, below its predecessors, in ASCII.
 * Rails to the same nodes are joined, so a thousand parallel nodes need three columns. Nodes of a cycle are omitted.
 */
export const drawRails = (nodes: readonly RailNode[], mark: (id: string) => string): RailLine[] => {
  const dependents = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { id, after } of nodes) for (const each of new Set(after)) dependents.get(each)?.push(id);
  const drawing: RailDrawing = { columns: [], ended: -1, lines: [] };
  for (const id of orderDepthFirst(nodes, dependents)) drawRailNode(drawing, { id, mark: mark(id), to: new Set(dependents.get(id)) });
  return drawing.lines.map(({ rails, node }) => ({ rails: rails.trimEnd(), node }));
};

type RailDrawing = {
  columns: (OpenRail | null)[];
  /** The column of a node without successors in the line above; a node directly below would look like its successor. -1 for none. */
  ended: number;
  readonly lines: RailLine[];
};

const drawRailNode = (drawing: RailDrawing, { id, mark, to }: { id: string; mark: string; to: Set<string> }): void => {
  const { columns, lines, ended } = drawing;
  const taken = columns.flatMap((rail, at) => (rail?.to.has(id) ? [at] : []));
  const remaining = columns.map((rail) => (rail?.to.delete(id) && rail.to.size === 0 ? null : rail));
  const column = chooseRailColumn(remaining, taken, ended);
  const shared = remaining.findIndex((rail) => rail !== null && hasSameIds(rail.to, to));
  const current = replaceRail(remaining, column, { to });
  const below = to.size === 0 || shared >= 0 ? replaceRail(remaining, column, null) : current;
  if (taken.length > 0) lines.push({ rails: drawRailJoint(columns, current, { from: taken, into: column }), node: null });
  lines.push({ rails: current.map((rail, at) => (at === column ? mark : rail ? "|" : " ")).join(" "), node: id });
  if (shared >= 0) lines.push({ rails: drawRailJoint(current, below, { from: [column], into: shared }), node: null });
  drawing.columns = below;
  drawing.ended = to.size === 0 ? column : -1;
};

const hasSameIds = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => a.size === b.size && [...a].every((each) => b.has(each));

/** Chooses a node's column: below a rail that ends in the node, otherwise the first free one. */
const chooseRailColumn = (columns: readonly (OpenRail | null)[], taken: readonly number[], not: number): number => {
  const below = taken.find((at) => columns[at] === null);
  if (below !== undefined) return below;
  const isFree = (at: number): boolean => !columns[at] && (taken.length === 0 || at !== not);
  let free = 0;
  while (!isFree(free)) free += 1;
  return free;
};

/** Replaces one column and drops empty ones at the end. */
const replaceRail = (columns: readonly (OpenRail | null)[], at: number, rail: OpenRail | null): (OpenRail | null)[] => {
  const next = Array.from({ length: Math.max(columns.length, at + 1) }, (_, each) => (each === at ? rail : (columns[each] ?? null)));
  while (next.length > 0 && next.at(-1) === null) next.pop();
  return next;
};

type RailJoint = { readonly from: readonly number[]; readonly into: number };

/** Draws the line between two node lines: some columns join one, the others pass through. */
const drawRailJoint = (above: readonly (OpenRail | null)[], below: readonly (OpenRail | null)[], { from, into }: RailJoint): string => {
  const [first, last] = [Math.min(into, ...from), Math.max(into, ...from)];
  const cells = Array.from({ length: Math.max(above.length, below.length, last + 1) }, (_, at) => {
    const within = first < last && at >= first && at <= last;
    const passes = above[at] || below[at] ? "|" : within ? "-" : " ";
    const cell = !within ? passes : at === into ? "v" : !from.includes(at) ? passes : below[at] ? "+" : "'";
    return `${cell}${within && at < last ? "-" : " "}`;
  });
  return cells.join("");
};

/** Topological order that places successors as early as possible, so that rails stay short. */
const orderDepthFirst = (nodes: readonly RailNode[], dependents: ReadonlyMap<string, readonly string[]>): string[] => {
  const open = new Map(nodes.map(({ id, after }) => [id, new Set(after.filter((each) => dependents.has(each))).size]));
  const ready = nodes.flatMap(({ id }) => (open.get(id) === 0 ? [id] : [])).toReversed();
  const order: string[] = [];
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    order.push(id);
    const freed = (dependents.get(id) ?? []).filter((each) => {
      const remaining = (open.get(each) ?? 0) - 1;
      open.set(each, remaining);
      return remaining === 0;
    });
    ready.push(...freed.toReversed());
  }
  return order;
};
