import * as z from "zod";
import { type BranchRules, type Check, MERGE_METHODS } from "../core/domain/github-facts.ts";
import { authorSchema, isBotUser, timeSchema } from "./answer-schemas.ts";

const allowFlagSchema = z.boolean().optional();
/** GitHub shows all three settings to users with write access, and none to others. */
export const mergeMethodsSchema = z
  .object({ allow_merge_commit: allowFlagSchema, allow_squash_merge: allowFlagSchema, allow_rebase_merge: allowFlagSchema })
  .transform(({ allow_merge_commit: merge, allow_squash_merge: squash, allow_rebase_merge: rebase }) =>
    merge === undefined && squash === undefined && rebase === undefined
      ? null
      : MERGE_METHODS.filter((each) => ({ merge, squash, rebase })[each] === true),
  );
const checkRunSchema = z
  .object({
    id: z.number().int(),
    name: z.string(),
    status: z.string(),
    conclusion: z.string().nullish(),
    started_at: timeSchema.nullish(),
    completed_at: timeSchema.nullish(),
    app: z.object({ id: z.number().int(), slug: z.string().default("") }).nullish(),
  })
  .transform((raw): Check => ({
    id: raw.id,
    name: raw.name,
    app: raw.app ?? null,
    state: raw.conclusion ?? raw.status,
    startedAt: raw.started_at ?? 0,
    updatedAt: raw.completed_at ?? raw.started_at ?? 0,
  }));
export const checkRunListSchema = z.object({ check_runs: z.array(checkRunSchema) }).transform(({ check_runs }) => check_runs);

const commitStatusSchema = z
  .object({
    id: z.number().int(),
    context: z.string(),
    state: z.string(),
    creator: authorSchema,
    created_at: timeSchema,
    updated_at: timeSchema,
  })
  .transform((raw): Check => ({
    id: raw.id,
    name: raw.context,
    app: isBotUser(raw.creator) ? { id: null, slug: raw.creator.login.replace(/\[bot\]$/, "") } : null,
    state: raw.state,
    startedAt: raw.created_at,
    updatedAt: raw.updated_at,
  }));
export const commitStatusListSchema = z.array(commitStatusSchema);

const branchRuleSchema = z.object({
  type: z.string(),
  parameters: z
    .object({
      required_approving_review_count: z.number().int().optional(),
      allowed_merge_methods: z.array(z.string()).optional(),
      required_status_checks: z.array(z.object({ context: z.string(), integration_id: z.number().int().nullish() })).optional(),
    })
    .optional()
    .catch(undefined),
});
/** Rules of a branch; the strictest of each kind applies. */
export const branchRulesSchema = z.array(branchRuleSchema).transform((list): BranchRules => {
  const all = list.flatMap(({ parameters }) => parameters ?? []);
  const methods = all.flatMap(({ allowed_merge_methods: allowed }) => (allowed ? [allowed] : []));
  return {
    isReadable: true,
    types: [...new Set(list.map(({ type }) => type))],
    checks: all.flatMap(({ required_status_checks: checks = [] }) =>
      checks.map(({ context, integration_id: app }) => ({ name: context, app: app === null || app === undefined ? null : String(app) })),
    ),
    requiredReviews: Math.max(0, ...all.map(({ required_approving_review_count: count = 0 }) => count)),
    allowedMethods: methods.length === 0 ? null : (methods[0] ?? []).filter((each) => methods.every((other) => other.includes(each))),
  };
});
