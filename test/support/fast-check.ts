import fc from "fast-check";

/** The suite plays the same examples every time; `ENKI_SEED` plays others. */
fc.configureGlobal({ seed: Number(process.env["ENKI_SEED"] ?? 1) });

const MAX_RUNS_OF_UNIT_TESTS = 100;

/** How many examples a property plays: all in the deep tests (`ENKI_DEEP=1`), a hundred at most elsewhere. */
export const runs = (count: number): number => (process.env["ENKI_DEEP"] === "1" ? count : Math.min(count, MAX_RUNS_OF_UNIT_TESTS));

export { fc };
