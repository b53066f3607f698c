import { type HistoryEnd, type HistoryOptions, playHistory } from "./history.ts";
import { describeShape } from "./shape.ts";

/** A failing history with as few faults as its failure needs. */
export type Shrunk = { readonly end: HistoryEnd; readonly omitted: ReadonlySet<string>; readonly plays: number };

/** Omits faults, half of them first and single faults last, while the same invariant fails. Stops after `mostPlays` plays. */
export const shrinkHistory = async (options: HistoryOptions, failed: HistoryEnd, mostPlays = 60): Promise<Shrunk> => {
  const [violation] = failed.violations;
  let best: Shrunk = { end: failed, omitted: options.omitted ?? new Set(), plays: 0 };
  let plays = 0;
  for (let size = Math.ceil(failed.happened.length / 2); size >= 1 && plays < mostPlays;) {
    let isSmaller = false;
    for (let at = 0; at < best.end.happened.length && plays < mostPlays;) {
      const omitted = new Set([...best.omitted, ...best.end.happened.slice(at, at + size)]);
      plays += 1;
      const end = await playHistory({ ...options, omitted });
      if (end.violations[0]?.invariant === violation?.invariant && end.happened.length < best.end.happened.length) {
        best = { end, omitted, plays };
        isSmaller = true;
      } else at += size;
    }
    if (!isSmaller || size > 1) size = size === 1 ? 0 : Math.floor(size / 2);
  }
  return { ...best, plays };
};

const MAX_LINES = 60;

/** Describes the events in their order, in words for a person. */
export const describeScenario = ({ end, omitted }: Shrunk): string => {
  const told = end.log.filter((line) => !/ {2}\S+: octo\/demo: /.test(line));
  return [
    `seed ${end.seed}: ${end.violations.map(({ message }) => message).join("; ")}`,
    describeShape(end.shape),
    `${end.happened.length} faults are needed, ${omitted.size} are not: ${end.happened.join(", ")}`,
    ...told.slice(-MAX_LINES),
  ].join("\n");
};
