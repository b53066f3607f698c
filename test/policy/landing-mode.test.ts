import { expect, test } from "vitest";
import type { Rules } from "../../src/model/query.ts";
import { chooseMode } from "../../src/policy/landing-mode.ts";

const rules = (over: Partial<Rules> = {}): Rules => ({ known: true, types: [], checks: [], reviews: 0, methods: null, ...over });
const auto = { landing: "auto", method: "auto", settings: null, denied: [], refused: null } as const;

test.each([
  ["no rules", rules(), "exact"],
  ["rules that nobody shows", rules({ known: false }), "exact"],
  ["required checks", rules({ types: ["required_status_checks"], checks: [{ name: "build", app: null }] }), "exact"],
  ["pull requests without a review", rules({ types: ["pull_request"] }), "batch"],
  ["pull requests with a review", rules({ types: ["pull_request"], reviews: 1 }), "each"],
  ["a merge queue", rules({ types: ["merge_queue", "pull_request", "required_linear_history"], reviews: 1 }), "queue"],
])("%s: %s", (_, given, mode) => {
  expect(chooseMode("main", given, auto)).toMatchObject({ ok: true, value: { mode } });
});

test("a push that GitHub refused leads to merging pull requests, with its words", () => {
  expect(chooseMode("main", rules({ known: false }), { ...auto, refused: "protected branch hook declined" })).toMatchObject({
    value: { mode: "each", why: expect.stringContaining("protected branch hook declined") },
  });
});

test.each([
  ["linear-history", rules({ types: ["required_linear_history"], methods: ["merge"] })],
  ["signatures", rules({ types: ["required_signatures"], methods: ["merge", "rebase"] })],
  ["signatures", rules({ types: ["required_signatures", "required_linear_history"], methods: ["rebase"] })],
  ["merge-method", rules({ types: ["pull_request"], methods: [] })],
])("%s: nothing can land, unless Enki is said to bypass it; the way on is no retry", (code, given) => {
  const refused = chooseMode("main", given, auto);
  expect(refused).toMatchObject({ ok: false, refusal: { code, next: expect.stringContaining('landing = "exact"') } });
  expect(refused).not.toMatchObject({ refusal: { next: expect.stringContaining("retry") } });
  expect(chooseMode("main", given, { ...auto, landing: "exact" })).toMatchObject({ ok: true, value: { mode: "exact" } });
});

test.each([
  ["a linear history", rules({ types: ["required_linear_history"] }), auto, "squash"],
  ["a linear history without squashes", rules({ types: ["required_linear_history"], methods: ["rebase"] }), auto, "rebase"],
  ["signed commits", rules({ types: ["required_signatures"] }), auto, "squash"],
  ["a rule of ways of merging", rules({ types: ["pull_request"], methods: ["squash", "rebase"] }), auto, "squash"],
  ["settings without merge commits", rules(), { ...auto, settings: ["squash"] as const }, "squash"],
  ["settings with rebases alone", rules(), { ...auto, settings: ["rebase"] as const }, "rebase"],
  ["a way that GitHub refused, and did not show", rules(), { ...auto, denied: ["merge", "squash"] as const }, "rebase"],
  ["a wish for squashes", rules(), { ...auto, method: "squash" as const }, "squash"],
  ["a refused push that speaks of merge commits", rules(), { ...auto, refused: "This branch must not contain merge commits." }, "squash"],
])("%s: pull requests one at a time, by the way that is allowed", (_, given, wish, method) => {
  expect(chooseMode("main", given, wish)).toMatchObject({ ok: true, value: { mode: "each", method } });
});

test("settings and rules that leave no way in common, and a way that is asked for and not allowed, are refused with both sides", () => {
  const settings = ["merge"] as const;
  const apart = chooseMode("main", rules({ types: ["required_linear_history"] }), { ...auto, settings });
  expect(apart).toMatchObject({
    refusal: {
      code: "linear-history",
      why: expect.stringMatching(/linear history, but the repository's settings allow only merge commits/),
    },
  });
  const wanted = chooseMode("main", rules(), { ...auto, settings, method: "squash" });
  expect(wanted).toMatchObject({ refusal: { code: "merge-method", next: expect.stringContaining('method = "merge"') } });
});

test("a refused push that speaks of a merge queue is what a rule of one is", () => {
  const refused = "Changes must be made through the merge queue";
  expect(chooseMode("main", rules({ known: false }), { ...auto, refused })).toEqual(
    chooseMode("main", rules({ types: ["merge_queue"] }), auto),
  );
});
