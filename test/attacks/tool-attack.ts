import type { RecordedCommand } from "../../src/core/domain/command.ts";
import { emptyQueue } from "../../src/core/domain/queue.ts";
import { plan, step } from "../support/build.ts";
import { openStory } from "../support/story.ts";

export const VICTIM_STATES = ["proposed", "running", "paused by a person", "failed", "frozen", "done"] as const;
export type VictimState = (typeof VICTIM_STATES)[number];

export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Opens an execution on issue 1 in a state caused by a person or GitHub, and jobs of another issue that end as the attacker wishes. */
export const openVictim = async (wanted: VictimState) => {
  const it = openStory();
  const id = await it.propose(plan(step("fix"), step("docs")));
  if (wanted !== "proposed") await it.approve();
  if (wanted === "paused by a person") await it.say(1, { kind: "pause", target: id });
  if (wanted === "failed") for (const name of ["fix", "docs"]) await it.fails(name);
  if (wanted === "done") for (const name of ["fix", "docs"]) await it.ran(name);
  if (wanted === "frozen") {
    const frozen = { code: "tree-differs", message: "GitHub merged other files.", next: "/enki retry" };
    it.state.ledger = { ...it.state.ledger, queues: { main: { ...emptyQueue, ...it.state.ledger.queues["main"], frozen } } };
  }
  const own = (): readonly string[] => Object.keys(it.state.ledger.executions).filter((each) => each !== id);
  const runner = async (by: "planner" | "worker" | "sidecar"): Promise<string> => {
    await it.say(2, by === "sidecar" ? { kind: "quick", prompt: "x" } : { kind: "do", text: "x" });
    const [attacker = ""] = own();
    if (by === "worker") {
      await it.end(`plan/${attacker}`, { end: "success", tools: [{ kind: "propose", plan: plan(step("own")) }] });
      const hash = it.execution(attacker)?.plan ?? "";
      await it.say(2, { kind: "approve-plan", plan: hash.slice(0, 12) });
    }
    return by === "planner" ? `plan/${attacker}` : `work/${attacker}`;
  };
  return {
    id,
    state: it.state,
    plan: it.execution(id)?.plan ?? "",
    /** Ends a job of another issue with these records; returns the ledger's notes about it. */
    deliver: async (by: "planner" | "worker" | "sidecar", tools: readonly RecordedCommand[]): Promise<readonly string[]> => {
      const job = await runner(by);
      const before = it.state.writes.length;
      await it.end(job, {
        end: by === "planner" ? "success" : "unchanged",
        tools: [...(by === "planner" ? [{ kind: "propose", plan: plan(step("own")) } as const] : []), ...tools],
      });
      return it.state.writes.slice(before).flatMap(({ notes }) => notes);
    },
    /** State that an attacker must not change: the victim, its base, its jobs, its mail, and the backlog. */
    snapshot: (): string => {
      const { proposals: _, amendment: __, shownPlan: ___, ...rest } = it.execution(id) ?? {};
      const { executions, mails, queues } = it.state.ledger;
      return JSON.stringify({
        rest: { ...rest, planning: undefined },
        others: Object.keys(executions).filter((each) => each !== id).length > 1,
        mails: Object.values(mails),
        frozen: queues["main"]?.frozen,
        runs: it.state.runs.filter(({ name }) => name.includes(id)).map(({ name, state }) => [name, state]),
        backlog: it.state.backlog,
        base: it.base(),
      });
    },
    isProposed: (): boolean =>
      Object.values(it.state.ledger.executions).some(
        ({ proposals = [], amendment }) => proposals.length > 0 || amendment?.byAgent === true,
      ),
    proposals: (): number => Object.values(it.state.ledger.executions).reduce((sum, { proposals = [] }) => sum + proposals.length, 0),
  };
};
