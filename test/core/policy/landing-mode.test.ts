import { expect, test } from "vitest";
import type { BranchRules } from "../../../src/core/domain/github-facts.ts";
import { chooseLandingMode } from "../../../src/core/policy/landing-mode.ts";

const rules = (over: Partial<BranchRules> = {}): BranchRules => ({
  isReadable: true,
  types: [],
  checks: [],
  requiredReviews: 0,
  allowedMethods: null,
  ...over,
});
const auto = { landing: "auto", method: "auto", settingsMethods: null, deniedMethods: [], pushRefusal: null } as const;

test.each([
  ["no rules", rules(), "exact"],
  ["rules that nobody shows", rules({ isReadable: false }), "exact"],
  ["required checks", rules({ types: ["required_status_checks"], checks: [{ name: "build", app: null }] }), "exact"],
  ["pull requests without a review", rules({ types: ["pull_request"] }), "batch"],
  ["pull requests with a review", rules({ types: ["pull_request"], requiredReviews: 1 }), "each"],
  ["a merge queue", rules({ types: ["merge_queue", "pull_request", "required_linear_history"], requiredReviews: 1 }), "queue"],
])("%s: %s", (_, given, mode) => {
  expect(chooseLandingMode("main", given, auto)).toMatchObject({ ok: true, value: { mode } });
});

test("a refused push leads to merging pull requests, with GitHub's message", () => {
  expect(chooseLandingMode("main", rules({ isReadable: false }), { ...auto, pushRefusal: "protected branch hook declined" })).toMatchObject(
    {
      value: { mode: "each", reason: expect.stringContaining("protected branch hook declined") },
    },
  );
});

test.each([
  ["linear-history", rules({ types: ["required_linear_history"], allowedMethods: ["merge"] })],
  ["signatures", rules({ types: ["required_signatures"], allowedMethods: ["merge", "rebase"] })],
  ["signatures", rules({ types: ["required_signatures", "required_linear_history"], allowedMethods: ["rebase"] })],
  ["merge-method", rules({ types: ["pull_request"], allowedMethods: [] })],
])("%s: nothing can land unless Enki may bypass the rule; the next step is not a retry", (code, given) => {
  const refused = chooseLandingMode("main", given, auto);
  expect(refused).toMatchObject({ ok: false, refusal: { code, next: expect.stringContaining('landing = "exact"') } });
  expect(refused).not.toMatchObject({ refusal: { next: expect.stringContaining("retry") } });
  expect(chooseLandingMode("main", given, { ...auto, landing: "exact" })).toMatchObject({ ok: true, value: { mode: "exact" } });
});

test.each([
  ["a linear history", rules({ types: ["required_linear_history"] }), auto, "squash"],
  ["a linear history without squashes", rules({ types: ["required_linear_history"], allowedMethods: ["rebase"] }), auto, "rebase"],
  ["signed commits", rules({ types: ["required_signatures"] }), auto, "squash"],
  ["a rule of ways of merging", rules({ types: ["pull_request"], allowedMethods: ["squash", "rebase"] }), auto, "squash"],
  ["settings without merge commits", rules(), { ...auto, settingsMethods: ["squash"] as const }, "squash"],
  ["settings with rebases alone", rules(), { ...auto, settingsMethods: ["rebase"] as const }, "rebase"],
  ["a way that GitHub refused, and did not show", rules(), { ...auto, deniedMethods: ["merge", "squash"] as const }, "rebase"],
  ["a wish for squashes", rules(), { ...auto, method: "squash" as const }, "squash"],
  [
    "a refused push that speaks of merge commits",
    rules(),
    { ...auto, pushRefusal: "This branch must not contain merge commits." },
    "squash",
  ],
])("%s: pull requests one at a time, by the allowed method", (_, given, wish, method) => {
  expect(chooseLandingMode("main", given, wish)).toMatchObject({ ok: true, value: { mode: "each", method } });
});

test("settings and rules without a common method, and a configured method that is not allowed, are refused with both reasons", () => {
  const settings = ["merge"] as const;
  const apart = chooseLandingMode("main", rules({ types: ["required_linear_history"] }), { ...auto, settingsMethods: settings });
  expect(apart).toMatchObject({
    refusal: {
      code: "linear-history",
      message: expect.stringMatching(/linear history, but the repository's settings allow only merge commits/),
    },
  });
  const wanted = chooseLandingMode("main", rules(), { ...auto, settingsMethods: settings, method: "squash" });
  expect(wanted).toMatchObject({ refusal: { code: "merge-method", next: expect.stringContaining('method = "merge"') } });
});

test("a refused push that mentions a merge queue counts as a merge queue rule", () => {
  const refused = "Changes must be made through the merge queue";
  expect(chooseLandingMode("main", rules({ isReadable: false }), { ...auto, pushRefusal: refused })).toEqual(
    chooseLandingMode("main", rules({ types: ["merge_queue"] }), auto),
  );
});
