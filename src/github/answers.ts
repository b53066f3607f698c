import * as z from "zod";
import { type Check, MERGE_METHODS, type Permission, type Pull, type Review, type Rules, type Run } from "../model/query.ts";
import type { ChangedFile } from "../model/brief.ts";
import type { Comment, PullText, ThreadComment } from "./ports.ts";

/** What we read of GitHub's answers: only the fields that we use, in our words. */

/** GitHub shows deleted accounts as this user, or as null. */
const GHOST = { login: "ghost", type: "User" };
export const author = z
  .object({ login: z.string(), type: z.string().default("User") })
  .nullish()
  .transform((user) => user ?? GHOST);
export const isBot = (user: { login: string; type: string }): boolean => user.type === "Bot" || user.login.endsWith("[bot]");

export const time = z.string().transform((text, context) => {
  const at = Date.parse(text);
  if (Number.isNaN(at)) context.addIssue({ code: "custom", message: "not a time" });
  return at;
});

/** Any answer; for requests whose answer tells nothing. */
export const anything = z.unknown().transform(() => null);

export const created = z.object({ id: z.number().int() });
export const numbered = z.object({ number: z.number().int() });
export const repository = z.object({ default_branch: z.string().min(1) });
const may = z.boolean().optional();
/** Shown to those who may write only: all three, or none. */
export const mergeMethods = z
  .object({ allow_merge_commit: may, allow_squash_merge: may, allow_rebase_merge: may })
  .transform(({ allow_merge_commit: merge, allow_squash_merge: squash, allow_rebase_merge: rebase }) =>
    merge === undefined && squash === undefined && rebase === undefined
      ? null
      : MERGE_METHODS.filter((each) => ({ merge, squash, rebase })[each] === true),
  );
export const dispatched = z.union([z.object({ workflow_run_id: z.number().int() }), z.null(), z.undefined(), z.literal("")]);

const rawComment = z.object({
  id: z.number().int(),
  issue_url: z.string().regex(/\/\d+$/),
  html_url: z.string(),
  user: author,
  body: z.string().nullish(),
  created_at: time,
  updated_at: time,
  author_association: z.string().default("NONE"),
});
const toComment = (raw: z.output<typeof rawComment>): Comment => ({
  id: raw.id,
  issue: Number(/\d+$/.exec(raw.issue_url)?.[0]),
  onPull: /\/pull\/\d+(?:#|$)/.test(raw.html_url),
  by: raw.user.login,
  bot: isBot(raw.user),
  body: raw.body ?? "",
  created: raw.created_at,
  updated: raw.updated_at,
});
export const comments = z.array(rawComment.transform(toComment));

/** https://docs.github.com/en/graphql/reference/enums#commentauthorassociation */
const MEMBERS: ReadonlySet<string> = new Set(["OWNER", "MEMBER", "COLLABORATOR"]);
export const thread = z.array(
  rawComment.transform((raw): ThreadComment => ({ ...toComment(raw), member: MEMBERS.has(raw.author_association.toUpperCase()) })),
);

export const issue = z
  .object({
    number: z.number().int(),
    title: z.string(),
    body: z.string().nullish(),
    user: author,
    created_at: time,
    updated_at: time,
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
    bot: isBot(user),
    created: created_at,
    updated: updated_at,
    comments: count,
    labels: labels.flatMap((label) => (typeof label === "string" ? label : (label.name ?? []))),
    assignees: (assignees ?? []).map(({ login }) => login),
    onPull: pull_request !== undefined && pull_request !== null,
  }));
/** Issues as a listing has them: with pull requests among them. */
export const issues = z.array(issue);

const side = z.object({ ref: z.string(), sha: z.string(), repo: z.object({ full_name: z.string() }).nullish(), user: author });
const headRefOf = (repository: string, { ref, repo, user }: z.output<typeof side>): string =>
  repo?.full_name.toLowerCase() === repository.toLowerCase() ? ref : `${user.login}:${ref}`;

/** One pull request, with how much it changes. */
export const pullText = (repository: string) =>
  z.object({ head: side, base: z.object({ ref: z.string() }), changed_files: z.number().int() }).transform((raw): PullText => ({
    base: raw.base.ref,
    headRef: headRefOf(repository, raw.head),
    head: raw.head.sha,
    changedFiles: raw.changed_files,
  }));

export const changedFiles = z.array(
  z
    .object({ filename: z.string(), additions: z.number().int(), deletions: z.number().int(), patch: z.string().nullish() })
    .transform(({ filename, additions, deletions, patch = null }): ChangedFile & { readonly patch: string | null } => ({
      path: filename,
      added: additions,
      removed: deletions,
      patch,
    })),
);

const pull = (repository: string) =>
  z
    .object({
      number: z.number().int(),
      state: z.enum(["open", "closed"]),
      merged_at: z.string().nullish(),
      draft: z.boolean().default(false),
      created_at: z.string(),
      updated_at: z.string(),
      labels: z.array(z.object({ name: z.string() })).default([]),
      head: side,
      base: z.object({ ref: z.string() }),
    })
    .transform((raw): Pull => ({
      number: raw.number,
      headRef: headRefOf(repository, raw.head),
      head: raw.head.sha,
      base: raw.base.ref,
      state: raw.merged_at ? "merged" : raw.state,
      draft: raw.draft,
      labels: raw.labels.map(({ name }) => name),
      touched: raw.updated_at !== raw.created_at,
    }));
/** Pull requests of a repository, `<owner>/<name>`: a fork may have a branch of the same name as one of ours. */
export const pulls = (repository: string) => z.array(pull(repository));

const VERDICTS: Readonly<Record<string, Review["verdict"]>> = {
  APPROVED: "approved",
  CHANGES_REQUESTED: "changes-requested",
  DISMISSED: "dismissed",
  COMMENTED: "commented",
};
const review = z.object({
  id: z.number().int(),
  user: author,
  state: z.string(),
  commit_id: z.string().nullish(),
  submitted_at: time.nullish(),
  body: z.string().nullish(),
});
/** Submitted reviews; drafts, which only their author sees, are left out. */
export const reviews = z.array(review).transform((list) =>
  list.flatMap((raw): Review[] => {
    const verdict = VERDICTS[raw.state.toUpperCase()];
    if (verdict === undefined || raw.submitted_at === null || raw.submitted_at === undefined) return [];
    // Without a commit it is bound to none: it opens no gate.
    const head = raw.commit_id ?? "";
    return [{ id: raw.id, by: raw.user.login, bot: isBot(raw.user), verdict, head, at: raw.submitted_at, text: raw.body ?? "" }];
  }),
);

/** When pull requests changed last. */
export const changes = z.array(z.object({ number: z.number().int(), updated_at: time }));

const run = z
  .object({ id: z.number().int(), display_title: z.string(), status: z.string().nullish(), conclusion: z.string().nullish() })
  .transform((raw): Run => ({
    id: raw.id,
    name: raw.display_title,
    state: raw.status === "completed" ? "done" : raw.status === "in_progress" ? "running" : "waiting",
    conclusion: raw.conclusion ?? null,
  }));
export const runs = z.object({ workflow_runs: z.array(run) });

const PERMISSIONS: Readonly<Record<string, Permission>> = {
  admin: "admin",
  maintain: "write",
  write: "write",
  triage: "read",
  read: "read",
};
export const permission = z.object({ permission: z.string() }).transform((raw): Permission => PERMISSIONS[raw.permission] ?? "none");

const checkRun = z
  .object({
    id: z.number().int(),
    name: z.string(),
    status: z.string(),
    conclusion: z.string().nullish(),
    started_at: time.nullish(),
    completed_at: time.nullish(),
    app: z.object({ id: z.number().int(), slug: z.string().default("") }).nullish(),
  })
  .transform((raw): Check => ({
    id: raw.id,
    name: raw.name,
    app: raw.app ?? null,
    state: raw.conclusion ?? raw.status,
    started: raw.started_at ?? 0,
    at: raw.completed_at ?? raw.started_at ?? 0,
  }));
export const checkRuns = z.object({ check_runs: z.array(checkRun) }).transform(({ check_runs }) => check_runs);

const status = z
  .object({ id: z.number().int(), context: z.string(), state: z.string(), creator: author, created_at: time, updated_at: time })
  .transform((raw): Check => ({
    id: raw.id,
    name: raw.context,
    app: isBot(raw.creator) ? { id: null, slug: raw.creator.login.replace(/\[bot\]$/, "") } : null,
    state: raw.state,
    started: raw.created_at,
    at: raw.updated_at,
  }));
export const statuses = z.array(status);

const rule = z.object({
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
/** The rules of a branch: of several of one kind the strictest counts. */
export const rules = z.array(rule).transform((list): Rules => {
  const all = list.flatMap(({ parameters }) => parameters ?? []);
  const methods = all.flatMap(({ allowed_merge_methods: allowed }) => (allowed ? [allowed] : []));
  return {
    known: true,
    types: [...new Set(list.map(({ type }) => type))],
    checks: all.flatMap(({ required_status_checks: checks = [] }) =>
      checks.map(({ context, integration_id: app }) => ({ name: context, app: app === null || app === undefined ? null : String(app) })),
    ),
    reviews: Math.max(0, ...all.map(({ required_approving_review_count: count = 0 }) => count)),
    methods: methods.length === 0 ? null : (methods[0] ?? []).filter((each) => methods.every((other) => other.includes(each))),
  };
});
