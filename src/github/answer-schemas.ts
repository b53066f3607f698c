import * as z from "zod";
import {
  type Check,
  MERGE_METHODS,
  type RepositoryPermission,
  type Pull,
  type Review,
  type BranchRules,
  type WorkflowRunInfo,
} from "../core/domain/github-facts.ts";
import type { ChangedFile } from "../core/domain/brief.ts";
import type { GitHubComment, PullText, ThreadComment } from "./github-ports.ts";

/** Schemas for GitHub's answers: only the fields that we use, in our terms. */

/** GitHub reports deleted accounts as this user, or as null. */
const GHOST_USER = { login: "ghost", type: "User" };
export const authorSchema = z
  .object({ login: z.string(), type: z.string().default("User") })
  .nullish()
  .transform((user) => user ?? GHOST_USER);
export const isBotUser = (user: { login: string; type: string }): boolean => user.type === "Bot" || user.login.endsWith("[bot]");

export const timeSchema = z.string().transform((text, context) => {
  const at = Date.parse(text);
  if (Number.isNaN(at)) context.addIssue({ code: "custom", message: "not a time" });
  return at;
});

/** For requests whose answer is not needed. */
export const ignoredAnswerSchema = z.unknown().transform(() => null);

export const createdIdSchema = z.object({ id: z.number().int() });
export const createdNumberSchema = z.object({ number: z.number().int() });
export const repositorySchema = z.object({ default_branch: z.string().min(1) });
const allowFlagSchema = z.boolean().optional();
/** GitHub shows all three settings to users with write access, and none to others. */
export const mergeMethodsSchema = z
  .object({ allow_merge_commit: allowFlagSchema, allow_squash_merge: allowFlagSchema, allow_rebase_merge: allowFlagSchema })
  .transform(({ allow_merge_commit: merge, allow_squash_merge: squash, allow_rebase_merge: rebase }) =>
    merge === undefined && squash === undefined && rebase === undefined
      ? null
      : MERGE_METHODS.filter((each) => ({ merge, squash, rebase })[each] === true),
  );
export const dispatchedRunSchema = z.union([z.object({ workflow_run_id: z.number().int() }), z.null(), z.undefined(), z.literal("")]);

const rawCommentSchema = z.object({
  id: z.number().int(),
  issue_url: z.string().regex(/\/\d+$/),
  html_url: z.string(),
  user: authorSchema,
  body: z.string().nullish(),
  created_at: timeSchema,
  updated_at: timeSchema,
  author_association: z.string().default("NONE"),
});
const toComment = (raw: z.output<typeof rawCommentSchema>): GitHubComment => ({
  id: raw.id,
  issue: Number(/\d+$/.exec(raw.issue_url)?.[0]),
  onPull: /\/pull\/\d+(?:#|$)/.test(raw.html_url),
  by: raw.user.login,
  bot: isBotUser(raw.user),
  body: raw.body ?? "",
  created: raw.created_at,
  updated: raw.updated_at,
});
export const commentListSchema = z.array(rawCommentSchema.transform(toComment));

/** https://docs.github.com/en/graphql/reference/enums#commentauthorassociation */
const MEMBER_ASSOCIATIONS: ReadonlySet<string> = new Set(["OWNER", "MEMBER", "COLLABORATOR"]);
export const threadCommentsSchema = z.array(
  rawCommentSchema.transform((raw): ThreadComment => ({
    ...toComment(raw),
    member: MEMBER_ASSOCIATIONS.has(raw.author_association.toUpperCase()),
  })),
);

export const issueSchema = z
  .object({
    number: z.number().int(),
    title: z.string(),
    body: z.string().nullish(),
    user: authorSchema,
    created_at: timeSchema,
    updated_at: timeSchema,
    comments: z.number().int().default(0),
    labels: z.array(z.union([z.string(), z.object({ name: z.string().nullish() })])).default([]),
    assignees: z.array(z.object({ login: z.string() })).nullish(),
    pull_request: z.unknown().optional(),
  })
  .transform(({ number, title, body, user, created_at, updated_at, comments: count, labels, assignees, pull_request }) => ({
    issue: number,
    title,
    body: body ?? "",
    by: user.login,
    bot: isBotUser(user),
    created: created_at,
    updated: updated_at,
    comments: count,
    labels: labels.flatMap((label) => (typeof label === "string" ? label : (label.name ?? []))),
    assignees: (assignees ?? []).map(({ login }) => login),
    onPull: pull_request !== undefined && pull_request !== null,
  }));
/** GitHub's issue listing includes pull requests. */
export const issueListSchema = z.array(issueSchema);

const pullSideSchema = z.object({
  ref: z.string(),
  sha: z.string(),
  repo: z.object({ full_name: z.string() }).nullish(),
  user: authorSchema,
});
const formatHeadRef = (repository: string, { ref, repo, user }: z.output<typeof pullSideSchema>): string =>
  repo?.full_name.toLowerCase() === repository.toLowerCase() ? ref : `${user.login}:${ref}`;

export const createPullTextSchema = (repository: string) =>
  z.object({ head: pullSideSchema, base: z.object({ ref: z.string() }), changed_files: z.number().int() }).transform((raw): PullText => ({
    baseBranch: raw.base.ref,
    headRef: formatHeadRef(repository, raw.head),
    head: raw.head.sha,
    changedFiles: raw.changed_files,
  }));

export const changedFilesSchema = z.array(
  z
    .object({ filename: z.string(), additions: z.number().int(), deletions: z.number().int(), patch: z.string().nullish() })
    .transform(({ filename, additions, deletions, patch = null }): ChangedFile & { readonly patch: string | null } => ({
      path: filename,
      added: additions,
      removed: deletions,
      patch,
    })),
);

const createPullSchema = (repository: string) =>
  z
    .object({
      number: z.number().int(),
      state: z.enum(["open", "closed"]),
      merged_at: z.string().nullish(),
      draft: z.boolean().default(false),
      created_at: z.string(),
      updated_at: z.string(),
      labels: z.array(z.object({ name: z.string() })).default([]),
      head: pullSideSchema,
      base: z.object({ ref: z.string() }),
    })
    .transform((raw): Pull => ({
      number: raw.number,
      headRef: formatHeadRef(repository, raw.head),
      head: raw.head.sha,
      baseBranch: raw.base.ref,
      state: raw.merged_at ? "merged" : raw.state,
      draft: raw.draft,
      labels: raw.labels.map(({ name }) => name),
      hasActivity: raw.updated_at !== raw.created_at,
    }));
/** Pull requests of `<owner>/<name>`, which distinguishes our branches from a fork's branches of the same name. */
export const createPullListSchema = (repository: string) => z.array(createPullSchema(repository));

const VERDICT_BY_REVIEW_STATE: Readonly<Record<string, Review["verdict"]>> = {
  APPROVED: "approved",
  CHANGES_REQUESTED: "changes-requested",
  DISMISSED: "dismissed",
  COMMENTED: "commented",
};
const reviewSchema = z.object({
  id: z.number().int(),
  user: authorSchema,
  state: z.string(),
  commit_id: z.string().nullish(),
  submitted_at: timeSchema.nullish(),
  body: z.string().nullish(),
});
/** Submitted reviews, without drafts. */
export const reviewListSchema = z.array(reviewSchema).transform((list) =>
  list.flatMap((raw): Review[] => {
    const verdict = VERDICT_BY_REVIEW_STATE[raw.state.toUpperCase()];
    if (verdict === undefined || raw.submitted_at === null || raw.submitted_at === undefined) return [];
    // A review without a commit applies to no head, so it approves nothing.
    const head = raw.commit_id ?? "";
    return [{ id: raw.id, by: raw.user.login, bot: isBotUser(raw.user), verdict, head, at: raw.submitted_at, text: raw.body ?? "" }];
  }),
);

export const pullChangesSchema = z.array(z.object({ number: z.number().int(), updated_at: timeSchema }));

const workflowRunSchema = z
  .object({ id: z.number().int(), display_title: z.string(), status: z.string().nullish(), conclusion: z.string().nullish() })
  .transform((raw): WorkflowRunInfo => ({
    id: raw.id,
    name: raw.display_title,
    state: raw.status === "completed" ? "done" : raw.status === "in_progress" ? "running" : "waiting",
    conclusion: raw.conclusion ?? null,
  }));
export const workflowRunListSchema = z.object({ workflow_runs: z.array(workflowRunSchema) });

const PERMISSION_BY_ROLE: Readonly<Record<string, RepositoryPermission>> = {
  admin: "admin",
  maintain: "write",
  write: "write",
  triage: "read",
  read: "read",
};
export const permissionSchema = z
  .object({ permission: z.string() })
  .transform((raw): RepositoryPermission => PERMISSION_BY_ROLE[raw.permission] ?? "none");

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
