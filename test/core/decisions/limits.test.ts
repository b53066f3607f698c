import { describe, expect, test } from "vitest";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import type { PersonCommand } from "../../../src/core/domain/command.ts";
import { digestEffect, type Effect } from "../../../src/core/domain/effect.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import type { JobKey, JobResult } from "../../../src/core/domain/job.ts";
import { refuse } from "../../../src/core/domain/refusal.ts";
import { HOURLY_LIMITS, RESULT_LIMITS } from "../../../src/core/domain/usage.ts";
import { comment, plan, step } from "../../support/build.ts";
import { fc, runs } from "../../support/fast-check.ts";
import { memoryWorld } from "../../support/memory-world.ts";

const HOUR = 60 * 60_000;
const FIRST_ISSUE = 10_000;

/** Opens a repository, and records every write that Enki made for a person, with its time. */
const openHour = () => {
  const world = memoryWorld();
  const writers = new Map<string, string>();
  const writes: { by: string; at: number; effect: Effect }[] = [];
  let wakeAt: number | null = null;
  const writerOf = ({ kind, key }: Effect, body: string): string | null => {
    if (kind === "react") return writers.get(/^react:(\d+)/.exec(key)?.[1] ?? "") ?? null;
    if (kind !== "write-comment") return null;
    const [, shared] = /^write-comment:shared\/hint\/(\d+)$/.exec(key) ?? [];
    const [, id = shared && String(Number(shared) - FIRST_ISSUE)] = /^write-comment:reply\/(\d+)$/.exec(key) ?? [];
    return id === undefined ? (/`@([a-z0-9]+)`/.exec(body)?.[1] ?? null) : (writers.get(id) ?? null);
  };
  const performEffects: typeof world.world.performEffects = (effects, again, decidedAt) => {
    for (const effect of effects) {
      const by = writerOf(effect, "body" in effect ? effect.body : "");
      if (by === null || effect.key.startsWith("write-comment:execution/")) continue;
      // After a restart, an effect is requested again although it already exists.
      const isDone = writes.some((each) => each.effect.key === effect.key && digestEffect(each.effect) === digestEffect(effect));
      if (!isDone) writes.push({ by, at: world.state.now, effect });
    }
    return world.world.performEffects(effects, again, decidedAt);
  };
  let handle = openRepositoryLoop({ ...world.world, performEffects });
  let count = 0;
  const tell = async (...events: Event[]): Promise<void> => {
    ({ wakeAt } = await handle(events));
  };
  return {
    ...world,
    writes,
    tell,
    wakeAt: (): number | null => wakeAt,
    restart: (): void => {
      handle = openRepositoryLoop({ ...world.world, performEffects });
    },
    /** Returns a person's comment on an issue of its own. */
    written: (by: string, ...commands: PersonCommand[]): Event => {
      count += 1;
      writers.set(String(count), by);
      const refused = refuse("unknown-command", "There is no such command.");
      return {
        ...comment(count, ...commands),
        issue: FIRST_ISSUE + count,
        at: world.state.now,
        by,
        ...(commands.length === 0 && { requests: [{ ok: false, refusal: refused.refusal }] }),
      } as Event;
    },
    pass: (millis: number): void => void (world.state.now += millis),
    notes: (): string[] => world.state.comments.filter(({ body }) => body.includes("`@")).map(({ body }) => body.replace(/^.*\n\n/, "")),
  };
};

describe("a stranger's commands", () => {
  test("300 comments within an hour give a handful of writes, one of which counts them afterwards", async () => {
    const it = openHour();
    for (let at = 0; at < 300; at += 1) {
      await it.tell(it.written("stranger", { kind: "do", text: "mine coins" }));
      it.pass(5_000);
    }
    expect(it.writes).toHaveLength(2 * HOURLY_LIMITS.strangerAnswers + 1);
    expect(it.notes()).toEqual([
      "`@stranger` wrote more comments with commands than Enki answers within an hour (3). Further commands by `@stranger` have no effect until 01:00 UTC; `/enki stop`, `/enki pause` and `/enki cancel` by people with write permission still do.",
    ]);
    it.state.now = it.wakeAt() ?? 0;
    await it.tell({ kind: "woken" });
    expect(it.notes()).toEqual(["… and 297 more comments with commands by `@stranger` between 00:00 UTC and 01:00 UTC were not answered."]);
    expect(it.writes).toHaveLength(2 * HOURLY_LIMITS.strangerAnswers + 2);
    expect(it.state.ledger.usage).toEqual({});
    expect(it.state.ledger.executions).toEqual({});
  });

  test("leave those of others as they are, and are answered again after an hour", async () => {
    const it = openHour();
    for (let at = 0; at < 10; at += 1) await it.tell(it.written("stranger"));
    await it.tell(it.written("newcomer", { kind: "help" }));
    expect(it.writes.filter(({ by }) => by === "newcomer")).toHaveLength(2);
    it.pass(HOUR + 1);
    const before = it.writes.length;
    await it.tell(it.written("stranger", { kind: "help" }));
    // The writes are the count of ignored commands, a reaction and the answer.
    expect(it.writes.length - before).toBe(3);
  });

  test("count for the same person after a restart and on another process", async () => {
    const it = openHour();
    for (let at = 0; at < 20; at += 1) {
      it.restart();
      await it.tell(it.written("stranger"));
    }
    expect(it.writes).toHaveLength(2 * HOURLY_LIMITS.strangerAnswers + 1);
  });
});

describe("commands of a person with write permission", () => {
  test("have a generous bound, are told when they reach it, and can still stop everything", async () => {
    const it = openHour();
    await it.tell(it.written("maintainer", { kind: "do", text: "x" }));
    for (let at = 0; at < HOURLY_LIMITS.memberAnswers; at += 1) await it.tell(it.written("maintainer", { kind: "help" }));
    expect(it.notes()).toHaveLength(1);
    expect(it.notes()[0]).toContain("`@maintainer` wrote more comments with commands than Enki answers within an hour (200).");
    await it.tell(it.written("maintainer", { kind: "do", text: "ignored" }), it.written("maintainer", { kind: "stop" }));
    expect(Object.values(it.state.ledger.executions).map(({ state }) => state)).toEqual(["cancelled"]);
    expect(it.writes).toHaveLength(2 * HOURLY_LIMITS.memberAnswers + 1 - 1);
  });

  test("that are mistyped are answered beyond the bound of strangers", async () => {
    const it = openHour();
    for (let at = 0; at < 12; at += 1) await it.tell(it.written("maintainer"));
    expect(it.writes).toHaveLength(24);
  });

  test("start a bounded number of executions within an hour", async () => {
    const it = openHour();
    for (let at = 0; at < HOURLY_LIMITS.executions + 5; at += 1) await it.tell(it.written("maintainer", { kind: "do", text: "x" }));
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(HOURLY_LIMITS.executions);
    expect(it.state.comments.at(-1)?.body).toContain("`too-many-executions`");
    it.pass(HOUR + 1);
    await it.tell(it.written("maintainer", { kind: "do", text: "x" }));
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(HOURLY_LIMITS.executions + 1);
  });
});

describe("one result", () => {
  const planned = async (tools: JobResult["tools"]) => {
    const it = openHour();
    await it.tell(it.written("maintainer", { kind: "do", text: "x" }));
    it.finish(it.running()[0] as JobKey, { end: "success", tools: [{ kind: "propose", plan: plan(step("a")) }, ...tools] });
    it.pass(1_000);
    await it.tell({ kind: "woken" });
    return { ...it, own: it.state.comments.find(({ body }) => body.includes("enki:execution:"))?.body ?? "" };
  };
  const mail = { subject: "s", body: "b", priority: "normal", type: "info", thread: null, replyTo: null, ttl: null } as const;

  test("opens a bounded number of backlog issues, and its comment counts the others", async () => {
    const it = await planned(Array.from({ length: 1_000 }, (_, at) => ({ kind: "backlog-add", body: `idea ${at}` }) as const));
    expect(it.state.backlog).toHaveLength(RESULT_LIMITS.backlog);
    expect(it.own).toContain("exceeded its limits: 970 changes of the backlog had no effect.");
  });
  test("creates a bounded number of tasks", async () => {
    const it = await planned(Array.from({ length: 1_000 }, (_, at) => ({ kind: "quick", prompt: `task ${at}` }) as const));
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(1 + RESULT_LIMITS.tasks);
    expect(it.own).toContain("980 new tasks had no effect");
  });
  test("writes a bounded number of comments to people, and of mails", async () => {
    const it = await planned([
      ...Array.from({ length: 500 }, () => ({ kind: "mail-send", to: "user", ...mail }) as const),
      ...Array.from({ length: 500 }, () => ({ kind: "mail-send", to: "coordinator", ...mail }) as const),
    ]);
    expect(it.state.comments.filter(({ body }) => body.includes("enki:mail:"))).toHaveLength(RESULT_LIMITS.comments);
    expect(Object.keys(it.state.ledger.mails).length).toBeLessThanOrEqual(RESULT_LIMITS.mails);
    expect(it.own).toContain("950 mails, 40 comments to people had no effect");
  });
  test("leaves few notes in the ledger's commit, however much it asks for", async () => {
    const it = await planned(Array.from({ length: 3_000 }, () => ({ kind: "stop" }) as const));
    expect(it.state.writes.flatMap(({ notes }) => notes).length).toBeLessThan(40);
    expect(Object.values(it.state.ledger.executions)[0]?.proposals).toHaveLength(1);
  });
  test("several results of an hour share the bound of the person whom they work for", async () => {
    const it = openHour();
    const adds = Array.from({ length: RESULT_LIMITS.backlog }, (_, at) => ({ kind: "backlog-add", body: `idea ${at}` }) as const);
    for (let at = 0; at < 6; at += 1) {
      await it.tell(it.written("maintainer", { kind: "do", text: "x" }));
      const job = it.running().findLast((each) => each.startsWith("plan/")) as JobKey;
      it.finish(job, { end: "success", tools: [{ kind: "propose", plan: plan(step("a")) }, ...adds] });
      it.pass(1_000);
      await it.tell({ kind: "woken" });
    }
    expect(it.state.backlog).toHaveLength(HOURLY_LIMITS.backlog);
  });
});

test("over any history the writes for a person never exceed the bound in any hour", async () => {
  const people = ["stranger", "maintainer", "newcomer"];
  const bound: Readonly<Record<string, number>> = {
    stranger: 2 * HOURLY_LIMITS.strangerAnswers + 2,
    newcomer: 2 * HOURLY_LIMITS.strangerAnswers + 2,
    maintainer: 2 * HOURLY_LIMITS.memberAnswers + 2,
  };
  const command = fc.constantFrom<readonly PersonCommand[]>(
    [],
    [{ kind: "help" }],
    [{ kind: "do", text: "x" }],
    [{ kind: "stop" }],
    [{ kind: "status", target: null }],
  );
  const deed = fc.oneof(
    fc.record({
      by: fc.constantFrom(...people),
      commands: command,
      times: fc.integer({ min: 1, max: 30 }),
      pause: fc.integer({ min: 0, max: 400_000 }),
    }),
    fc.record({ wait: fc.constantFrom(HOUR / 2, HOUR - 1, HOUR, HOUR + 1), restart: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 1, maxLength: 25 }), async (deeds) => {
      const it = openHour();
      for (const each of deeds) {
        if ("wait" in each) {
          it.pass(each.wait);
          if (each.restart) it.restart();
          await it.tell({ kind: "woken" });
          continue;
        }
        for (let at = 0; at < each.times; at += 1) {
          await it.tell(it.written(each.by, ...each.commands));
          it.pass(each.pause);
        }
      }
      for (const { by, at } of it.writes) {
        const within = it.writes.filter((other) => other.by === by && other.at <= at && other.at > at - HOUR);
        expect(within.length).toBeLessThanOrEqual(bound[by] ?? 0);
      }
    }),
    { numRuns: runs(40, 10) },
  );
});
