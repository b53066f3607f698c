import { expect, test } from "vitest";
import { findAncestry, walkFirstParents } from "../../../src/storage/git/commit-ancestry.ts";
import type { ObjectFiles } from "../../../src/storage/git/object-files.ts";
import { fc } from "../../support/fast-check.ts";

const TREE = "f".repeat(40);
const toId = (index: number): string => index.toString(16).padStart(40, "0");

/** Creates a history in which each commit lists the indices of its earlier parents, with the given dates. */
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

/** Lists the history of each commit. */
const listHistories = (commits: readonly { readonly parents: readonly number[] }[]): Set<number>[] => {
  const below = commits.map(() => new Set<number>());
  for (const [index, { parents }] of commits.entries()) {
    below[index]?.add(index);
    for (const parent of parents) for (const each of below[parent] ?? []) below[index]?.add(each);
  }
  return below;
};

test("a walk from both sides finds exactly the commits of a history, whatever its dates say", () => {
  fc.assert(
    fc.property(histories, (commits) => {
      const below = listHistories(commits);
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

test("the first-parent line is what git lists without the history of its end, or git has to tell", () => {
  fc.assert(
    fc.property(histories, (commits) => {
      const below = listHistories(commits);
      const objects = openHistory(commits);
      for (const tip of commits.keys()) {
        const line: number[] = [];
        for (let at: number | undefined = tip; at !== undefined; at = commits[at]?.parents[0]) line.push(at);
        expect(walkFirstParents(objects, toId(tip), null)).toEqual(line.map((each) => toId(each)));
        for (const end of commits.keys()) {
          const expected = line.filter((each) => !below[end]?.has(each)).map((each) => toId(each));
          expect(walkFirstParents(objects, toId(tip), toId(end))).toEqual(line.includes(end) ? expected : null);
        }
      }
    }),
  );
});

test("only git can list the first parents of long lines and of lines with missing commits", () => {
  const chain = Array.from({ length: 1_000 }, (_, index) => ({ parents: index === 0 ? [] : [index - 1], date: index }));
  expect(walkFirstParents(openHistory(chain), toId(999), toId(900))).toHaveLength(99);
  expect(walkFirstParents(openHistory(chain), toId(999), null)).toBe(null);
  expect(walkFirstParents(openHistory([{ parents: [7], date: 1 }]), toId(0), null)).toBe(null);
  expect(walkFirstParents(undefined, toId(0), null)).toBe(null);
});
