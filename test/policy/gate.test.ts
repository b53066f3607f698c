import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Check } from "../../src/model/query.ts";
import { judgeChecks, MEANINGS, ofBase, OWN_JOBS, overdue, quietUntil } from "../../src/policy/gate.ts";

const check = (over: Partial<Check> = {}): Check => ({
  id: 1,
  name: "build",
  app: { id: 15_368, slug: "github-actions" },
  state: "success",
  started: 1_000,
  at: 2_000,
  ...over,
});
const build = { name: "build", app: null };

describe("each state of a check has one meaning", () => {
  test.each(Object.entries(MEANINGS).filter(([state]) => !["missing", "other-app", "earlier-red", "unknown"].includes(state)))(
    "%s",
    (state, row) => {
      expect(judgeChecks([build], [check({ state })], 0)).toEqual({ means: row.means, why: `The check \`build\`: ${row.why}` });
    },
  );

  test("only what GitHub takes for a pass is green, only what failed is red", () => {
    const of = (means: string): string[] => Object.entries(MEANINGS).flatMap(([state, row]) => (row.means === means ? [state] : []));
    expect(of("green")).toEqual(["success", "neutral", "skipped"]);
    expect(of("red")).toEqual(["failure", "error"]);
    expect(of("fault")).toEqual(["cancelled", "timed_out", "startup_failure", "stale"]);
  });

  test("one that Enki does not know is waited for", () => {
    expect(judgeChecks([build], [check({ state: "blessed" })], 0).means).toBe("wait");
  });
});

describe("what is required", () => {
  test("9 nothing has reported: not green, and it is named when its time is up", () => {
    const judged = judgeChecks([build], [], 0);
    expect(judged.means).toBe("wait");
    expect(overdue(judged)).toMatch(/`build`: no check of that name has reported/);
  });

  test("18 what is left out by a path filter is named with its remedy", () => {
    expect(overdue(judgeChecks([build], [check({ state: "pending" })], 0))).toMatch(/`build`.*`if: always\(\)`/);
  });

  test("10 one of two has not reported: wait", () => {
    expect(judgeChecks([build, { name: "lint", app: null }], [check()], 0)).toMatchObject({
      means: "wait",
      why: expect.stringContaining("lint"),
    });
  });

  test.each(["other", "4711"])("11 of another app than %s: not green", (app) => {
    expect(judgeChecks([{ name: "build", app }], [check()], 0)).toMatchObject({
      means: "wait",
      why: expect.stringContaining("another app"),
    });
  });

  test.each(["github-actions", "15368"])("of its own app, by slug or id (%s)", (app) => {
    expect(judgeChecks([{ name: "build", app }], [check()], 0).means).toBe("green");
  });

  test("a commit status counts under its context; what nobody requires does not count", () => {
    const statuses = [check({ app: null, state: "success" }), check({ name: "other", state: "failure" })];
    expect(judgeChecks([build], statuses, 0).means).toBe("green");
  });

  test("red overrules all, a fault overrules what is waited for", () => {
    const required = ["a", "b", "c", "d"].map((name) => ({ name, app: null }));
    const states = { a: "success", b: "queued", c: "cancelled", d: "failure" };
    const found = Object.entries(states).map(([name, state]) => check({ name, state }));
    expect(judgeChecks(required, found, 0).means).toBe("red");
    expect(judgeChecks(required.slice(0, 3), found, 0).means).toBe("fault");
    expect(judgeChecks(required.slice(0, 2), found, 0).means).toBe("wait");
  });
});

describe("re-runs", () => {
  const red = check({ state: "failure" });
  test.each([
    ["14 red after green", check({ id: 2, started: 3_000, state: "failure" }), "red"],
    ["15 green after red", check({ id: 2, started: 3_000, state: "success" }), "green"],
    ["under way", check({ id: 2, started: 3_000, state: "in_progress" }), "wait"],
  ])("%s: the newest counts, in whatever order they are listed", (_, again, means) => {
    const first = means === "red" ? check() : red;
    expect(judgeChecks([build], [again, first], 0).means).toBe(means);
    expect(judgeChecks([build], [first, again], 0).means).toBe(means);
  });

  test("what was red before this verification began is waited for, what was green counts", () => {
    expect(judgeChecks([build], [red], 5_000).means).toBe("wait");
    expect(judgeChecks([build], [check()], 5_000).means).toBe("green");
  });
});

describe("all checks are required", () => {
  const any = { name: "*", app: null };
  const ci = { id: 7, slug: "ci" };

  test("9 none is not green", () => {
    expect(judgeChecks([any], [], 0)).toEqual({ means: "wait", why: "No check has reported" });
    expect(judgeChecks([{ name: "*", app: "ci" }], [check()], 0)).toEqual({ means: "wait", why: "No check of `ci` has reported" });
  });

  test.each([
    ["green", ["success", "neutral"]],
    ["red", ["success", "failure"]],
    ["fault", ["success", "cancelled"]],
    ["wait", ["success", "in_progress"]],
  ])("%s where they are %j", (means, states) => {
    const found = states.map((state, at) => check({ name: `check ${at}`, state }));
    expect(judgeChecks([any], found, 0).means).toBe(means);
    const others = found.map((each) => ({ ...each, app: ci }));
    expect(judgeChecks([{ name: "*", app: "ci" }], [check({ state: "failure" }), ...others], 0).means).toBe(means);
  });

  test("one of the same name by two apps counts twice, a re-run counts once, and Enki's own status does not", () => {
    const [old, again] = [check({ state: "failure" }), check({ id: 2, started: 3_000 })];
    expect(judgeChecks([any], [old, again], 0).means).toBe("green");
    expect(judgeChecks([any], [again, check({ app: ci, state: "failure" })], 0).means).toBe("red");
    expect(judgeChecks([any], [again, check({ name: "enki/refinery", app: null, state: "pending" })], 0).means).toBe("green");
  });

  test("what is named besides is waited for", () => {
    expect(judgeChecks([any, { name: "lint", app: null }], [check()], 0)).toMatchObject({
      means: "wait",
      why: expect.stringContaining("lint"),
    });
  });

  test("13 more may begin until nothing was said for a while; what is named is waited for by name", () => {
    expect(quietUntil([any], [check({ at: 2_000 }), check({ name: "lint", at: 5_000 })], 30_000)).toBe(35_000);
    expect(quietUntil([build], [check()], 30_000)).toBe(0);
    expect(quietUntil([], [check()], 30_000)).toBe(0);
  });

  test("Enki's own jobs are those of its workflow file", () => {
    const file = readFileSync(new URL("../../.github/workflows/enki-step.yml", import.meta.url), "utf8");
    expect([...OWN_JOBS]).toEqual(Object.keys((parse(file) as { jobs: object }).jobs));
  });

  test("of a base counts what began since, and no job of Enki's own", () => {
    const found = [check({ name: "deploy" }), check({ name: "lint", started: 5_000 }), check({ name: "verify", started: 5_000 })];
    expect(ofBase([any], found, 5_400).map(({ name }) => name)).toEqual(["lint"]);
    expect(ofBase([any, { name: "deploy", app: null }], found, 5_400).map(({ name }) => name)).toEqual(["deploy", "lint"]);
  });
});
