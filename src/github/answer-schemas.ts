import { readRunKey } from "../core/domain/job.ts";
import { readOwn } from "../core/domain/own-record.ts";
import * as z from "zod";
import type { RepositoryPermission, WorkflowRunInfo, GitHubComment } from "../core/domain/github-facts.ts";
import type { ThreadComment } from "./github-ports.ts";

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
export const commentSchema = rawCommentSchema.transform(toComment);
export const commentListSchema = z.array(commentSchema);

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
    state: z.string().default("open"),
    pull_request: z.unknown().optional(),
  })
  .transform(({ number, title, body, user, created_at, updated_at, comments: count, labels, assignees, state, pull_request }) => ({
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
    open: state === "open",
    onPull: pull_request !== undefined && pull_request !== null,
  }));
/** GitHub's issue listing includes pull requests. */
export const issueListSchema = z.array(issueSchema);

const runRepositorySchema = z.object({ id: z.number().int() });
export const workflowRunSchema = z
  .object({
    id: z.number().int(),
    display_title: z.string(),
    status: z.string().nullish(),
    conclusion: z.string().nullish(),
    path: z.string(),
    event: z.string(),
    head_branch: z.string().nullish(),
    head_sha: z.string(),
    run_attempt: z.number().int().default(1),
    updated_at: timeSchema,
    actor: authorSchema,
    triggering_actor: authorSchema,
    repository: runRepositorySchema,
    head_repository: runRepositorySchema.nullish(),
  })
  .transform((raw): WorkflowRunInfo => ({
    id: raw.id,
    name: readRunKey(raw.display_title),
    state: raw.status === "completed" ? "done" : raw.status === "in_progress" ? "running" : "waiting",
    conclusion: raw.conclusion ?? null,
    // GitHub documents paths such as `.github/workflows/build.yml@main`.
    file: raw.path.replace(/@.*$/, ""),
    event: raw.event,
    branch: raw.head_branch ?? null,
    commit: raw.head_sha,
    fork: raw.head_repository?.id !== raw.repository.id,
    startedBy: raw.actor.login,
    lastStartedBy: raw.triggering_actor.login,
    attempt: raw.run_attempt,
    updatedAt: raw.updated_at,
  }));
export const workflowRunListSchema = z.object({ workflow_runs: z.array(workflowRunSchema) });

/** A run's artifacts of the same name: GitHub lists those of earlier attempts too. */
export const runArtifactListSchema = z.object({
  artifacts: z.array(
    z.object({
      id: z.number().int(),
      name: z.string(),
      workflow_run: z
        .object({ id: z.number().int().nullish(), head_branch: z.string().nullish(), head_sha: z.string().nullish() })
        .nullish(),
    }),
  ),
});

const PERMISSION_BY_ROLE: Readonly<Record<string, RepositoryPermission>> = {
  admin: "admin",
  maintain: "write",
  write: "write",
  triage: "read",
  read: "read",
};
export const permissionSchema = z
  .object({ permission: z.string() })
  .transform((raw): RepositoryPermission => readOwn(PERMISSION_BY_ROLE, raw.permission) ?? "none");
