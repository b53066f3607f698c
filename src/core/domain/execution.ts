import type { BranchName, ExecutionId, Hash, Login, Millis, StepId } from "./ids.ts";
import type { Plan } from "./plan.ts";
import type { Refusal } from "./refusal.ts";
import type { Step } from "./step.ts";
import type { WorkflowRun } from "./workflow-run.ts";

export type ExecutionState = "planning" | "asking" | "proposed" | "running" | "paused" | "done" | "failed" | "cancelled";

/** Steps that somebody wants added to an execution that runs: being planned, waiting for an approval of the whole new plan, or come to nothing. */
type PlanAmendment = {
  readonly state: "planning" | "proposed" | "refused";
  readonly request: string;
  readonly requestedBy: Login;
  /** The plan with its new steps; null before there is one. */
  readonly plan: Hash | null;
  readonly refusal: Refusal | null;
};

/** What somebody wants changed in a proposed plan, or in steps that are to be added. The plan as it was stays until there is another. */
type PlanRevision = {
  readonly state: "planning" | "done" | "refused";
  readonly text: string;
  /** What was asked for before that, oldest first. */
  readonly earlierRequests: readonly string[];
  readonly requestedBy: Login;
  /** Why it came to nothing. */
  readonly refusal: Refusal | null;
  /** True where somebody replied to the plan instead of commanding: an approval of the plan as it was wins. */
  readonly quoted?: true;
};

/** One request and its graph. */
export type Execution = {
  readonly id: ExecutionId;
  /** The issue that it answers. */
  readonly issue: number;
  /** True where that is a pull request: it is answered, and never closed. */
  readonly onPullRequest: boolean;
  readonly requestedBy: Login;
  readonly request: string;
  readonly baseBranch: BranchName;
  readonly createdAt: Millis;
  readonly state: ExecutionState;
  readonly refusal: Refusal | null;
  /** True for `/enki plan`: proposed, and run only after an approval. `/enki fix` too needs one unless the configuration says otherwise. */
  readonly planOnly: boolean;
  /** The planner's job: attempts asked for, faults, deadline. */
  readonly planning: {
    readonly attempt: number;
    readonly faults: number;
    readonly notBefore: Millis;
    readonly deadline: Millis | null;
  };
  readonly plan: Hash | null;
  readonly approved: { readonly plan: Hash; readonly by: Login; readonly at: Millis } | null;
  readonly steps: Readonly<Record<StepId, Step>>;
  readonly amendment: PlanAmendment | null;
  readonly revision?: PlanRevision;
  /** The attempt of its planner that nobody waits for any more, while its run may go on. */
  readonly stopping?: number;
  readonly spent: number;
  /** True for a quick task: its one step is done by the sidecar. */
  readonly quick?: boolean;
  /** The workflow that it carries out; its plan grows with it. */
  readonly workflow?: WorkflowRun;
};

/** True while a planner's job is wanted: for the plan, or for what is to be added to it. */
export const isPlanning = ({ state, amendment }: Execution): boolean =>
  state === "planning" || ((state === "running" || state === "paused") && amendment?.state === "planning");

/** True while the planner changes a plan that was proposed. */
export const isBeingRevised = ({ revision }: Pick<Execution, "revision">): boolean => revision?.state === "planning";

/** Whether an execution is done and every step that should have changed something found nothing to do: what that means for its issue is a person's to say. */
export const hasFoundNothing = ({ state, steps }: Execution, plan: Plan | null): boolean => {
  if (state !== "done" || Object.values(steps).some(({ landed }) => landed)) return false;
  const changing = plan?.steps.filter(({ output }) => output === "branch") ?? [];
  return changing.length > 0 && changing.every(({ id }) => steps[id]?.outcome === "nothing-to-do");
};

/** True while something is to be added, so that the execution does not end. */
export const hasOpenAmendment = ({ amendment }: Execution): boolean => amendment?.state === "planning" || amendment?.state === "proposed";

export const hasEnded = ({ state }: Pick<Execution, "state">): boolean => state === "done" || state === "failed" || state === "cancelled";
