import type { Execution } from "../../model/execution.ts";
import { checkPlan } from "../../model/graph.ts";
import type { Job, JobResult } from "../../model/job.ts";
import type { Refusal } from "../../model/refusal.ts";
import type { Draft } from "../draft.ts";
import { backOff, MAX_FAULTS, PERSON_WAIT } from "../faults.ts";

const isFault = (end: JobResult["end"]): boolean => end === "crashed" || end === "timed-out";

/** Takes in what a planner left. */
export const planned = (draft: Draft, job: Job, result: JobResult): void => {
  const execution = draft.execution(job.target);
  if (!execution || execution.state !== "planning" || execution.planning.attempt !== job.attempt) return;
  const spent = execution.spent + result.spent;
  if (isFault(result.end)) return planFault(draft, { ...execution, spent }, result.why);
  const proposal = result.tools.findLast((command) => command.kind === "propose");
  if (!proposal) {
    const because = result.why === "" ? "." : `: ${result.why}.`;
    const words = result.output === "" ? "" : ` It said: ${result.output}`;
    const why = {
      code: "no-plan",
      why: `The planner ended without a plan${because}${words}`,
      next: `/enki retry ${execution.id}`,
    };
    return fail(draft, { ...execution, spent }, why);
  }
  const checked = checkPlan(proposal.plan, draft.snapshot.config.plan.maxSteps);
  if (!checked.ok) return fail(draft, { ...execution, spent }, { ...checked.refusal, next: `/enki retry ${execution.id}` });
  const plan = draft.putPlan(checked.value);
  const free = draft.snapshot.config.plan.approval === "never" && !execution.planOnly;
  draft.putExecution({
    ...execution,
    spent,
    plan,
    state: "proposed",
    planning: { ...execution.planning, faults: 0, until: free ? null : draft.now + PERSON_WAIT },
  });
  draft.note(`plan ${plan.slice(0, 12)} proposed for ${execution.id}`);
};

const fail = (draft: Draft, execution: Execution, why: Refusal): void => {
  draft.putExecution({ ...execution, state: "failed", why, planning: { ...execution.planning, until: null } });
  draft.note(`${execution.id} failed: ${why.code}`);
};

/** Tries the planner again, or gives up after {@link MAX_FAULTS} faults. */
export const planFault = (draft: Draft, execution: Execution, text: string): void => {
  const faults = execution.planning.faults + 1;
  if (faults > MAX_FAULTS) {
    return fail(draft, execution, {
      code: "planner-faults",
      why: `The planner's job ended badly ${faults} times: ${text}`,
      next: `/enki retry ${execution.id}`,
    });
  }
  const { attempt } = execution.planning;
  draft.putExecution({ ...execution, planning: { attempt: attempt + 1, faults, notBefore: draft.now + backOff(faults), until: null } });
  draft.note(`plan of ${execution.id}: fault ${faults}: ${text}`);
};
