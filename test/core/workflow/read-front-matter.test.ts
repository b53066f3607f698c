import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type FrontMatter, readFrontMatter } from "../../../src/core/workflow/read-front-matter.ts";

const read = (text: string): { front: FrontMatter | null; faults: string[] } => {
  const faults: string[] = [];
  const front = readFrontMatter(text, ({ code, line }) => faults.push(`${line} ${code}`));
  return { front, faults };
};

test.each([
  ["YAML", "---\na: 1\n---\nbody\n", 2, 4],
  ["YAML after empty lines", "\n \n---  \na: 1\n---  \nbody\n", 4, 5],
  ["YAML with Windows line ends", "\uFEFF---yml\r\n\r\na: 1\r\n---\r\nbody\r\n", 3, 5],
  ["TOML", "+++toml\na = 1\n+++\nbody\n", 2, 4],
  ["JSON", '---json\n{\n"a": 1}\n---\nbody\n', 3, 5],
  ["bare JSON", '\n{\n"a": 1}\n\nbody\n', 3, 5],
])("%s: values, body and line numbers", (_, text, keyLine, bodyLine) => {
  const { front, faults } = read(text);
  expect(faults).toEqual([]);
  expect(front).toMatchObject({ data: { a: 1 }, bodyLine });
  expect(front?.body.trim()).toBe("body");
  expect(front?.lineOf(["a"])).toBe(keyLine);
});

test.each([
  ["a value that is wrong", "\n---\nok: 1\na: b: c\n---\n", ["4 bad-front-matter"]],
  ["a key that stands there twice", '{\n"a": 1,\n"a": 2}\n\n', ["3 duplicate-key"]],
  ["JavaScript", "---js\nprocess.exit(1)\n---\n", ["1 unknown-format"]],
  ["a language with the name of a JavaScript object's own", "---constructor\na\n---\n", ["1 unknown-format"]],
  ["an opening without a line break", "---", ["1 open-front-matter"]],
  ["no closing: faults of the text are not reported", "\n---\na: [1\n", ["2 open-front-matter"]],
  ["a closing that is longer", "---\na: 1\n----\n", ["3 open-front-matter"]],
  ["thousands of blanks", `---\n#${" ".repeat(3_000)}\n---\n`, ["1 bad-front-matter"]],
])("reports the line of a fault: %s", (_, text, expected) => {
  expect(read(text)).toEqual({ front: null, faults: expected });
});

test("front matter of only comments has no keys", () => {
  expect(read("---\n# nothing\n---\nbody\n").front).toMatchObject({ data: {}, bodyLine: 4 });
});

test.each(["cli.cjs", "action.js", "app.cjs"])(
  "gray-matter's engines, which evaluate JavaScript, are not in the bundle of %s",
  (bundle) => {
    const text = readFileSync(new URL(`../../../dist/${bundle}`, import.meta.url), "utf8");
    expect(text).not.toMatch(/stringifying JavaScript is not supported|\beval\(str\)/);
  },
);
