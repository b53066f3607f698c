import type { Millis, Sha } from "./ids.ts";
import { DAY_MS } from "./durations.ts";

/** A verify command that was red in a run. */
export type CheckFailure = {
  readonly command: string;
  /** The failed tests that its report names, each once; absent without a report. */
  readonly tests?: readonly string[] | undefined;
  /** Whether the command was green when the same run repeated it. */
  readonly passedAgain: boolean;
};

/** The number of flakes, and the time of the latest. */
type FlakeCount = { readonly flakes: number; readonly lastAt: Millis };

/** The history of a verify command that flaked. */
export type CheckHistory = FlakeCount & {
  readonly command: string;
  /** The number of runs with a verdict since the first flake, including the runs of the first flake. */
  readonly runs: number;
  /** The tests that flaked, the most recent flake last. */
  readonly tests: readonly (FlakeCount & { readonly name: string })[];
};

/** A red run on a tree that was not green since. */
export type RedTree = { readonly tree: Sha; readonly failures: readonly CheckFailure[] };

/** The flaky checks of a base. */
export type Flakiness = {
  readonly checks: readonly CheckHistory[];
  /** Oldest first. */
  readonly redTrees: readonly RedTree[];
};

/** A command that may be repeated in the same run. */
export type KnownFlake = {
  readonly command: string;
  /** Whether its red runs count as flakes even without a report of its tests. */
  readonly withoutReport: boolean;
  /** The command is repeated if only these tests fail. */
  readonly tests: readonly string[];
};

/** The largest number of red commands that a run reports, of failed tests for each, and of characters of a test's name. */
export const MAX_FAILED_COMMANDS = 100;
export const MAX_FAILED_TESTS = 50;
export const MAX_TEST_NAME_CHARS = 200;

/** A check that did not flake for so long, in milliseconds, is no known flake any more. */
const FLAKE_MEMORY_MS = 30 * DAY_MS;

const isRemembered = (lastAt: Millis, now: Millis): boolean => now - lastAt < FLAKE_MEMORY_MS;

/** The checks and tests that flaked in the last 30 days. */
export const listFlakyChecks = (checks: readonly CheckHistory[], now: Millis): readonly CheckHistory[] =>
  checks
    .filter(({ lastAt }) => isRemembered(lastAt, now))
    .map((check) => ({ ...check, tests: check.tests.filter(({ lastAt }) => isRemembered(lastAt, now)) }));
