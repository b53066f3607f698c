import { z } from "zod";
import { AGENT_PROTOCOLS, PRESET_NAMES } from "../domain/agent-command.ts";
import { ANY_HOST, readHostPattern } from "../policy/network-hosts.ts";
import { isNetworkWord } from "../policy/package-registries.ts";
import { jobsSchema } from "./jobs-schema.ts";
import { minutesSchema } from "./minutes-schema.ts";
import { refinerySchema } from "./refinery-schema.ts";

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
  key_proxy: z
    .boolean()
    .optional()
    .describe("`false` gives the agent the model's key; by default Enki's proxy adds the key outside the agent, if the preset can"),
});
const tierSectionSchema = z.strictObject({
  model: z.string().min(1).optional().describe("the model of this tier's steps; by default the agent's own choice"),
  timeout_minutes: minutesSchema.default(30).describe("the time limit of an attempt, in minutes"),
});

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

const hostSchema = z
  .string()
  .max(300)
  .refine(
    (text) => text === ANY_HOST || isNetworkWord(text) || readHostPattern(text) !== null,
    "a host such as example.com, *.example.com or example.com:8443, a word such as packages, or * for all hosts",
  );

export const policySchema = z.strictObject({
  protected: z.array(globSchema).max(1_000).default([]).describe("globs of more files that no step may change"),
  unprotected: z
    .array(globSchema)
    .max(1_000)
    .default([])
    .describe("what steps may change although Enki protects it: names of groups of protected files, or their globs"),
  max_files: z.int().min(1).max(10_000).default(1_000).describe("the number of files that a step may change"),
  self_approval: z
    .array(z.enum(["requester", "pusher"]))
    .max(2)
    .default(["requester"])
    .describe("who may approve a checkpoint alone: the person who requested the work, a person who pushed to its branch"),
  tests: z
    .enum(["checkpoint", "allow"])
    .default("checkpoint")
    .describe("`checkpoint` lets a step that deletes, skips or weakens tests, snapshots, coverage or CI land only after an approval"),
  network: z
    .array(hostSchema)
    .max(1_000)
    .optional()
    .describe(
      'hosts that an agent may reach besides its model; `packages` for the registries of the repository\'s languages, `*` for all hosts. Default: `["packages"]` in Actions, `["*"]` on your machine',
    ),
  max_bytes: z.int().min(1).max(100_000_000).default(10_000_000).describe("the size of the files that a step changes, in bytes"),
});

export const triggersSchema = z.strictObject({
  label: z.string().max(50).default("enki").describe("the label that asks Enki to fix an issue; empty for none"),
});

const workersSchema = z.strictObject({
  max_workers: workerCountSchema.default(10).describe("the number of agents that work at the same time in the repository"),
  max_heavy: workerCountSchema.default(5).describe("the number of them on steps of the tier `heavy`"),
  max_standard: workerCountSchema.default(5).describe("the number of them on steps of the tier `standard`"),
  max_light: workerCountSchema.default(10).describe("the number of them on steps of the tier `light`"),
});

const planSchema = z.strictObject({
  approval: z.enum(["always", "never"]).default("always").describe("`never` starts a plan without an approval by a person"),
  max_steps: z.int().min(1).max(10_000).default(100).describe("the number of steps that a plan may have"),
});

const moneySchema = z.number().positive().max(1_000_000);

export const budgetSchema = z.strictObject({
  execution: moneySchema.optional().describe("what one execution may cost, in US dollars; no limit if left out"),
  day: moneySchema
    .optional()
    .describe("what all executions of the repository may cost on one day (UTC), in US dollars; no limit if left out"),
  attempt: moneySchema
    .default(1)
    .describe("what an attempt reserves when it starts, in US dollars; it counts in full if the agent reports no cost"),
});

const roleAgent = (about: string) => agentSectionSchema.optional().describe(about);

const NOTIFY_VARIABLE = /^ENKI_NOTIFY_[A-Z0-9_]{1,60}$/;
const NOTIFY_VARIABLE_RULE = "the name of a variable that starts with ENKI_NOTIFY_";

export const notifySchema = z.strictObject({
  webhook: z
    .string()
    .max(2_000)
    .refine((text) => NOTIFY_VARIABLE.test(text) || isHttpsAddress(text), `an https:// address, or ${NOTIFY_VARIABLE_RULE}`)
    .optional()
    .describe("where notices are also posted, as JSON: an `https://` address, or the name of the variable that holds it"),
  secret: z
    .string()
    .regex(NOTIFY_VARIABLE, NOTIFY_VARIABLE_RULE)
    .optional()
    .describe("the name of the variable with the key that signs the posts"),
});

const isHttpsAddress = (text: string): boolean => URL.canParse(text) && new URL(text).protocol === "https:";

/** `enki.toml`: every key with its default. An omitted section gets the defaults of its keys. */
export const configFileSchema = z.strictObject({
  workers: workersSchema.prefault({}),
  agent: agentSectionSchema
    .extend({
      models: z.array(z.string().min(1)).default([]).describe("the models that workflows and tiers may name; any if empty"),
      planner: roleAgent("the agent that makes plans"),
      coordinator: roleAgent("an older name of `planner`"),
      worker: roleAgent("the agent that carries out steps"),
      merger: roleAgent("the agent that resolves conflicts, by default that of steps"),
      sidecar: roleAgent("the agent of `/enki quick` and `/enki ask`"),
    })
    .prefault({}),
  tiers: z
    .strictObject({
      light: tierSectionSchema.prefault({}),
      standard: tierSectionSchema.prefault({}),
      heavy: tierSectionSchema.prefault({}),
    })
    .prefault({}),
  refinery: refinerySchema.prefault({}),
  jobs: jobsSchema.prefault({}),
  plan: planSchema.prefault({}),
  policy: policySchema.prefault({}),
  brief: briefSchema.prefault({}),
  triggers: triggersSchema.prefault({}),
  budget: budgetSchema.prefault({}),
  notify: notifySchema.prefault({}),
  git: z
    .strictObject({ commit_suffix: z.string().default("").describe("a paragraph for the message of each commit, such as a sign-off") })
    .prefault({}),
});

export type RoleFile = z.output<typeof roleFileSchema>;
export type ConfigFile = z.output<typeof configFileSchema>;
