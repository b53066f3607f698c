import { z } from "zod";
import type { Role } from "../model/config.ts";
import { CONDITIONS, DEFAULT_TIER, type Need, type PlannedStep, TIERS } from "../model/plan.ts";
import { readTaskId, taskId, type TaskId } from "../model/ids.ts";
import { nearest } from "../model/nearest.ts";
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
  checkpoint: z.boolean().default(false).describe("Whether steps that need this one wait for a person's approval."),
  paths: z.array(z.string()).max(100).default([]).describe("Globs that the step may change; all when empty."),
  verify: z.array(z.string()).max(20).default([]).describe("Commands that verify this step in addition to the repository's own."),
  optional: z
    .boolean()
    .default(false)
    .describe("Whether finding nothing to do is fine: steps that need this one then start without asking a person."),
  run: z.string().max(10_000).optional().describe("A shell command instead of an agent."),
});

const steps = z.array(step);
export const planInput = z.strictObject({ steps });
export const addInput = z.strictObject({ execution_id: z.string().min(1).describe("The execution's id."), steps });
const TASK_NEEDS = 'standalone task needs only accepts task IDs (bare string or {"task": "..."})';
export const taskInput = z.strictObject({
  title: z.string().min(1).max(200).describe("What the commit says, in one line."),
  description: z.string().max(20_000).optional().describe("Everything the worker needs; defaults to the title."),
  tier: z.enum(TIERS).default(DEFAULT_TIER),
  needs: z
    .array(z.union([z.string().min(1), z.strictObject({ task: z.string().min(1), condition })], { error: TASK_NEEDS }))
    .max(200)
    .default([])
    .describe('Tasks that must come first: an id, or {"task": id, "condition": "merged" | "completed" | "started"}.'),
  role: z.string().optional().describe("A role's name."),
});

type StepInput = z.output<typeof step>;
type NeedInput = StepInput["needs"][number];

/** What a plan is checked against. */
export type Known = { readonly roles: Readonly<Record<string, Role>>; readonly isTask: (task: TaskId) => boolean };

/** Steps from a tool's arguments, in a form of {@link planInput}. Refusals: `missing-field`, `bad-field`, `unknown-role`, `bad-need`. */
export const readSteps = <T extends z.ZodType<{ steps: StepInput[] }>>(
  schema: T,
  input: unknown,
  known: Known,
): Result<{ readonly given: z.output<T>; readonly steps: readonly PlannedStep[] }> => {
  const read = schema.safeParse(input);
  if (!read.success) return refuse(...explain(input, read.error));
  const steps: PlannedStep[] = [];
  for (const each of read.data.steps) {
    const planned = toStep(each, known);
    if (!planned.ok) return planned;
    steps.push(planned.value);
  }
  return accept({ given: read.data, steps });
};

/** The one step of a standalone task. Refusals as of {@link readSteps}. */
export const readTask = (input: unknown, id: string, known: Known): Result<PlannedStep> => {
  const read = taskInput.safeParse(input);
  if (!read.success) return refuse(...explain(input, read.error));
  const { title, description, tier, needs, role } = read.data;
  const asNeeds = needs.map((each) => (typeof each === "string" ? { task: each, condition: "merged" as const } : each));
  const shared = { id, title, description: description?.trim() ? description : title, tier, role };
  return toStep({ ...shared, needs: asNeeds, checkpoint: false, paths: [], verify: [], optional: false }, known);
};

const at = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (value !== null && typeof value === "object" ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    input,
  );

const meantTier = (word: unknown): string => {
  const meant = typeof word === "string" ? nearest(word, TIERS) : null;
  return meant === null ? "" : `; did you mean ${meant}?`;
};

const namesModel = (issue: z.core.$ZodIssue | undefined): boolean => issue?.code === "unrecognized_keys" && issue.keys.includes("model");

const whatIsMissing = ({ length }: readonly PropertyKey[], field: string): string | null => {
  if (length === 1) return `missing required parameter: ${field}`;
  return length === 3 ? `each step must have ${field === "id" ? "an" : "a"} '${field}'` : null;
};

/** The seed's own sentences where it has one, else the schema's. */
const explain = (input: unknown, error: z.ZodError): [string, string] => {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const field = String(path.at(-1) ?? "");
  const missing = at(input, path) === undefined ? whatIsMissing(path, field) : null;
  if (missing !== null) return ["missing-field", missing];
  if (field === "tier") return ["bad-field", `invalid tier: ${String(at(input, path))}${meantTier(at(input, path))}`];
  if (namesModel(issue)) return ["bad-field", `a step cannot set a model; its tier chooses one: ${TIERS.join(", ")}`];
  if (issue?.message === TASK_NEEDS) return ["bad-need", TASK_NEEDS];
  return [path.includes("needs") ? "bad-need" : "bad-field", z.prettifyError(error).slice(0, 500)];
};

/** The role of a step: null where it names none. Refusal: `unknown-role`. */
const readRole = ({ id, role: name }: StepInput, { roles }: Known): Result<Role | null> => {
  if (name === undefined) return accept(null);
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (role) return accept(role);
  return refuse("unknown-role", `step '${id}' has unknown role '${name}'; roles: ${Object.keys(roles).sort().join(", ")}`);
};

const toStep = (input: StepInput, known: Known): Result<PlannedStep> => {
  const role = readRole(input, known);
  if (!role.ok) return role;
  const needs: Need[] = [];
  for (const each of input.needs) {
    const read = toNeed(input.id, each, known);
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

const toNeed = (id: string, input: NeedInput, { isTask }: Known): Result<Need> => {
  if (typeof input === "string") return accept({ step: input, condition: "merged" });
  if ("step" in input) return accept(input);
  const read = readTaskId(input.task);
  const task = read && taskId(read.execution, read.step);
  if (task && isTask(task)) return accept({ task, condition: input.condition });
  return refuse("bad-need", `step '${id}' depends on unknown task '${input.task}'`);
};
