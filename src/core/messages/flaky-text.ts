import type { CheckHistory } from "../domain/flaky-check.ts";
import { escapeInline, toInlineCode } from "./escape.ts";

/** A line in the log of a verify job that repeats a command. `tests`: the failed tests; undefined without a report. */
export const explainRepeat = (tests: readonly string[] | undefined): string =>
  tests === undefined
    ? "This command has failed before and then passed on the same files, so it runs once more."
    : `Each failed test has failed before and then passed on the same files, so the command runs once more: ${tests.join(", ")}`;

const MAX_SHOWN_TESTS = 5;

export const countTimes = (count: number): string => (count === 1 ? "once" : count === 2 ? "twice" : `${count} times`);

const describeFlakyTests = ({ tests }: CheckHistory): string => {
  if (tests.length === 0) return "";
  const worst = tests.toSorted((a, b) => b.flakes - a.flakes).slice(0, MAX_SHOWN_TESTS);
  const named = worst.map(({ name, flakes }) => `${name} (${countTimes(flakes)})`).join(", ");
  const more = tests.length - worst.length;
  return `: ${named}${more > 0 ? ` and ${more} more` : ""}`;
};

/**
 * The number of a command's flakes and the tests behind them, to be read after the command's name. Plain text with foreign names; the
 * caller escapes the text.
 */
export const describeFlakes = (check: CheckHistory): string =>
  `failed and then passed on the same files ${countTimes(check.flakes)} in ${check.runs} ${check.runs === 1 ? "run" : "runs"}${describeFlakyTests(check)}`;

const MAX_NOTE_CHARS = 1_200;

/** The flaky checks of a base branch, for the state of an execution; empty if none is known. */
export const renderFlakyNote = (baseBranch: string, checks: readonly CheckHistory[]): string =>
  checks.length === 0
    ? ""
    : [
        `Flaky on ${toInlineCode(baseBranch)} in the last 30 days:`,
        "",
        ...checks.map((check) => `- ${toInlineCode(check.command)} ${escapeInline(describeFlakes(check), MAX_NOTE_CHARS)}`),
      ].join("\n");
