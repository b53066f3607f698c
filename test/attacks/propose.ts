import type { PlannedStep } from "../../src/core/domain/plan.ts";
import { openStory } from "../support/story.ts";
import { openToolBox } from "../support/tools.ts";
import type { AttackEnd } from "./attack-family.ts";

/** Returns a planner's arguments for proposing steps. */
const toToolArguments = (steps: readonly PlannedStep[]) =>
  steps.map(({ id, title, description, needs, paths, verify, role, run }) => ({
    id,
    title,
    description,
    needs,
    paths,
    verify,
    ...(role === null ? {} : { role }),
    ...(run === null ? {} : { run }),
  }));

const askTool = async (steps: readonly PlannedStep[]): Promise<string | null> => {
  const { call, recorded } = openToolBox({ maxSteps: 100 });
  const answer = await call("enki_execution_create", { steps: toToolArguments(steps) });
  return answer.isError && recorded.length === 0 ? String(answer.structured["code"]) : null;
};

/** Delivers a result with the steps but without a tool call, as a changed job could. */
const askCoordinator = async (steps: readonly PlannedStep[]): Promise<string | null> => {
  const it = openStory();
  await it.propose({ steps });
  const { state, refusal } = it.execution() ?? {};
  return state === "failed" && !it.comment().includes("/enki approve") ? (refusal?.code ?? null) : null;
};

/** Proposes steps through the tool, and past it. Both must refuse the steps, so no person receives a request for approval. */
export const proposeHostileSteps = async (steps: readonly PlannedStep[]): Promise<AttackEnd> => {
  const [tool, coordinator] = [await askTool(steps), await askCoordinator(steps)];
  if (tool === null || coordinator === null) {
    const doors = [...(tool === null ? ["the tool"] : []), ...(coordinator === null ? ["the coordinator"] : [])];
    return { through: `${doors.join(" and ")} offered the plan for approval` };
  }
  return { stopped: coordinator };
};
