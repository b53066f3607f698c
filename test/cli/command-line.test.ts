import { expect, test } from "vitest";
import { parseCommandLine } from "../../src/cli/command-line.ts";

test.each<[string, string, string[]]>([
  ["claude-agent-acp", "claude-agent-acp", []],
  ["  a   b\tc ", "a", ["b", "c"]],
  ['a "b c" \'d "e"\'', "a", ["b c", 'd "e"']],
  ['a --x="b c"d', "a", ["--x=b cd"]],
  ['a b\\ c \\"', "a", ["b c", '"']],
  ["a '$HOME' `ls` *", "a", ["$HOME", "`ls`", "*"]],
  ["a ''", "a", [""]],
  ["", "", []],
])("parses %j into a command and arguments", (text, command, args) => {
  expect(parseCommandLine(text)).toEqual({ command, args });
});
