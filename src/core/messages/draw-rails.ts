/** A node and what it comes after, by their ids. */
export type RailNode = { readonly id: string; readonly after: readonly string[] };

/** One line of a drawing: what stands left, and the node whose line it is; null between nodes. */
export type RailLine = { readonly rails: string; readonly node: string | null };

/** An open line that leads to these nodes; several nodes share one where all that comes after them is the same. */
type OpenRail = { readonly to: Set<string> };

/**
 * A graph drawn with rails, as `git log --graph` does: each node in a line of its own after all that it comes after, in letters of ASCII.
 * Rails that lead to the same nodes are joined, so that a thousand nodes side by side need three columns. Nodes of a cycle are left out.
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
  /** Where the line above has a node that leads nowhere: what stood right below it would seem to follow it. */
  ended: number;
  readonly lines: RailLine[];
};

const drawRailNode = (drawing: RailDrawing, { id, mark, to }: { id: string; mark: string; to: Set<string> }): void => {
  const { columns, lines, ended } = drawing;
  const taken = columns.flatMap((rail, at) => (rail?.to.has(id) ? [at] : []));
  const left = columns.map((rail) => (rail?.to.delete(id) && rail.to.size === 0 ? null : rail));
  const own = chooseRailColumn(left, taken, ended);
  const shared = left.findIndex((rail) => rail !== null && hasSameIds(rail.to, to));
  const here = replaceRail(left, own, { to });
  const below = to.size === 0 || shared >= 0 ? replaceRail(left, own, null) : here;
  if (taken.length > 0) lines.push({ rails: drawRailJoint(columns, here, { from: taken, into: own }), node: null });
  lines.push({ rails: here.map((rail, at) => (at === own ? mark : rail ? "|" : " ")).join(" "), node: id });
  if (shared >= 0) lines.push({ rails: drawRailJoint(here, below, { from: [own], into: shared }), node: null });
  drawing.columns = below;
  drawing.ended = to.size === 0 ? own : -1;
};

const hasSameIds = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => a.size === b.size && [...a].every((each) => b.has(each));

/** Where a node stands: below a rail that ends in it, else in the first free column. */
const chooseRailColumn = (columns: readonly (OpenRail | null)[], taken: readonly number[], not: number): number => {
  const below = taken.find((at) => columns[at] === null);
  if (below !== undefined) return below;
  const isFree = (at: number): boolean => !columns[at] && (taken.length === 0 || at !== not);
  let free = 0;
  while (!isFree(free)) free += 1;
  return free;
};

/** Columns with one of them changed; empty ones at the end are gone. */
const replaceRail = (columns: readonly (OpenRail | null)[], at: number, rail: OpenRail | null): (OpenRail | null)[] => {
  const next = Array.from({ length: Math.max(columns.length, at + 1) }, (_, each) => (each === at ? rail : (columns[each] ?? null)));
  while (next.length > 0 && next.at(-1) === null) next.pop();
  return next;
};

type RailJoint = { readonly from: readonly number[]; readonly into: number };

/** The line between two lines of nodes, in which some columns lead into one; others pass through it. */
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

/** Nodes after all that they come after; what a node leads to follows it as soon as it can, so that rails stay short. */
const orderDepthFirst = (nodes: readonly RailNode[], dependents: ReadonlyMap<string, readonly string[]>): string[] => {
  const open = new Map(nodes.map(({ id, after }) => [id, new Set(after.filter((each) => dependents.has(each))).size]));
  const ready = nodes.flatMap(({ id }) => (open.get(id) === 0 ? [id] : [])).toReversed();
  const order: string[] = [];
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    order.push(id);
    const freed = (dependents.get(id) ?? []).filter((each) => {
      const left = (open.get(each) ?? 0) - 1;
      open.set(each, left);
      return left === 0;
    });
    ready.push(...freed.toReversed());
  }
  return order;
};
