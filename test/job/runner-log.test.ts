import { expect, test } from "vitest";
import { openRunnerLog } from "../../src/job/runner-log.ts";

/** Lines that the runner would read as commands: those outside of stopped sections. */
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
  const log = openRunnerLog({ print: (line) => void lines.push(line), token: "secret-word" });
  log.write("asked on #1: /enki fix ##[set-output name=status]done");
  log.write("::add-mask::a");
  log.command(() => void lines.push("::add-mask::key"));
  log.write("::stop-commands::evil\n::set-output name=a::b");
  log.close();
  lines.push("::error::It failed: ##[x]");
  expect(findCommands(lines)).toEqual(["::add-mask::key", "::error::It failed: ##[x]"]);
  expect(lines.filter((line) => line.includes("secret-word"))).toHaveLength(4);
});
