import { expect, test } from "vitest";
import { decide } from "../../../src/core/decisions/decide.ts";
import type { QueryFacts } from "../../../src/core/domain/query.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const runUrl = (it: ReturnType<typeof openStory>): string => {
  const { id = 0 } = it.state.runs.find(({ name }) => name.startsWith("verify/")) ?? {};
  return `https://github.test/octo/demo/actions/runs/${id}`;
};

/** Lists the statuses that every stored decision requests under the given rules. */
const requestedStatuses = ({ state }: ReturnType<typeof openStory>, rules: number) =>
  state.writes.flatMap(({ inputs: { events, snapshot }, parent }) => {
    const again = decide(events, { ...snapshot, rules, ledger: parent, facts: new Map(snapshot.facts) as QueryFacts });
    return again.kind === "act" ? again.effects.filter((effect) => effect.kind === "set-status") : [];
  });

const RULES = { isReadable: true, types: [], checks: [{ name: "enki/refinery", app: null }], requiredReviews: 0, allowedMethods: null };

test("a required status of the commit that lands links to the run that verified it", async () => {
  const it = openStory();
  it.state.rules = RULES;
  await it.propose(plan(step("a")));
  await it.approve();
  await it.landed("a");
  expect(it.state.statuses).toMatchObject([{ text: "Verified; landing now", url: runUrl(it) }]);
  it.replay();
});

test("a decision that an earlier version stored is decided again without the link", async () => {
  const it = openStory();
  it.state.rules = RULES;
  await it.propose(plan(step("a")));
  await it.approve();
  await it.landed("a");
  expect(requestedStatuses(it, 3).map(({ url }) => url)).toContain(runUrl(it));
  const earlier = requestedStatuses(it, 2);
  expect(earlier.length).toBeGreaterThan(0);
  expect(earlier.filter((status) => "url" in status)).toEqual([]);
});
