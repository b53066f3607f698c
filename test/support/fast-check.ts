import fc from "fast-check";

/** The suite plays the same examples every time; `ENKI_SEED` plays others. */
fc.configureGlobal({ seed: Number(process.env["ENKI_SEED"] ?? 1) });

const MAX_RUNS_OF_UNIT_TESTS = 100;

/** The part of the deep tests' numbers that is played: all in the deep tests (`ENKI_DEEP=1`), a twentieth in `.ci/run`, none elsewhere. */
const SHARE = Number(process.env["ENKI_DEEP"] ?? 0);

/** The share of the first number, but at least the second. */
export const atDepth = (deep: number, elsewhere: number): number => Math.max(elsewhere, Math.round(deep * SHARE));

/** How many examples a property plays: all in the deep tests, and so many elsewhere. */
export const runs = (count: number, elsewhere = Math.min(count, MAX_RUNS_OF_UNIT_TESTS)): number => atDepth(count, elsewhere);

export { fc };
