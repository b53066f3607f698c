import { z } from "zod";
import { MAX_CORRECTIONS } from "../domain/work-check.ts";
import { minutesSchema } from "./minutes-schema.ts";

const checkSchema = z.union([
  z.string().min(1),
  z.strictObject({
    name: z.string().min(1),
    app: z.union([z.string().min(1), z.int().transform((id) => String(id))]).optional(),
  }),
]);

const MAX_LANES = 20;
const LANE_NAME = /^[a-z][a-z0-9-]{0,39}$/;

const lanesSchema = z
  .record(
    z.string().regex(LANE_NAME, "it starts with a lower-case letter, and lower-case letters, digits and hyphens follow"),
    z.array(z.string().min(1).max(200)).min(1).max(50),
  )
  .refine((lanes) => Object.keys(lanes).length <= MAX_LANES, `at most ${MAX_LANES} lanes`);

/** `[refinery]`: how work is verified and lands. */
export const refinerySchema = z.strictObject({
  verify: z.array(z.string().min(1)).default([]).describe("commands that a candidate must pass, in this order; nothing lands unverified"),
  timeout_minutes: minutesSchema.default(30).describe("the time limit of a verify job, in minutes"),
  test_reports: z
    .array(z.string().min(1).max(200))
    .max(20)
    .default([])
    .describe("globs of the JUnit XML reports that the verify commands write, to learn which tests flake"),
  check_work: z
    .int()
    .min(0)
    .max(MAX_CORRECTIONS)
    .default(0)
    .describe("how often an agent may correct its work after verify commands failed in its own job, before it is published"),
  parallel: z
    .int()
    .min(0)
    .max(64)
    .default(0)
    .describe("the largest number of candidates that are verified at the same time on a base; 0 to learn how many runners there are"),
  retries: z.int().min(0).max(5).default(1).describe("the number of red runs of a step that are repeated before it fails"),
  base: z.string().min(1).optional().describe("the branch that work lands on; the default branch if left out"),
  checks: z.array(checkSchema).default([]).describe("checks that a candidate needs besides those of GitHub's rules; `*` for every check"),
  quiet_seconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(30)
    .describe("with `*`: the time without a new report after which no further check is awaited, in seconds"),
  landing: z
    .enum(["auto", "exact", "each", "batch", "queue"])
    .default("auto")
    .describe("how verified work reaches the base; `auto` chooses by the rules of the base"),
  method: z
    .enum(["auto", "merge", "squash", "rebase"])
    .default("auto")
    .describe("how GitHub merges a pull request; `auto` takes the first that is allowed"),
  after: z
    .array(z.string().regex(/^[^/]+\.ya?ml$/, "the name of a workflow's file in .github/workflows"))
    .default([])
    .describe("files of the workflows that Enki starts on the base after each landing"),
  hold: z.array(z.string().min(1)).default(["hold"]).describe("labels that keep a pull request from landing"),
  resolve_also: z
    .array(z.string().min(1))
    .default([])
    .describe("globs of files that may change along with conflicting files when a conflict is resolved"),
  regenerate: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe("for a glob of generated files, the command that writes them again after a conflict"),
  lanes: lanesSchema
    .default({})
    .describe("names of parts of the repository with their globs; a bad or slow step of one lane does not hold up steps of another"),
});
