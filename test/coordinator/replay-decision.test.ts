import { expect, test } from "vitest";
import { replayDecision } from "../../src/coordinator/replay-decision.ts";
import { plan, step } from "../support/build.ts";
import { openStory } from "../conformance/story.ts";

test("replays a write of an earlier version with results without outcomes", async () => {
  const story = openStory();
  await story.run(plan(step("look", { output: "artifact" }), step("docs", { needs: ["look"] })));
  await story.end("work/", { end: "artifact", artifact: "# Found", output: "It is fine." });
  const write = story.state.writes.findLast(({ inputs }) => inputs.events.some(({ kind }) => kind === "resulted"));
  const without = (key: string, value: unknown): unknown => {
    if (key !== "result") return value;
    const { outcome: _, answer: __, replies: ___, ...result } = value as Record<string, unknown>;
    return result;
  };
  const old = JSON.parse(JSON.stringify(write?.inputs, without)) as unknown;
  const again = write && replayDecision(write.parent, old);
  const { id } = story.execution();
  expect(again?.executions[id]?.steps["look"]).toMatchObject({ state: "done", artifact: true });
  expect(again?.executions[id]?.steps["docs"]?.state).toBe("running");
});
