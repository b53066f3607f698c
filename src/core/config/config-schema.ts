import { z } from "zod";
import { AGENT_PROTOCOLS, PRESET_NAMES } from "../domain/agent-command.ts";

/** A role file as people write it. */
export const roleFileSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "a name consists of a-z, 0-9, _ and -")
    // Names of object properties are no role names: looking them up in a record of roles would find a value.
    .refine((name) => !(name in Object.prototype), "this name is a reserved word")
    .describe("the name in plans and workflows; if two files have the same name, the later one in the cascade counts"),
  label: z.string().min(1).describe("the name that people see"),
  description: z.string().min(1).describe("the purpose; the planner chooses roles by it"),
  system_prompt: z.string().min(1).describe("how the agent works; the prompt starts with it"),
  can_edit: z.boolean().default(true).describe("false discards every change to files, by any means, and informs the agent"),
  output: z
    .enum(["branch", "artifact"])
    .optional()
    .describe(
      "`branch` for a pull request, `artifact` for a report in the ledger; by default a report if `can_edit` is false, otherwise a pull request",
    ),
});

const workerCountSchema = z.int().min(1).max(1_000);
const minutesSchema = z.number().positive().max(360);
export const agentSectionSchema = z.strictObject({
  preset: z.enum(PRESET_NAMES).optional().describe("an agent that Enki knows; `claude` by default"),
  protocol: z
    .enum(AGENT_PROTOCOLS)
    .optional()
    .describe("`acp`, or `headless` for one command that prints JSON; by default what works best with the preset"),
  command: z.string().min(1).optional().describe("a program or a command line, instead of the preset's own"),
  args: z.array(z.string()).optional().describe("arguments, if `command` is a program"),
  env: z
    .record(z.string(), z.string())
    .optional()
    .describe("further variables of the agent; a value `$NAME` stands for your variable or secret of this name"),
  idle_minutes: minutesSchema.optional().describe("an agent without an event for this long is stopped; 10 by default"),
});
const tierSectionSchema = z.strictObject({ model: z.string().min(1).optional(), timeout_minutes: minutesSchema.default(30) });

export const briefSchema = z.strictObject({
  comments: z
    .enum(["all", "collaborators", "none"])
    .default("all")
    .describe("authors whose comments are read: everyone, people with write permission, no one"),
  max_chars: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(40_000)
    .describe("limit for characters of comments and linked files; title, text and request are always complete"),
});

const globSchema = z.string().min(1).max(500);

export const policySchema = z.strictObject({
  protected: z.array(globSchema).max(1_000).default([]).describe("globs of more files that no step may change"),
  unprotected: z
    .array(globSchema)
    .max(1_000)
    .default([])
    .describe("what steps may change although Enki protects it: names of groups, or globs of the table below"),
  max_files: z.int().min(1).max(10_000).default(1_000).describe("the number of files that a step may change"),
  self_approval: z
    .array(z.enum(["requester", "pusher"]))
    .max(2)
    .default(["requester"])
    .describe("who may approve a checkpoint alone: the person who requested the work, a person who pushed to its branch"),
  max_bytes: z.int().min(1).max(100_000_000).default(10_000_000).describe("the size of the files that a step changes, in bytes"),
});

export const triggersSchema = z.strictObject({
  label: z.string().max(50).default("enki").describe("the label that asks Enki to fix an issue; empty for none"),
});

/** `enki.toml`: every key with its default. An omitted section gets the defaults of its keys. */
export const configFileSchema = z.strictObject({
  workers: z
    .strictObject({
      max_workers: workerCountSchema.default(10),
      max_heavy: workerCountSchema.default(5),
      max_standard: workerCountSchema.default(5),
      max_light: workerCountSchema.default(10),
    })
    .prefault({}),
  agent: agentSectionSchema
    .extend({
      models: z.array(z.string().min(1)).default([]),
      planner: agentSectionSchema.optional(),
      coordinator: agentSectionSchema.optional(),
      worker: agentSectionSchema.optional(),
      merger: agentSectionSchema.optional(),
      sidecar: agentSectionSchema.optional(),
    })
    .prefault({}),
  tiers: z
    .strictObject({
      light: tierSectionSchema.prefault({}),
      standard: tierSectionSchema.prefault({}),
      heavy: tierSectionSchema.prefault({}),
    })
    .prefault({}),
  refinery: z
    .strictObject({
      verify: z.array(z.string().min(1)).default([]),
      timeout_minutes: minutesSchema.default(30).describe("the time limit of a verify job, in minutes"),
      parallel: z.int().min(1).max(64).default(1),
      retries: z.int().min(0).max(5).default(1),
      base: z.string().min(1).optional(),
      checks: z
        .array(
          z.union([
            z.string().min(1),
            z.strictObject({
              name: z.string().min(1),
              app: z.union([z.string().min(1), z.int().transform((id) => String(id))]).optional(),
            }),
          ]),
        )
        .default([]),
      quiet_seconds: z.int().min(0).max(3_600).default(30),
      landing: z.enum(["auto", "exact", "each", "batch", "queue"]).default("auto"),
      method: z.enum(["auto", "merge", "squash", "rebase"]).default("auto"),
      after: z.array(z.string().regex(/^[^/]+\.ya?ml$/, "the name of a workflow's file in .github/workflows")).default([]),
      hold: z.array(z.string().min(1)).default(["hold"]),
      resolve_also: z.array(z.string().min(1)).default([]),
      regenerate: z.record(z.string().min(1), z.string().min(1)).default({}),
    })
    .prefault({}),
  plan: z
    .strictObject({ approval: z.enum(["always", "never"]).default("always"), max_steps: z.int().min(1).max(10_000).default(100) })
    .prefault({}),
  policy: policySchema.prefault({}),
  brief: briefSchema.prefault({}),
  triggers: triggersSchema.prefault({}),
  git: z.strictObject({ commit_suffix: z.string().default("") }).prefault({}),
});

export type RoleFile = z.output<typeof roleFileSchema>;
export type ConfigFile = z.output<typeof configFileSchema>;
