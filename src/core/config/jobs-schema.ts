import { z } from "zod";
import { isReservedVariable } from "../policy/job-variables.ts";
import { findStepsFault } from "./setup-steps.ts";

const variableSchema = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, "the name of a variable")
  .refine((name) => !isReservedVariable(name), "the runner and Enki use this variable, so no command receives it");

const stepsSchema = z.string().superRefine((text, context) => {
  const fault = findStepsFault(text);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});

const labelSchema = z.string().regex(/^[\w.:/-]{1,200}$/, "the label of a runner");
const runnerSchema = z.union([labelSchema, z.array(labelSchema).min(1).max(10)]);

const serviceSchema = z.strictObject({
  image: z.string().min(1).max(500),
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "the name of a variable"), z.string().max(2_000)).optional(),
  ports: z
    .array(z.string().regex(/^\d{1,5}(?::\d{1,5})?(?:\/(?:tcp|udp))?$/, "a port such as 5432:5432"))
    .max(20)
    .optional(),
  options: z.string().max(2_000).optional(),
});

/** Additions to the jobs of a repository. `env` acts in each job; `enki init` writes the rest into workflow files. */
export const jobsSchema = z.strictObject({
  env: z
    .array(variableSchema)
    .max(50)
    .default([])
    .describe("names of variables of the verify job that its commands receive; an agent receives none of them"),
  setup: stepsSchema.default("").describe("steps of Actions, as YAML, that `enki init` writes before the agent and before verification"),
  verify_setup: stepsSchema.default("").describe("further steps before verification only"),
  services: z
    .record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, "a name consists of a-z, 0-9, _ and -"), serviceSchema)
    .default({})
    .describe("service containers of the verify job: tables of `image`, `env`, `ports` and `options`"),
  runs_on: z
    .strictObject({
      agent: runnerSchema.optional().describe("the label, or labels, of the machine on which agents work"),
      verify: runnerSchema.optional().describe("the label, or labels, of the machine that verifies"),
      publish: runnerSchema.optional().describe("the label, or labels, of the machine that publishes results"),
      coordinate: runnerSchema.optional().describe("the label, or labels, of the machine that runs enki.yml and enki-review.yml"),
      short: runnerSchema
        .optional()
        .describe(
          "the label, or labels, of the machine for the jobs that only decide or wait: gate, clock, tell and rescue; by default that of `coordinate`, and of `publish` for rescue",
        ),
    })
    .prefault({}),
});

export type JobsSection = z.output<typeof jobsSchema>;
