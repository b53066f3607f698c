import {
  type CheckFailure,
  type CheckHistory,
  type Flakiness,
  type KnownFlake,
  listFlakyChecks,
  type RedTree,
} from "../domain/flaky-check.ts";
import type { Millis, Sha } from "../domain/ids.ts";

/** Number of flakes after which a command may be repeated although its failed tests are unknown. */
const MIN_FLAKES_WITHOUT_REPORT = 2;
const MAX_CHECKS = 20;
const MAX_TESTS = 100;
const MAX_RED_TREES = 50;

const NO_FLAKINESS: Flakiness = { checks: [], redTrees: [] };

export type VerifiedTree = {
  readonly tree: Sha;
  readonly isGreen: boolean;
  readonly failures: readonly CheckFailure[];
  readonly now: Millis;
};

/**
 * Counts the end of a verify job. A command that was red and green on the same tree flaked, and so did the tests named by its red run; a
 * tree that stays red proves nothing.
 */
export const recordFlakes = (before: Flakiness | undefined, { tree, isGreen, failures, now }: VerifiedTree): Flakiness | undefined => {
  const { checks, redTrees } = before ?? NO_FLAKINESS;
  const repeated = failures.filter(({ passedAgain }) => passedAgain);
  const red = failures.filter(({ passedAgain }) => !passedAgain);
  const earlier = isGreen ? redTrees.filter((each) => each.tree === tree).flatMap((each) => each.failures) : [];
  const kept = listFlakyChecks(checks, now).map((each) => ({ ...each, runs: each.runs + 1 }));
  const counted = [...repeated, ...earlier].reduce((known, failure) => countFlake(known, failure, now), kept);
  const open = isGreen ? redTrees.filter((each) => each.tree !== tree) : addRedTree(redTrees, { tree, failures: red });
  return counted.length === 0 && open.length === 0 ? undefined : { checks: counted, redTrees: open };
};

const addRedTree = (redTrees: readonly RedTree[], added: RedTree): readonly RedTree[] =>
  added.failures.length === 0 ? redTrees : [...redTrees, added].slice(-MAX_RED_TREES);

const countFlake = (checks: readonly CheckHistory[], { command, tests = [], passedAgain }: CheckFailure, now: Millis): CheckHistory[] => {
  const known = checks.find((each) => each.command === command) ?? {
    command,
    flakes: 0,
    lastAt: now,
    runs: passedAgain ? 1 : 2,
    tests: [],
  };
  const recent = known.tests.filter(({ name }) => !tests.includes(name));
  const flaked = tests.map((name) => ({ name, flakes: (known.tests.find((each) => each.name === name)?.flakes ?? 0) + 1, lastAt: now }));
  const next = { ...known, flakes: known.flakes + 1, lastAt: now, tests: [...recent, ...flaked].slice(-MAX_TESTS) };
  return [...checks.filter((each) => each.command !== command), next].slice(-MAX_CHECKS);
};

/** Whether a command that was just red may be repeated in the same run. `tests`: the failed tests; undefined without a report. */
export const mayRepeatCommand = (known: readonly KnownFlake[], command: string, tests: readonly string[] | undefined): boolean => {
  const flake = known.find((each) => each.command === command);
  if (!flake) return false;
  return tests === undefined ? flake.withoutReport : tests.length > 0 && tests.every((name) => flake.tests.includes(name));
};

/** Commands that a run may repeat before accusing a step: only known tests of the command failed, or the command flaked at least twice. */
export const listKnownFlakes = (flakiness: Flakiness | undefined): readonly KnownFlake[] =>
  (flakiness?.checks ?? []).map(({ command, flakes, tests }) => ({
    command,
    withoutReport: flakes >= MIN_FLAKES_WITHOUT_REPORT,
    tests: tests.map(({ name }) => name),
  }));
