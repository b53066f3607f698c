import type { Layers, Spot } from "./layers.ts";

/** How much room each spot takes across its layer, and what is left free between two. */
export type Room = { readonly size: (spot: Spot) => number; readonly gap: number };

const SWEEPS = 6;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

type Placing = { readonly layers: Layers; readonly room: Room; readonly centre: Map<Spot, number> };

/** Gives each spot of a layer its wish as far as the order and the gaps allow, and takes back what all of them were pushed by. */
const settle = ({ room, centre }: Placing, layer: readonly Spot[], wish: (spot: Spot) => number): void => {
  let edge = -Infinity;
  const pushed = layer.map((spot) => {
    const half = room.size(spot) / 2;
    const at = Math.max(wish(spot), edge + half);
    edge = at + half + room.gap;
    centre.set(spot, at);
    return at - wish(spot);
  });
  const back = mean(pushed);
  for (const spot of layer) centre.set(spot, (centre.get(spot) ?? 0) - back);
};

/** Where the centre of each spot stands across its layer: near its neighbours, in order, without overlaps; nothing below zero. */
export const arrange = (layers: Layers, room: Room): ReadonlyMap<Spot, number> => {
  const placing: Placing = { layers, room, centre: new Map() };
  const { centre } = placing;
  for (const layer of layers.layers) settle(placing, layer, () => 0);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers.layers : [...layers.layers].reverse()) {
      settle(placing, layer, (spot) => {
        const near = (down ? layers.before : layers.after).get(spot) ?? [];
        return near.length > 0 ? mean(near.map((each) => centre.get(each) ?? 0)) : (centre.get(spot) ?? 0);
      });
    }
  }
  const least = [...centre].reduce((low, [spot, at]) => Math.min(low, at - room.size(spot) / 2), Infinity);
  return new Map([...centre].map(([spot, at]) => [spot, at - least]));
};
