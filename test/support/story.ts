import { expect } from "vitest";
import { decide } from "../../src/core/decisions/decide.ts";
import { openRepositoryLoop } from "../../src/coordinator/repository-loop.ts";
import type { PersonCommand } from "../../src/core/domain/command.ts";
import type { Event } from "../../src/core/domain/event.ts";
import { toTaskId } from "../../src/core/domain/ids.ts";
import type { JobKey } from "../../src/core/domain/job.ts";
import type { Plan } from "../../src/core/domain/plan.ts";
import type { QueryFacts } from "../../src/core/domain/query.ts";
import { toBranchRef, toTaskRef } from "../../src/core/domain/refs.ts";
import { comment } from "./build.ts";
import { type Fate, memoryWorld } from "./memory-world.ts";

/**
 * Opens stories of several executions, told in a line or two: each command is a maintainer's comment, and each job ends on the test's command.
 */
export const openStory = (over: Parameters<typeof memoryWorld>[0] = {}) => {
  const world = memoryWorld(over);
  let handle = openRepositoryLoop(world.world);
  let comments = 0;
  let last = "";
  let wakeAt: number | null = null;
  const tell = async (...events: Event[]): Promise<void> => {
    world.state.now += 30_000;
    world.state.heard.push(...events);
    ({ wakeAt } = await handle(events));
  };
  /** Writes commands on an issue, in a single comment. */
  const say = (issue: number, ...commands: PersonCommand[]): Promise<void> => {
    const said = comment((comments += 1), ...commands);
    return tell({ ...said, issue, at: world.state.now } as Event);
  };
  const execution = (id = last) => world.state.ledger.executions[id];
  const task = (step: string, id = last) => toTaskId(id, step);
  const isRunning = (job: string): boolean => world.running().includes(job as JobKey);
  const findVerification = (): JobKey | undefined =>
    world.running().find((job) => job.startsWith("verify/") && !job.startsWith("verify/trial-"));
  const isVerifying = (): boolean => findVerification() !== undefined;
  /** Ends the running job whose name starts with this text. */
  const end = async (start: string, fate: Fate = { end: "success" }): Promise<void> => {
    const job = world.running().find((each) => each.startsWith(start));
    expect(job, `a job ${start} runs`).toBeDefined();
    world.finish(job as JobKey, fate);
    await tell({ kind: "woken" });
  };
  const replies = (): string[] => world.state.comments.filter(({ body }) => body.includes("reply:")).map(({ body }) => body);
  return {
    ...world,
    tell,
    /** The time of the requested wake-up. */
    wakeAt: (): number | null => wakeAt,
    say,
    execution,
    task,
    end,
    isRunning,
    replies,
    lastReply: (): string => replies().at(-1) ?? "",
    /** Requests a plan on an issue and lets the planner answer. The new execution is then the default of the other functions. */
    propose: async (plan: Plan, issue = 1): Promise<string> => {
      const before = new Set(Object.keys(world.state.ledger.executions));
      await say(issue, { kind: "do", text: "make it so" });
      last = Object.keys(world.state.ledger.executions).find((id) => !before.has(id)) ?? "";
      await end(`plan/${last}`, { end: "success", tools: [{ kind: "propose", plan }] });
      return last;
    },
    approve: (issue = 1) =>
      say(issue, { kind: "approve-plan", plan: (execution()?.amendment?.plan ?? execution()?.plan ?? "").slice(0, 12) }),
    at: (step: string, id = last) => execution(id)?.steps[step],
    state_: (step: string, id = last) => execution(id)?.steps[step]?.state,
    states: (id = last) => Object.fromEntries(Object.values(execution(id)?.steps ?? {}).map((each) => [each.id, each.state])),
    /** Steps with a running job. */
    working: (id = last): string[] =>
      world
        .running()
        .filter((job) => job.startsWith(`work/${id}-`))
        .map((job) => job.split("/")[1]?.slice(id.length + 1) ?? ""),
    /** Ends a step without a landing. */
    ran: (step: string, id = last) => end(`work/${task(step, id)}/`, { end: "unchanged" }),
    worked: (step: string, id = last) => end(`work/${task(step, id)}/`),
    /** Ends the oldest run of a candidate. */
    verified: () => end(findVerification() ?? "verify/"),
    /** Ends the run of a trial. */
    tried: (fate?: Fate) => end("verify/trial-", fate),
    /** Ends each verification red, with this log, until none runs. */
    rejected: async (log = ""): Promise<void> => {
      while (isVerifying()) {
        world.reject(log);
        await tell({ kind: "woken" });
      }
    },
    /** Works on, verifies and lands a step. */
    landed: async (step: string, id = last): Promise<void> => {
      await end(`work/${task(step, id)}/`);
      while (isVerifying()) await end(findVerification() ?? "verify/");
      expect(execution(id)?.steps[step]?.landed).not.toBeNull();
    },
    fails: (step: string, id = last, why = "it broke") => end(`work/${task(step, id)}/`, { end: "failed", why }),
    head: (step: string, id = last) => world.state.refs[toTaskRef(task(step, id))],
    base: () => world.state.refs[toBranchRef("main")] ?? "",
    restart: (): void => {
      handle = openRepositoryLoop(world.world);
    },
    comment: (id = last) => world.state.comments.find(({ body }) => body.startsWith(`<!-- enki:execution:${id}`))?.body ?? "",
    pull: (step: string, id = last) => world.state.pulls.find(({ headRef }) => headRef === `task/${task(step, id)}`),
    /** The text of the step's pull request. */
    says: (step: string, id = last) =>
      world.state.bodies.get(world.state.pulls.find(({ headRef }) => headRef === `task/${task(step, id)}`)?.number ?? 0) ?? "",
    /** Expects each ledger again from its parent and inputs. */
    replay: (): void => {
      for (const { inputs, parent, ledger } of world.state.writes) {
        const { facts, ...frame } = inputs.snapshot;
        // The facts are stored as entries of their map.
        const again = decide(inputs.events, { ...frame, ledger: parent, facts: new Map(facts) as QueryFacts });
        expect(again.kind === "act" && again.ledger).toEqual(ledger);
      }
    },
  };
};
