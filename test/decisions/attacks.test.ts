import { describe, expect, test } from "vitest";
import { openHandle } from "../../src/handle.ts";
import type { Event } from "../../src/model/event.ts";
import { taskId } from "../../src/model/ids.ts";
import type { Plan } from "../../src/model/plan.ts";
import { comment, plan, step } from "../support/build.ts";
import { memoryWorld } from "../support/memory-world.ts";

const HOUR = 3_600_000;

const open = (over: Parameters<typeof memoryWorld>[0] = {}) => {
  const world = memoryWorld(over);
  const handle = openHandle(world.world);
  const only = () => Object.values(world.state.ledger.executions)[0];
  return {
    ...world,
    only,
    tell: (...events: Event[]) => {
      world.state.now += 30_000;
      return handle(events);
    },
    replies: () => world.state.comments.filter(({ body }) => body.includes("reply:")).map(({ body }) => body),
    /** Asked for, planned and approved. */
    start: async (proposed: Plan): Promise<void> => {
      await handle([comment(1, { kind: "do", text: "x" })]);
      for (const job of world.running()) world.finish(job, { end: "success", tools: [{ kind: "propose", plan: proposed }] });
      await handle([{ kind: "woken" }]);
      await handle([comment(2, { kind: "approve-plan", plan: only()?.plan ?? "" })]);
    },
  };
};

describe("an old webhook that is delivered again", () => {
  const posted = (id: number, at: number, text: string): Event => ({
    ...(comment(id, { kind: "do", text }) as Extract<Event, { kind: "commanded" }>),
    at,
  });

  test("days later, when its id is forgotten and its comment was listed long ago, asks for nothing", async () => {
    const it = open();
    const first = posted(1, it.state.now, "x");
    await it.tell(first);
    await it.tell(comment(9, { kind: "cancel", target: null }));
    it.state.now += 25 * HOUR;
    await it.tell({ kind: "swept", until: it.state.now });
    await it.tell(posted(5, it.state.now, "y"));
    expect(it.state.ledger.handled["comment:1"]).toBeUndefined();
    await it.tell(comment(10, { kind: "cancel", target: null }));
    it.state.now += 25 * HOUR;
    await it.tell(first);
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(2);
  });

  test("and that nobody listed before is taken, however old it is", async () => {
    const it = open();
    const late = posted(1, it.state.now, "x");
    it.state.now += 25 * HOUR;
    await it.tell(late);
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(1);
  });
});

describe("names that every object has", () => {
  test.each(["constructor", "valueof", "tostring"])("`/enki cancel %s` finds nothing", async (name) => {
    const it = open();
    await it.start(plan(step("fix")));
    for (const target of [name, taskId(it.only()?.id ?? "", name)]) {
      await it.tell(comment(it.state.now, { kind: "cancel", target }), comment(it.state.now + 1, { kind: "retry", target }));
    }
    expect(Object.keys(it.only()?.steps ?? {})).toEqual(["fix"]);
    expect(it.replies().every((reply) => reply.includes("unknown-target"))).toBe(true);
    expect(it.replies()).toHaveLength(4);
  });

  test("are no step ids: such a plan is refused", async () => {
    const it = open();
    await it.start(plan(step("constructor")));
    expect(it.only()).toMatchObject({ state: "failed", why: { code: "bad-step-id" } });
  });
});
