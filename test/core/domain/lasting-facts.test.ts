import { expect, test } from "vitest";
import { keepLastingFacts } from "../../../src/core/domain/lasting-facts.ts";
import { type QueryFact, toQueryKey } from "../../../src/core/domain/query.ts";

const PERMISSION: QueryFact = {
  kind: "permission",
  query: { kind: "permission", login: '{"kind":"contains"}' },
  answer: "write",
};
const CONTAINED: QueryFact = { kind: "contains", query: { kind: "contains", commit: "a", tip: "b" }, answer: true };

test("answers about commits survive a save, and GitHub's answers do not", () => {
  const facts = new Map([PERMISSION, CONTAINED].map((fact) => [toQueryKey(fact.query), fact]));
  expect([...keepLastingFacts(facts).values()]).toEqual([CONTAINED]);
});
