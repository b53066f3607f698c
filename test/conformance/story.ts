import { expect } from "vitest";
import { openRepositoryLoop } from "../../src/coordinator/repository-loop.ts";
import { claimJob } from "../../src/job/claim-job.ts";
import { listExecutionViews } from "../../src/core/domain/execution-view.ts";
import type { PersonCommand } from "../../src/core/domain/command.ts";
import { type JobKey, readJobKey } from "../../src/core/domain/job.ts";
import { type MailAddress, toWorkerAddress } from "../../src/core/domain/mail.ts";
import type { Plan } from "../../src/core/domain/plan.ts";
import { comment } from "../support/build.ts";
import { config as defaults } from "../support/config.ts";
import { memoryWorld } from "../support/memory-world.ts";
import { openToolBox } from "../support/tools.ts";

type Fate = Parameters<ReturnType<typeof memoryWorld>["finish"]>[1];

/** Opens a repository in which the test ends the jobs. It has the tools that a job would serve at the time. */
export const openStory = (over: NonNullable<Parameters<typeof memoryWorld>[0]> = {}) => {
  const config = over.config ?? defaults();
  const world = memoryWorld({ ...over, config });
  let handle = openRepositoryLoop(world.world);
  let comments = 0;
  const job = (start: string): JobKey => {
    const found = world.running().findLast((each) => each.startsWith(start));
    expect(found, `a job ${start} runs`).toBeDefined();
    return found as JobKey;
  };
  const later = async (): Promise<void> => {
    world.state.now += 60_000;
    await handle([{ kind: "woken" }]);
  };
  const spec = (start: string) => {
    const key = readJobKey(job(start));
    if (!key) throw new Error(`${start} is no job`);
    const claimed = claimJob({ ledger: world.state.ledger, refs: world.state.refs, config, job: key });
    if (!claimed.ok) throw new Error(claimed.refusal.message);
    return claimed.value;
  };
  return {
    ...world,
    config,
    job,
    later,
    spec,
    /** Starts a new process without the memory of the previous process. */
    restart: (): void => {
      handle = openRepositoryLoop(world.world);
    },
    /** The body of the execution's comment. */
    comment: (): string => world.state.comments.findLast(({ body }) => body.startsWith("<!-- enki:execution:"))?.body ?? "",
    ledger: () => world.state.ledger,
    executions: () => Object.values(world.state.ledger.executions),
    execution: () => {
      const [first] = Object.values(world.state.ledger.executions);
      if (!first) throw new Error("there is no execution");
      return first;
    },
    step: (id: string) => Object.values(world.state.ledger.executions).flatMap(({ steps }) => steps[id] ?? [])[0],
    /** Writes a comment as a maintainer. */
    say: async (...commands: PersonCommand[]): Promise<void> => {
      world.state.now += 60_000;
      await handle([comment((comments += 1), ...commands)]);
    },
    replies: () => world.state.comments.filter(({ body }) => body.includes("enki:reply")).map(({ body }) => body),
    notes: () => world.state.writes.flatMap(({ notes }) => notes),
    /** Ends the newest job whose name starts with `start`. */
    end: async (start: string, fate: Fate = { end: "success" }): Promise<void> => {
      world.finish(job(start), fate);
      await later();
    },
    /** Opens the tools of a running job, as the job's process serves them. */
    tools: (start: string) => {
      const { toolSet, job: key, execution, executions, mails, backlog, step } = spec(start);
      const address: MailAddress = toolSet === "worker" ? toWorkerAddress(`${execution}-${step?.id ?? ""}`) : "coordinator";
      const box = { address, execution, job: key, mails, now: () => world.state.now };
      return openToolBox({
        toolSet: toolSet ?? "sidecar",
        job: key,
        ownExecution: execution,
        executions,
        backlog,
        box,
        roles: config.roles,
      });
    },
    views: () => listExecutionViews(world.state.ledger),
    /** Starts a request, and proposes and approves its plan. */
    run: async (plan: Plan): Promise<void> => {
      world.state.now += 60_000;
      await handle([comment((comments += 1), { kind: "do", text: "make it so" })]);
      world.finish(job("plan/"), { end: "success", tools: [{ kind: "propose", plan }] });
      await later();
      const proposed = Object.values(world.state.ledger.executions).at(-1)?.plan ?? "";
      await handle([comment((comments += 1), { kind: "approve-plan", plan: proposed.slice(0, 12) })]);
      await later();
    },
  };
};
