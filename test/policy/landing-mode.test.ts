import { expect, test } from "vitest";
import type { Rules } from "../../src/model/query.ts";
import { chooseMode } from "../../src/policy/landing-mode.ts";

const rules = (over: Partial<Rules> = {}): Rules => ({ known: true, types: [], checks: [], reviews: 0, methods: null, ...over });
const auto = { landing: "auto", refused: null } as const;

test.each([
  ["no rules", rules(), "exact"],
  ["rules that nobody shows", rules({ known: false }), "exact"],
  ["required checks", rules({ types: ["required_status_checks"], checks: [{ name: "build", app: null }] }), "exact"],
  ["pull requests without a review", rules({ types: ["pull_request"] }), "batch"],
  ["pull requests with a review", rules({ types: ["pull_request"], reviews: 1 }), "each"],
])("%s: %s", (_, given, mode) => {
  expect(chooseMode("main", given, auto)).toMatchObject({ ok: true, value: { mode } });
});

test("a push that GitHub refused leads to merging pull requests, with its words", () => {
  expect(chooseMode("main", rules({ known: false }), { landing: "auto", refused: "protected branch hook declined" })).toMatchObject({
    value: { mode: "each", why: expect.stringContaining("protected branch hook declined") },
  });
});

test.each([
  ["merge-queue", rules({ types: ["merge_queue"] })],
  ["linear-history", rules({ types: ["required_linear_history"] })],
  ["signatures", rules({ types: ["required_signatures"] })],
  ["merge-method", rules({ types: ["pull_request"], methods: ["squash", "rebase"] })],
])("%s: nothing can land, unless Enki is said to bypass it", (code, given) => {
  expect(chooseMode("main", given, auto)).toMatchObject({ ok: false, refusal: { code } });
  expect(chooseMode("main", given, { landing: "exact", refused: null })).toMatchObject({ ok: true, value: { mode: "exact" } });
});
