import fc from "fast-check";

/** The suite plays the same examples every time; `ENKI_SEED` plays others. */
fc.configureGlobal({ seed: Number(process.env["ENKI_SEED"] ?? 1) });

const MAX_RUNS_OF_UNIT_TESTS = 100;

/** The played share of the deep tests' numbers: 1 in the deep tests (`ENKI_DEEP=1`), a twentieth in `.ci/run`, otherwise 0. */
const SHARE = Number(process.env["ENKI_DEEP"] ?? 0);

/** Returns the share of the first number, but at least the second. */
export const atDepth = (deep: number, elsewhere: number): number => Math.max(elsewhere, Math.round(deep * SHARE));

/** Returns the number of examples of a property: `count` in the deep tests, and otherwise at least `elsewhere`. */
export const runs = (count: number, elsewhere = Math.min(count, MAX_RUNS_OF_UNIT_TESTS)): number => atDepth(count, elsewhere);

export { fc };
