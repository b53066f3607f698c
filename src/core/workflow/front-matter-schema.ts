import { z } from "zod";
import { TIERS } from "../domain/plan.ts";

const textSchema = z.string().min(1);
const globsSchema = z.array(textSchema).max(100);

/** A role in the front matter. A name without a value has all defaults. */
export const roleSchema = z.strictObject({
  tools: z
    .union([z.literal("none"), z.array(z.string())], "a list of tools, or none")
    .optional()
    .describe("the tools that the agent may use: all if the key is left out, none for `none`"),
  model: z.string().optional().describe("the model that the agent uses"),
  tier: z.enum(TIERS).optional().describe("the tier, which sets limits, time and model as for a step of a plan"),
  role: textSchema.optional().describe("a configured role, whose prompt precedes the section"),
  run: textSchema.optional().describe("a shell command instead of an agent"),
  workflow: textSchema.optional().describe("another workflow to call; the section becomes its arguments"),
  checkpoint: z.boolean().default(false).describe("`true` makes the roles after it wait for a person"),
  join: z
    .union([z.enum(["all", "any"]), z.int().min(1).max(10_000)], "all, any or a number from 1")
    .default("all")
    .describe("the number of incoming edges that must fire"),
  paths: globsSchema.default([]).describe("globs of the files that it may change; empty for all that the policy allows"),
  verify: globsSchema.default([]).describe("commands that verify its work in addition to those of the repository"),
  output: z
    .enum(["branch", "artifact"])
    .optional()
    .describe(
      "`branch` lands its changes, `artifact` keeps its answer as a report; if left out, the configured role decides, or `artifact` for a read-only role",
    ),
  fields: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a field's name is made of letters, digits and _"))
    .max(100)
    .default([])
    .describe("fields that its answer ends with, as `key: value` lines"),
  schema: z
    .record(z.string(), z.json())
    .optional()
    .describe("a JSON Schema for its last `json` block; the agent is asked once more if the block does not match"),
  foreach: z
    .union(
      [textSchema, z.strictObject({ over: textSchema, max: z.int().min(1).max(1_000).default(20) })],
      "`<role>.<field>`, or { over, max }",
    )
    .optional()
    .describe("runs the role once for each item of a list that an earlier role returned"),
});

/** The front matter of a workflow. `readEdge` defines the grammar of edges. */
export const frontMatterSchema = z.strictObject({
  description: z.string().max(1_000).default("").describe("one sentence, for `enki workflows`"),
  roles: z.record(z.string(), roleSchema.nullable()).nullable().default({}).describe("the roles by name"),
  edges: z
    .array(z.union([z.string(), z.record(z.string(), z.string())], "a text such as a -> b"))
    .max(20_000)
    .nullable()
    .default([])
    .describe("the order of the roles, with conditions"),
});

export type RoleData = z.output<typeof roleSchema>;

/** Advice by key. */
export const ADVICE_BY_KEY: Readonly<Record<string, string>> = {
  tools: "write `tools: [read, grep]`, or `tools: none`",
  model: "write the name of a model",
  tier: "write `light`, `standard` or `heavy`",
  role: "write the name of one of Enki's roles, such as `bug_fixer`",
  run: "write a shell command",
  workflow: "write the name of a workflow",
  checkpoint: "write `true` or `false`",
  join: "write `all`, `any` or a number such as `2`",
  paths: "write a list of globs, such as `[src/**]`",
  verify: "write a list of commands, such as `[npm test]`",
  output: "write `branch` or `artifact`",
  fields: "write a list of names, such as `[verdict, score]`",
  schema: "write a JSON Schema of the type `object`",
  foreach: "write `planner.items`, or `{ over: planner.items, max: 20 }`",
  description: "write one sentence",
  roles: "write each role's name with its settings, such as `coder: { tools: [read, edit] }`",
  edges: "write a list of edges, such as `[a -> b]`; in quotes where an edge holds `: ` or ` #`",
};
