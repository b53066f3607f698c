import type { Edge } from "./mermaid.ts";

/** A place in a layer: a node, or a point that a long edge goes through. */
export type Spot = { readonly id: string; readonly layer: number; readonly node: boolean };
export type Layers = {
  readonly layers: readonly (readonly Spot[])[];
  /** For each edge all spots that it visits, in order. */
  readonly routes: readonly (readonly Spot[])[];
  /** Neighbours one layer before and one after. */
  readonly before: ReadonlyMap<Spot, readonly Spot[]>;
  readonly after: ReadonlyMap<Spot, readonly Spot[]>;
};

/** More spots than anybody can look at. */
const MOST_SPOTS = 4_000;
const SWEEPS = 8;

type Links = { readonly waits: Map<string, number>; readonly next: ReadonlyMap<string, readonly string[]> };

const linksOf = (ids: readonly string[], edges: readonly Edge[]): Links => {
  const waits = new Map(ids.map((id) => [id, 0]));
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { from, to } of edges) {
    waits.set(to, (waits.get(to) ?? 0) + 1);
    next.get(from)?.push(to);
  }
  return { waits, next };
};

/** The layer of each node: one after the last of those that it comes after; null for a graph that goes in circles. */
const longestPaths = (ids: readonly string[], edges: readonly Edge[]): Map<string, number> | null => {
  const layer = new Map(ids.map((id) => [id, 0]));
  const { waits, next } = linksOf(ids, edges);
  const ready = ids.filter((id) => waits.get(id) === 0);
  for (let at = 0; at < ready.length; at += 1) {
    const id = ready[at] ?? "";
    for (const to of next.get(id) ?? []) {
      layer.set(to, Math.max(layer.get(to) ?? 0, (layer.get(id) ?? 0) + 1));
      const left = (waits.get(to) ?? 0) - 1;
      waits.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  return ready.length === ids.length ? layer : null;
};

const neighbours = (routes: readonly (readonly Spot[])[]): Pick<Layers, "before" | "after"> => {
  const before = new Map<Spot, Spot[]>();
  const after = new Map<Spot, Spot[]>();
  const add = (map: Map<Spot, Spot[]>, key: Spot, value: Spot): void => {
    const known = map.get(key);
    if (known) known.push(value);
    else map.set(key, [value]);
  };
  for (const route of routes) {
    for (const [at, spot] of route.entries()) {
      const next = route[at + 1];
      if (!next) continue;
      add(after, spot, next);
      add(before, next, spot);
    }
  }
  return { before, after };
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sorts each layer by where its neighbours stand, to and fro, so that few edges cross. */
const untangle = (layers: Spot[][], { before, after }: Pick<Layers, "before" | "after">): void => {
  const rank = new Map<Spot, number>();
  const number = (layer: readonly Spot[]): void => layer.forEach((spot, at) => rank.set(spot, at));
  layers.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const wish = new Map(
        layer.map((spot) => {
          const near = (down ? before : after).get(spot) ?? [];
          return [spot, near.length > 0 ? mean(near.map((each) => rank.get(each) ?? 0)) : (rank.get(spot) ?? 0)];
        }),
      );
      layer.sort((one, other) => (wish.get(one) ?? 0) - (wish.get(other) ?? 0));
      number(layer);
    }
  }
};

/** The nodes of a graph without circles in layers, long edges led through those between; null where it cannot be done or looked at. */
export const layer = (ids: readonly string[], edges: readonly Edge[]): Layers | null => {
  const depth = longestPaths(ids, edges);
  if (!depth) return null;
  const layers: Spot[][] = [];
  let count = 0;
  const put = (id: string, at: number, node: boolean): Spot => {
    const spot = { id, layer: at, node };
    count += 1;
    (layers[at] ??= []).push(spot);
    return spot;
  };
  const spots = new Map(
    [...ids].sort((a, b) => (depth.get(a) ?? 0) - (depth.get(b) ?? 0)).map((id) => [id, put(id, depth.get(id) ?? 0, true)]),
  );
  const seen = new Set<string>();
  const routes: Spot[][] = [];
  for (const { from, to } of edges) {
    const [start, end] = [spots.get(from), spots.get(to)];
    const key = `${from} ${to}`;
    if (!start || !end || seen.has(key)) continue;
    seen.add(key);
    if (count + end.layer - start.layer > MOST_SPOTS) return null;
    const between = Array.from({ length: end.layer - start.layer - 1 }, (_, at) => put(key, start.layer + at + 1, false));
    routes.push([start, ...between, end]);
  }
  const near = neighbours(routes);
  untangle(layers, near);
  return { layers, routes, ...near };
};
