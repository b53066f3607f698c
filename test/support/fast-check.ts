import fc from "fast-check";

/** The suite plays the same examples every time; `ENKI_SEED` plays others. */
fc.configureGlobal({ seed: Number(process.env["ENKI_SEED"] ?? 1) });

const MAX_RUNS_OF_UNIT_TESTS = 100;

/** The first number in the deep tests (`ENKI_DEEP=1`), the second elsewhere. */
export const atDepth = (deep: number, elsewhere: number): number => (process.env["ENKI_DEEP"] === "1" ? deep : elsewhere);

/** How many examples a property plays: all in the deep tests, and so many elsewhere. */
export const runs = (count: number, elsewhere = Math.min(count, MAX_RUNS_OF_UNIT_TESTS)): number => atDepth(count, elsewhere);

export { fc };
