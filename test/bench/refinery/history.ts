import type { Policy } from "../../../bench/refinery/policy.ts";
import type { Outcome } from "../../../bench/refinery/outcome.ts";
import { simulate } from "../../../bench/refinery/simulate.ts";
import type { Scene, Trace } from "../../../bench/refinery/trace.ts";

type Facts = Partial<Pick<Scene, "flakes" | "slots" | "start">> & {
  /** The time at which each step is ready. */ readonly ready: readonly number[];
  readonly bad?: readonly number[];
  readonly needs?: Readonly<Record<number, readonly number[]>>;
  readonly textual?: readonly (readonly [number, number])[];
  readonly semantic?: readonly (readonly [number, number])[];
  /** Steps that change the same file. `textual` contains the pairs. */
  readonly hot?: readonly number[];
  readonly pushes?: Trace["pushes"];
  readonly seed?: number;
};

/** Builds a trace from the given facts. */
export const history = ({ ready, bad = [], needs = {}, textual = [], semantic = [], hot = [], pushes = [], ...rest }: Facts): Trace => {
  const partners = (pairs: readonly (readonly [number, number])[]): number[][] =>
    ready.map((_, step) => pairs.flatMap(([a, b]) => (a === step ? [b] : b === step ? [a] : [])));
  const { flakes = 0, slots = 16, start = "ready", seed = 1 } = rest;
  return {
    scene: { shape: "flat", start, steps: ready.length, work: 0, bad: 0, flakes, textual: 0, semantic: 0, slots },
    seed,
    needs: ready.map((_, step) => needs[step] ?? []),
    work: ready,
    bad: ready.map((_, step) => bad.includes(step)),
    textual: partners(textual),
    semantic: partners(semantic),
    hot: ready.map((_, step) => hot.includes(step)),
    urgent: [],
    pushes,
  };
};

/** Returns `count` steps that are ready at the same time. */
export const atOnce = (count: number): number[] => Array.from({ length: count }, () => 0);

export const tell = (trace: Trace, policy: Policy): { readonly lines: readonly string[]; readonly outcome: Outcome } => {
  const lines: string[] = [];
  const outcome = simulate(trace, policy, (line) => void lines.push(line));
  return { lines, outcome };
};

/** Keeps the lines of the given kinds. */
export const only = (lines: readonly string[], ...kinds: readonly string[]): string[] =>
  lines.filter((line) => kinds.includes(line.split(" ")[1] ?? ""));
