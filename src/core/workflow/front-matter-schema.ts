import { z } from "zod";
import { TIERS } from "../domain/plan.ts";

const textSchema = z.string().min(1);
const globsSchema = z.array(textSchema).max(100);

/** A role in the front matter. A name without a value has all defaults. */
export const roleSchema = z.strictObject({
  tools: z
    .union([z.literal("none"), z.array(z.string())], "a list of tools, or none")
    .optional()
    .describe("the tools that its agent has: all of them where none are named; `none` for none"),
  model: z.string().optional().describe("the model that its agent is told to use"),
  tier: z.enum(TIERS).optional().describe("its limits, time and model, as for a step of a plan"),
  role: textSchema.optional().describe("one of the roles of the cascade: its prompt goes before the section"),
  run: textSchema.optional().describe("a shell command in the place of an agent"),
  workflow: textSchema.optional().describe("another workflow, which is called; the section is what it is given"),
  checkpoint: z.boolean().default(false).describe("true lets what comes after it wait for a person"),
  join: z
    .union([z.enum(["all", "any"]), z.int().min(1).max(10_000)], "all, any or a number from 1")
    .default("all")
    .describe("how many of the edges that lead to it must have fired"),
  paths: globsSchema.default([]).describe("globs that it may change; empty for all that the policy allows"),
  verify: globsSchema.default([]).describe("commands that verify its work beside those of the repository"),
  output: z
    .enum(["branch", "artifact"])
    .optional()
    .describe(
      "`branch` lands its changes, `artifact` keeps what it says as a report; left out, the role says, and `artifact` for one that can only read",
    ),
  fields: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a field's name is made of letters, digits and _"))
    .max(100)
    .default([])
    .describe("fields that it ends with as `key: value` lines"),
  schema: z
    .record(z.string(), z.json())
    .optional()
    .describe("a JSON Schema that its last `json` block must fit; asked once more where it does not"),
  foreach: z
    .union(
      [textSchema, z.strictObject({ over: textSchema, max: z.int().min(1).max(1_000).default(20) })],
      "`<role>.<field>`, or { over, max }",
    )
    .optional()
    .describe("once for each item of a list that an earlier role gave"),
});

/** The front matter of a workflow. `readEdge` defines the grammar of edges. */
export const frontMatterSchema = z.strictObject({
  description: z.string().max(1_000).default("").describe("one sentence, for `enki workflows`"),
  roles: z.record(z.string(), roleSchema.nullable()).nullable().default({}).describe("who takes part, by name"),
  edges: z
    .array(z.union([z.string(), z.record(z.string(), z.string())], "a text such as a -> b"))
    .max(20_000)
    .nullable()
    .default([])
    .describe("who waits for whom, and when"),
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
