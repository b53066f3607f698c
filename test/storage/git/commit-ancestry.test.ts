import { expect, test } from "vitest";
import { findAncestry } from "../../../src/storage/git/commit-ancestry.ts";
import type { ObjectFiles } from "../../../src/storage/git/object-files.ts";
import { fc } from "../../support/fast-check.ts";

const TREE = "f".repeat(40);
const toId = (index: number): string => index.toString(16).padStart(40, "0");

/** A history in which each commit lists the indices of its earlier parents, with the given dates. */
const openHistory = (commits: readonly { readonly parents: readonly number[]; readonly date: number }[]): ObjectFiles => {
  const objects = new Map(
    commits.map(({ parents, date }, index) => {
      const lines = [`tree ${TREE}`, ...parents.map((parent) => `parent ${toId(parent)}`), `author A <a@b> ${date} +0000`];
      return [toId(index), Buffer.from(`${[...lines, `committer A <a@b> ${date} +0000`].join("\n")}\n\none\n`)];
    }),
  );
  const read = (id: string) => {
    const content = objects.get(id);
    return content ? { type: "commit" as const, content } : null;
  };
  return { read, has: (id) => objects.has(id), write: () => TREE };
};

const histories = fc
  .array(fc.record({ parents: fc.array(fc.nat(30), { maxLength: 3 }), date: fc.nat(50) }), { minLength: 1, maxLength: 31 })
  .map((all) => all.map(({ parents, date }, index) => ({ date, parents: [...new Set(parents)].filter((parent) => parent < index) })));

test("a walk from both sides finds exactly the commits of a history, whatever its dates say", () => {
  fc.assert(
    fc.property(histories, (commits) => {
      const below = commits.map(() => new Set<number>());
      for (const [index, { parents }] of commits.entries()) {
        below[index]?.add(index);
        for (const parent of parents) for (const each of below[parent] ?? []) below[index]?.add(each);
      }
      const objects = openHistory(commits);
      for (const tip of commits.keys())
        for (const commit of commits.keys()) expect(findAncestry(objects, toId(commit), toId(tip))).toBe(below[tip]?.has(commit));
    }),
  );
});

test("only git can tell about commits that are missing, in part or whole, and about long histories", () => {
  const chain = Array.from({ length: 1_000 }, (_, index) => ({ parents: index === 0 ? [] : [index - 1], date: index }));
  const side = { parents: [], date: 2_000 };
  const objects = openHistory([...chain, side]);
  expect(findAncestry(objects, toId(998), toId(999))).toBe(true);
  expect(findAncestry(objects, toId(0), toId(999))).toBe(null);
  expect(findAncestry(objects, toId(1_000), toId(999))).toBe(null);
  expect(findAncestry(objects, toId(5_000), toId(999))).toBe(null);
  expect(findAncestry(openHistory([{ parents: [7], date: 1 }, side]), toId(1), toId(0))).toBe(null);
  expect(findAncestry(undefined, toId(0), toId(0))).toBe(null);
});
