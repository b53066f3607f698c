import { expect, test } from "vitest";
import { openHandle } from "../../src/handle.ts";
import { comment } from "../support/build.ts";
import { config } from "../support/config.ts";
import { memoryWorld } from "../support/memory-world.ts";

/** `end` waits for the first of two, and its loop begins again while the other is still at work. */
const RACE = `---
roles:
  begin: {}
  slow: {}
  quick: {}
  end: { join: any }
edges:
  - begin -> slow
  - begin -> quick
  - slow -> end
  - quick -> end
  - end -> begin until '{{ eq .Round 2 }}' max 3
---

## begin

Begin with {{ .Args }}.

## slow

Slow.

## quick

Quick.

## end

End.
`;

test("what a loop leaves behind when it begins again is stopped, and its late result changes nothing", async () => {
  const world = memoryWorld({ config: config({ workflows: { race: { path: "race.md", text: RACE } } }) });
  const handle = openHandle(world.world);
  const only = () => Object.values(world.state.ledger.executions)[0];
  const finish = async (name: string): Promise<string> => {
    const job = world.running().find((each) => each.includes(`-${name}/`));
    if (!job) throw new Error(`${name} does not run`);
    world.finish(job, { end: "success" });
    await handle([{ kind: "woken" }]);
    return job;
  };
  await handle([comment(1, { kind: "run", workflow: "race", args: "it" })]);
  await finish("begin");
  const slow = world.running().find((each) => each.includes("-slow/"));
  expect(slow).toBeDefined();
  await finish("quick");
  await finish("end");
  expect(only()?.steps["slow"]).toMatchObject({ state: "cancelled", why: { code: "given-up" } });
  await handle([{ kind: "woken" }]);
  expect(world.running()).not.toContain(slow);
  await finish("begin");
  expect(only()?.steps["slow"]).toMatchObject({ state: "running", attempt: 2 });
  await finish("slow");
  await finish("end");
  await finish("quick");
  expect(only()?.workflow?.over).toBe("done");
});
