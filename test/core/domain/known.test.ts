import { describe, expect, expectTypeOf, it } from "vitest";
import { collectKnown, isAnyTrue, type Known, mapKnown, negate, replaceUnknown, UNKNOWN } from "../../../src/core/domain/known.ts";

describe("values that depend on facts", () => {
  it.each<[string, readonly Known<boolean>[], Known<boolean>]>([
    ["no values", [], false],
    ["false values", [false, false], false],
    ["an unknown value beside false ones", [false, UNKNOWN], UNKNOWN],
    ["a true value beside an unknown one", [UNKNOWN, true], true],
  ])("finds a true value among %s", (_title, values, expected) => {
    expect(isAnyTrue(values)).toBe(expected);
  });

  it("negates known values only", () => {
    const values: readonly Known<boolean>[] = [true, false, UNKNOWN];
    expect(values.map(negate)).toEqual([false, true, UNKNOWN]);
  });

  it("maps known values only, null and false included", () => {
    const values: readonly Known<false | null>[] = [null, false, UNKNOWN];
    expect(values.map((each) => mapKnown(each, (value) => `answer ${String(value)}`))).toEqual(["answer null", "answer false", UNKNOWN]);
  });

  it("replaces unknown values only", () => {
    const values: readonly Known<null>[] = [null, UNKNOWN];
    expect(values.map((each) => replaceUnknown(each, "substitute"))).toEqual([null, "substitute"]);
  });

  it("collects values if each of them is known", () => {
    expect(collectKnown([1, 2])).toEqual([1, 2]);
    expect(collectKnown([1, UNKNOWN])).toBe(UNKNOWN);
  });

  it("keeps unknown apart from null and undefined in types", () => {
    expectTypeOf<Known<string | null>>().not.toExtend<string | null | undefined>();
    expectTypeOf<undefined>().not.toExtend<Known<string | null>>();
  });
});
