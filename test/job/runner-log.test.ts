import { expect, test } from "vitest";
import { openRunnerLog } from "../../src/job/runner-log.ts";

/** Finds the lines outside of stopped sections, which the runner would read as commands. */
const findCommands = (lines: readonly string[]): string[] => {
  let stopped: string | null = null;
  return lines.filter((line) => {
    const token: string | undefined = /^::stop-commands::(.+)$/.exec(line)?.[1];
    if (stopped !== null) stopped = line === `::${stopped}::` ? null : stopped;
    else if (token !== undefined) stopped = token;
    else return /^\s*::|##\[/.test(line);
    return false;
  });
};

test("whatever is logged, the runner reads no command of it, and reads those of the action", () => {
  const lines: string[] = [];
  const log = openRunnerLog({ print: (text) => void lines.push(...text.split("\n")), token: "secret-word", soon: () => undefined });
  log.write("asked on #1: /enki fix ##[set-output name=status]done");
  log.write("::add-mask::a");
  log.command(() => void lines.push("::add-mask::key"));
  log.write("::stop-commands::evil\n::set-output name=a::b");
  log.close();
  lines.push("::error::It failed: ##[x]");
  expect(findCommands(lines)).toEqual(["::add-mask::key", "::error::It failed: ##[x]"]);
  expect(lines.filter((line) => line.includes("secret-word"))).toHaveLength(4);
});

test("lines that come together are printed together, in order, before a command and before the end", () => {
  const printed: string[] = [];
  const calls: (() => void)[] = [];
  const log = openRunnerLog({ print: (text) => void printed.push(text), token: "t", soon: (call) => void calls.push(call) });
  const pass = (): void => calls.splice(0).forEach((call) => call());
  log.write("1");
  log.write("2");
  expect(printed).toEqual([]);
  pass();
  expect(printed.splice(0)).toEqual(["::stop-commands::t", "1\n2"]);
  log.write("3");
  log.command(() => void printed.push("::add-mask::key"));
  pass();
  expect(printed.splice(0)).toEqual(["3", "::t::", "::add-mask::key"]);
  log.write("4");
  log.flush();
  log.write("5");
  log.close();
  pass();
  expect(printed).toEqual(["::stop-commands::t", "4", "5", "::t::"]);
});
