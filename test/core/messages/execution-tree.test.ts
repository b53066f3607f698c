import { expect, test } from "vitest";
import { formatHeadline, formatTree, type TreeInput } from "../../../src/cli/execution-tree.ts";
import { openColours } from "../../../src/cli/terminal-colours.ts";
import { extendTimeline, startTimeline } from "../../../src/core/domain/execution-timeline.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const USAGE = { inputTokens: 1_200, cachedTokens: null, outputTokens: 300, costUsd: 0.25 };

/** Builds the terminal's tree of two steps. The second step is running. */
const runningTree = async (usage?: typeof USAGE): Promise<TreeInput> => {
  const it = openStory();
  const id = await it.propose(plan(step("read", { output: "artifact" }), step("write")));
  await it.approve();
  await it.end(`work/${id}-read`, { end: "artifact", artifact: "It is read.", ...(usage && { usage }) });
  const execution = it.execution();
  if (!execution) throw new Error("no execution");
  const timeline = it.state.writes.reduce(
    (known, { ledger, inputs }) => (ledger.executions[id] ? extendTimeline(known, ledger.executions[id], inputs.snapshot.now) : known),
    startTimeline(id),
  );
  return {
    execution,
    plan: it.state.ledger.plans[execution.plan ?? ""] ?? null,
    queue: undefined,
    hold: null,
    timeline,
    now: it.state.now,
    width: 80,
    colour: (text) => text,
  };
};

test("a live tree turns a sign beside each running step, and beside no other", async () => {
  const tree = await runningTree();
  const at = (now: number): string[] => formatTree({ ...tree, now, isLive: true }).map((line) => /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.exec(line)?.[0] ?? "");
  expect([at(200), at(400), at(2_000)]).toEqual([
    ["", "⠙"],
    ["", "⠹"],
    ["", "⠋"],
  ]);
  expect(formatTree(tree).join("")).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
});

test("the headline has the cost as far as attempts reported it", async () => {
  expect(formatHeadline(await runningTree(USAGE))).toContain(", at least $0.25");
  expect(formatHeadline(await runningTree())).not.toContain("$");
});

test("colours need a terminal, and neither NO_COLOR nor a dumb one", () => {
  const colour = (isInteractive: boolean, env: Record<string, string>): string => openColours({ isInteractive, env })("done", "done");
  expect(colour(true, {})).toBe("\u001b[32mdone\u001b[0m");
  expect([colour(false, {}), colour(true, { NO_COLOR: "1" }), colour(true, { TERM: "dumb" })]).toEqual(["done", "done", "done"]);
  expect(colour(true, { NO_COLOR: "" })).toBe("\u001b[32mdone\u001b[0m");
});
