import { expect, test } from "vitest";
import { openYard } from "./yard.ts";

test("an urgent step takes the next free run, and a run in progress continues", () => {
  const yard = openYard({ parallel: 1, landsTogether: false });
  for (const name of ["a", "b", "c"]) yard.want(name);
  yard.rest();
  expect(yard.open()).toEqual(["base+a/1"]);
  yard.want("z", { rank: 1 });
  yard.rest();
  expect(yard.open()).toEqual(["base+a/1"]);
  yard.ends("base+a", "success");
  expect(yard.open()).toEqual(["base+a+z/1"]);
});

test("everything that an urgent step needs goes ahead with it, in its order", () => {
  const yard = openYard({ parallel: 1 });
  yard.want("a");
  yard.want("b");
  yard.want("c", { needs: ["b"] });
  yard.want("d", { needs: ["c"], rank: 1 });
  yard.want("e", { rank: -1 });
  yard.want("f");
  yard.rest();
  expect(yard.state().queue.items.map(({ task }) => task.at(-1))).toEqual(["b", "c", "d", "a", "f", "e"]);
});

test("the order is that of arrival again once nothing is urgent", () => {
  const yard = openYard({ parallel: 1, landsTogether: false });
  for (const name of ["a", "b", "c"]) yard.want(name);
  yard.want("c", { rank: 1 });
  yard.rest();
  expect(yard.open()).toEqual(["base+c/1"]);
  expect(yard.state().queue.items.map(({ task }) => task.at(-1))).toEqual(["c", "a", "b"]);
});
