import { z } from "zod";
import type { Role } from "../model/config.ts";
import { checkPlan } from "../model/graph.ts";
import { CONDITIONS, DEFAULT_TIER, type Need, type Plan, type PlannedStep, TIERS } from "../model/plan.ts";
import { readTaskId, taskId } from "../model/ids.ts";
import { accept, refuse, type Result } from "../model/refusal.ts";

const condition = z.enum(CONDITIONS).default("merged");
const need = z.union([
  z.string().min(1),
  z.strictObject({ step: z.string().min(1), condition }),
  z.strictObject({ task: z.string().min(1), condition }),
]);

const step = z.strictObject({
  id: z.string().describe("Unique in the plan; a-z, 0-9, _ and -."),
  title: z.string().min(1).max(200).describe("What the commit says, in one line."),
  description: z.string().min(1).max(20_000).describe("Everything the worker needs: files, criteria, decisions."),
  tier: z.enum(TIERS).default(DEFAULT_TIER),
  needs: z
    .array(need)
    .max(200)
    .default([])
    .describe('Steps that must come first: an id, or {"step": id, "condition": "merged" | "completed" | "started"}.'),
  role: z.string().optional().describe("A role's name."),
  checkpoint: z.boolean().default(false).describe("What needs this step waits for a person's approval."),
  paths: z.array(z.string()).max(100).default([]).describe("Globs that the step may change; all when empty."),
  verify: z.array(z.string()).max(20).default([]).describe("Commands that verify this step beside the repository's own."),
  run: z.string().max(10_000).optional().describe("A shell command instead of an agent."),
});

export const planInput = z.strictObject({ steps: z.array(step) });
type StepInput = z.output<typeof step>;

/**
 * A plan from a tool's arguments. Refusals: those of checkPlan, `missing-field`, `bad-field`, `unknown-role`, `bad-need`.
 * Nothing of a refused plan is recorded.
 */
export const readPlan = (input: unknown, roles: Readonly<Record<string, Role>>, maxSteps: number): Result<Plan> => {
  const read = planInput.safeParse(input);
  if (!read.success) return refuse(...explain(input, read.error));
  const steps: PlannedStep[] = [];
  for (const each of read.data.steps) {
    const planned = toStep(each, roles);
    if (!planned.ok) return planned;
    steps.push(planned.value);
  }
  return checkPlan({ steps }, maxSteps);
};

const at = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (value !== null && typeof value === "object" ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    input,
  );

/** The seed's own sentences where it has one, else the schema's. */
const explain = (input: unknown, error: z.ZodError): [string, string] => {
  const path = error.issues[0]?.path ?? [];
  const field = String(path.at(-1) ?? "");
  if (at(input, path) === undefined) {
    if (path.length === 1) return ["missing-field", `missing required parameter: ${field}`];
    if (path.length === 3) return ["missing-field", `each step must have ${field === "id" ? "an" : "a"} '${field}'`];
  }
  if (field === "tier") return ["bad-field", `invalid tier: ${String(at(input, path))}`];
  return [path.includes("needs") ? "bad-need" : "bad-field", z.prettifyError(error).slice(0, 500)];
};

const toStep = (input: StepInput, roles: Readonly<Record<string, Role>>): Result<PlannedStep> => {
  const role = input.role === undefined ? null : Object.hasOwn(roles, input.role) ? roles[input.role] : undefined;
  if (role === undefined)
    return refuse(
      "unknown-role",
      `step '${input.id}' has unknown role '${input.role ?? ""}'; roles: ${Object.keys(roles).sort().join(", ")}`,
    );
  const needs: Need[] = [];
  for (const each of input.needs) {
    const read = toNeed(input.id, each);
    if (!read.ok) return read;
    needs.push(read.value);
  }
  const { id, title, description, tier, checkpoint, paths, verify, run } = input;
  return accept({
    id,
    title,
    description,
    tier,
    checkpoint,
    paths,
    verify,
    needs,
    role: role?.name ?? null,
    output: role?.output ?? "branch",
    run: run ?? null,
  });
};

const toNeed = (id: string, input: StepInput["needs"][number]): Result<Need> => {
  if (typeof input === "string") return accept({ step: input, condition: "merged" });
  if ("step" in input) return accept(input);
  const task = readTaskId(input.task);
  return task
    ? accept({ task: taskId(task.execution, task.step), condition: input.condition })
    : refuse("bad-need", `step '${id}' depends on unknown task '${input.task}'`);
};
