import { refuseUnknownRole, refuseUnknownTask } from "../../core/messages/refusals/plans.ts";
import { z } from "zod";
import type { Role } from "../../core/domain/config.ts";
import { NEED_CONDITIONS, DEFAULT_TIER, type StepNeed, type PlannedStep, TIERS } from "../../core/domain/plan.ts";
import { TEXT_LIMITS } from "../../core/domain/plan-texts.ts";
import { readTaskId, toTaskId, type TaskId } from "../../core/domain/ids.ts";
import { findNearestWord } from "../../core/domain/nearest-word.ts";
import { accept, refuse, type Result } from "../../core/domain/refusal.ts";

const needConditionSchema = z.enum(NEED_CONDITIONS).default("merged");
const needSchema = z.union([
  z.string().min(1),
  z.strictObject({ step: z.string().min(1), condition: needConditionSchema }),
  z.strictObject({ task: z.string().min(1), condition: needConditionSchema }),
]);

const COMMAND_SIZE = `at most ${TEXT_LIMITS.commandLines} lines of ${TEXT_LIMITS.commandColumns} columns`;

export const stepInputSchema = z.strictObject({
  id: z.string().describe("Unique in the plan; a-z, 0-9, _ and -."),
  title: z.string().min(1).max(TEXT_LIMITS.title).describe("What the commit says, in one line."),
  description: z.string().min(1).max(TEXT_LIMITS.description).describe("Everything the worker needs: files, criteria, decisions."),
  tier: z.enum(TIERS).default(DEFAULT_TIER),
  needs: z
    .array(needSchema)
    .max(200)
    .default([])
    .describe('Steps that must come first: an id, or {"step": id, "condition": "merged" | "completed" | "started"}.'),
  role: z.string().optional().describe("A role's name."),
  checkpoint: z.boolean().default(false).describe("Whether steps that need this one wait for a person's approval."),
  paths: z.array(z.string()).max(TEXT_LIMITS.paths).default([]).describe("Globs that the step may change; all when empty."),
  verify: z
    .array(z.string())
    .max(TEXT_LIMITS.verify)
    .default([])
    .describe(`Commands that verify this step in addition to the repository's own; ${COMMAND_SIZE}.`),
  optional: z
    .boolean()
    .default(false)
    .describe("Whether finding nothing to do is fine: steps that need this one then start without asking a person."),
  run: z.string().max(TEXT_LIMITS.command).optional().describe(`A shell command instead of an agent; ${COMMAND_SIZE}.`),
});

const stepListSchema = z.array(stepInputSchema);
export const planInput = z.strictObject({ steps: stepListSchema });
export const addInput = z.strictObject({ execution_id: z.string().min(1).describe("The execution's id."), steps: stepListSchema });
const TASK_NEEDS_MESSAGE = 'standalone task needs only accepts task IDs (bare string or {"task": "..."})';
export const taskInput = z.strictObject({
  title: z.string().min(1).max(TEXT_LIMITS.title).describe("What the commit says, in one line."),
  description: z.string().max(TEXT_LIMITS.description).optional().describe("Everything the worker needs; defaults to the title."),
  tier: z.enum(TIERS).default(DEFAULT_TIER),
  needs: z
    .array(
      z.union([z.string().min(1), z.strictObject({ task: z.string().min(1), condition: needConditionSchema })], {
        error: TASK_NEEDS_MESSAGE,
      }),
    )
    .max(200)
    .default([])
    .describe('Tasks that must come first: an id, or {"task": id, "condition": "merged" | "completed" | "started"}.'),
  role: z.string().optional().describe("A role's name."),
});

type StepInput = z.output<typeof stepInputSchema>;
type NeedInput = StepInput["needs"][number];

export type PlanInputContext = { readonly roles: Readonly<Record<string, Role>>; readonly isTask: (task: TaskId) => boolean };

/**
 * Reads steps from a tool's arguments by one of the schemas above. Refusals: `missing-field`, `bad-field`, `unknown-role`, `bad-need`.
 */
export const readPlannedSteps = <T extends z.ZodType<{ steps: StepInput[] }>>(
  schema: T,
  input: unknown,
  known: PlanInputContext,
): Result<{ readonly given: z.output<T>; readonly steps: readonly PlannedStep[] }> => {
  const read = schema.safeParse(input);
  if (!read.success) return refuse(...explainInputError(input, read.error));
  const steps: PlannedStep[] = [];
  for (const each of read.data.steps) {
    const planned = toPlannedStep(each, known);
    if (!planned.ok) return planned;
    steps.push(planned.value);
  }
  return accept({ given: read.data, steps });
};

/** Reads the one step of a standalone task. Refusals as for {@link readPlannedSteps}. */
export const readStandaloneTask = (input: unknown, id: string, known: PlanInputContext): Result<PlannedStep> => {
  const read = taskInput.safeParse(input);
  if (!read.success) return refuse(...explainInputError(input, read.error));
  const { title, description, tier, needs, role } = read.data;
  const asNeeds = needs.map((each) => (typeof each === "string" ? { task: each, condition: "merged" as const } : each));
  const shared = { id, title, description: description?.trim() ? description : title, tier, role };
  return toPlannedStep({ ...shared, needs: asNeeds, checkpoint: false, paths: [], verify: [], optional: false }, known);
};

const getValueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (value !== null && typeof value === "object" ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    input,
  );

const suggestTier = (word: unknown): string => {
  const meant = typeof word === "string" ? findNearestWord(word, TIERS) : null;
  return meant === null ? "" : `; did you mean ${meant}?`;
};

const hasModelKey = (issue: z.core.$ZodIssue | undefined): boolean => issue?.code === "unrecognized_keys" && issue.keys.includes("model");

const describeMissingField = ({ length }: readonly PropertyKey[], field: string): string | null => {
  if (length === 1) return `missing required parameter: ${field}`;
  return length === 3 ? `each step must have ${field === "id" ? "an" : "a"} '${field}'` : null;
};

/** Explains the first fault by our own message, or by the schema's. */
const explainInputError = (input: unknown, error: z.ZodError): [string, string] => {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const field = String(path.at(-1) ?? "");
  const missing = getValueAt(input, path) === undefined ? describeMissingField(path, field) : null;
  if (missing !== null) return ["missing-field", missing];
  if (field === "tier") return ["bad-field", `invalid tier: ${String(getValueAt(input, path))}${suggestTier(getValueAt(input, path))}`];
  if (hasModelKey(issue)) return ["bad-field", `a step cannot set a model; its tier chooses one: ${TIERS.join(", ")}`];
  if (issue?.message === TASK_NEEDS_MESSAGE) return ["bad-need", TASK_NEEDS_MESSAGE];
  return [path.includes("needs") ? "bad-need" : "bad-field", z.prettifyError(error).slice(0, 500)];
};

/** Finds a step's role; null if it names none. Refusal: `unknown-role`. */
const findStepRole = ({ id, role: name }: StepInput, { roles }: PlanInputContext): Result<Role | null> => {
  if (name === undefined) return accept(null);
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (role) return accept(role);
  return refuseUnknownRole(id, name, Object.keys(roles).sort().join(", "));
};

const toPlannedStep = (input: StepInput, known: PlanInputContext): Result<PlannedStep> => {
  const role = findStepRole(input, known);
  if (!role.ok) return role;
  const needs: StepNeed[] = [];
  for (const each of input.needs) {
    const read = toStepNeed(input.id, each, known);
    if (!read.ok) return read;
    needs.push(read.value);
  }
  const { id, title, description, tier, checkpoint, paths, verify, optional, run } = input;
  return accept({
    id,
    title,
    description,
    tier,
    checkpoint,
    paths,
    verify,
    optional,
    needs,
    role: role.value?.name ?? null,
    output: role.value?.output ?? "branch",
    run: run ?? null,
  });
};

const toStepNeed = (id: string, input: NeedInput, { isTask }: PlanInputContext): Result<StepNeed> => {
  if (typeof input === "string") return accept({ step: input, condition: "merged" });
  if ("step" in input) return accept(input);
  const read = readTaskId(input.task);
  const task = read && toTaskId(read.execution, read.step);
  if (task && isTask(task)) return accept({ task, condition: input.condition });
  return refuseUnknownTask(id, input.task);
};
