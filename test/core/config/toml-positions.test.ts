import { expect, test } from "vitest";
import { locateTomlKeys } from "../../../src/core/config/toml-positions.ts";

const TEXT = `# a comment with = in it
name = "x" # verify = 1
"odd key" = '''
verify = "in a text"
'''
[agent] # [not.a.table]
args = [ "a", # "b"
  "c", [ "d" ] ]
env = { A = "1", B.c = "}" }

[[list]]
one = 1
[list.inner]
two = """a \\""" [x] """
[[list]]
one = 2
[agent.worker]
command = "w"
`;

test.each<[(string | number)[], number, number]>([
  [["name"], 2, 1],
  [["odd key"], 3, 1],
  [["agent"], 6, 1],
  [["agent", "args", 0], 7, 10],
  [["agent", "args", 1], 8, 3],
  [["agent", "args", 2, 0], 8, 10],
  [["agent", "env", "A"], 9, 9],
  [["agent", "env", "B", "c"], 9, 18],
  [["list", 0, "one"], 12, 1],
  [["list", 0, "inner", "two"], 14, 1],
  [["list", 1, "one"], 16, 1],
  [["agent", "worker", "command"], 18, 1],
  [["agent", "worker", "missing"], 17, 1],
  [["nothing"], 1, 1],
])("%j is at line %i, column %i", (path, line, column) => {
  expect(locateTomlKeys(TEXT)(path)).toEqual({ line, column });
});

test("any text is scanned to its end", () => {
  for (const text of ["[", "[[", "=", "a = [", "a = {", 'a = "', "]", "}", "a.b.", "\u0000"])
    expect(locateTomlKeys(text)(["a"]).line).toBe(1);
});

test("a key below thousands of dotted parts has the position of the key that encloses it", () => {
  const text = `\n${"a.".repeat(20_000)}b = 1\nc = 2\n`;
  const placeOf = locateTomlKeys(text);
  expect(placeOf([...Array.from({ length: 20_000 }, () => "a"), "b"])).toEqual({ line: 2, column: 1 });
  expect(placeOf(["c"])).toEqual({ line: 3, column: 1 });
});
