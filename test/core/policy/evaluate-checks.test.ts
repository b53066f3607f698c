import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Check } from "../../../src/core/domain/github-facts.ts";
import {
  evaluateChecks,
  CHECK_STATE_MEANINGS,
  selectBaseChecks,
  ENKI_JOB_NAMES,
  describeOverdueCheck,
  findQuietEnd,
} from "../../../src/core/policy/evaluate-checks.ts";

const check = (over: Partial<Check> = {}): Check => ({
  id: 1,
  name: "build",
  app: { id: 15_368, slug: "github-actions" },
  state: "success",
  startedAt: 1_000,
  updatedAt: 2_000,
  ...over,
});
const build = { name: "build", app: null };

describe("each state of a check has one meaning", () => {
  test.each(Object.entries(CHECK_STATE_MEANINGS).filter(([state]) => !["missing", "other-app", "earlier-red", "unknown"].includes(state)))(
    "%s",
    (state, row) => {
      expect(evaluateChecks([build], [check({ state })], 0)).toEqual({ means: row.means, reason: `The check \`build\`: ${row.reason}` });
    },
  );

  test("only states that GitHub counts as a pass are green, only failures are red", () => {
    const of = (means: string): string[] =>
      Object.entries(CHECK_STATE_MEANINGS).flatMap(([state, row]) => (row.means === means ? [state] : []));
    expect(of("green")).toEqual(["success", "neutral", "skipped"]);
    expect(of("red")).toEqual(["failure", "error"]);
    expect(of("fault")).toEqual(["cancelled", "timed_out", "startup_failure", "stale"]);
  });

  test("an unknown state is awaited", () => {
    expect(evaluateChecks([build], [check({ state: "blessed" })], 0).means).toBe("wait");
  });
});

describe("what is required", () => {
  test("9 a check without a report is not green, and is named after its time-out", () => {
    const judged = evaluateChecks([build], [], 0);
    expect(judged.means).toBe("wait");
    expect(describeOverdueCheck(judged)).toMatch(/`build`: no check of that name has reported/);
  });

  test("18 a check skipped by a path filter is reported with its remedy", () => {
    expect(describeOverdueCheck(evaluateChecks([build], [check({ state: "pending" })], 0))).toMatch(/`build`.*`if: always\(\)`/);
  });

  test("10 one of two has not reported: wait", () => {
    expect(evaluateChecks([build, { name: "lint", app: null }], [check()], 0)).toMatchObject({
      means: "wait",
      reason: expect.stringContaining("lint"),
    });
  });

  test.each(["other", "4711"])("11 of another app than %s: not green", (app) => {
    expect(evaluateChecks([{ name: "build", app }], [check()], 0)).toMatchObject({
      means: "wait",
      reason: expect.stringContaining("another app"),
    });
  });

  test.each(["github-actions", "15368"])("of its own app, by slug or id (%s)", (app) => {
    expect(evaluateChecks([{ name: "build", app }], [check()], 0).means).toBe("green");
  });

  test("a commit status counts under its context; checks that are not required are ignored", () => {
    const statuses = [check({ app: null, state: "success" }), check({ name: "other", state: "failure" })];
    expect(evaluateChecks([build], statuses, 0).means).toBe("green");
  });

  test("red overrides everything, a fault overrides a wait", () => {
    const required = ["a", "b", "c", "d"].map((name) => ({ name, app: null }));
    const states = { a: "success", b: "queued", c: "cancelled", d: "failure" };
    const found = Object.entries(states).map(([name, state]) => check({ name, state }));
    expect(evaluateChecks(required, found, 0).means).toBe("red");
    expect(evaluateChecks(required.slice(0, 3), found, 0).means).toBe("fault");
    expect(evaluateChecks(required.slice(0, 2), found, 0).means).toBe("wait");
  });
});

describe("re-runs", () => {
  const red = check({ state: "failure" });
  test.each([
    ["14 red after green", check({ id: 2, startedAt: 3_000, state: "failure" }), "red"],
    ["15 green after red", check({ id: 2, startedAt: 3_000, state: "success" }), "green"],
    ["under way", check({ id: 2, startedAt: 3_000, state: "in_progress" }), "wait"],
  ])("%s: the newest counts, in whatever order they are listed", (_, again, means) => {
    const first = means === "red" ? check() : red;
    expect(evaluateChecks([build], [again, first], 0).means).toBe(means);
    expect(evaluateChecks([build], [first, again], 0).means).toBe(means);
  });

  test("a check that was red before this verification is awaited, a green one counts", () => {
    expect(evaluateChecks([build], [red], 5_000).means).toBe("wait");
    expect(evaluateChecks([build], [check()], 5_000).means).toBe("green");
  });
});

describe("all checks are required", () => {
  const any = { name: "*", app: null };
  const ci = { id: 7, slug: "ci" };

  test("9 none is not green", () => {
    expect(evaluateChecks([any], [], 0)).toEqual({ means: "wait", reason: "No check has reported" });
    expect(evaluateChecks([{ name: "*", app: "ci" }], [check()], 0)).toEqual({ means: "wait", reason: "No check of `ci` has reported" });
  });

  test.each([
    ["green", ["success", "neutral"]],
    ["red", ["success", "failure"]],
    ["fault", ["success", "cancelled"]],
    ["wait", ["success", "in_progress"]],
  ])("%s where they are %j", (means, states) => {
    const found = states.map((state, at) => check({ name: `check ${at}`, state }));
    expect(evaluateChecks([any], found, 0).means).toBe(means);
    const others = found.map((each) => ({ ...each, app: ci }));
    expect(evaluateChecks([{ name: "*", app: "ci" }], [check({ state: "failure" }), ...others], 0).means).toBe(means);
  });

  test("one of the same name by two apps counts twice, a re-run counts once, and Enki's own status does not", () => {
    const [old, again] = [check({ state: "failure" }), check({ id: 2, startedAt: 3_000 })];
    expect(evaluateChecks([any], [old, again], 0).means).toBe("green");
    expect(evaluateChecks([any], [again, check({ app: ci, state: "failure" })], 0).means).toBe("red");
    expect(evaluateChecks([any], [again, check({ name: "enki/refinery", app: null, state: "pending" })], 0).means).toBe("green");
  });

  test("a check that is also named is awaited", () => {
    expect(evaluateChecks([any, { name: "lint", app: null }], [check()], 0)).toMatchObject({
      means: "wait",
      reason: expect.stringContaining("lint"),
    });
  });

  test("13 more checks may start until the quiet time ends; named checks are awaited by name", () => {
    expect(findQuietEnd([any], [check({ updatedAt: 2_000 }), check({ name: "lint", updatedAt: 5_000 })], 30_000)).toBe(35_000);
    expect(findQuietEnd([build], [check()], 30_000)).toBe(0);
    expect(findQuietEnd([], [check()], 30_000)).toBe(0);
  });

  test("Enki's own jobs are those of its workflow file", () => {
    const file = readFileSync(new URL("../../../.github/workflows/enki-step.yml", import.meta.url), "utf8");
    expect([...ENKI_JOB_NAMES]).toEqual(Object.keys((parse(file) as { jobs: object }).jobs));
  });

  test("for a base, only checks started since its verification count, and no job of Enki", () => {
    const found = [check({ name: "deploy" }), check({ name: "lint", startedAt: 5_000 }), check({ name: "verify", startedAt: 5_000 })];
    expect(selectBaseChecks([any], found, 5_400).map(({ name }) => name)).toEqual(["lint"]);
    expect(selectBaseChecks([any, { name: "deploy", app: null }], found, 5_400).map(({ name }) => name)).toEqual(["deploy", "lint"]);
  });
});
