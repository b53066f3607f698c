import { readOwn } from "../core/domain/own-record.ts";
import * as z from "zod";
import type { ChangedFile } from "../core/domain/brief.ts";
import type { Pull, Review } from "../core/domain/github-facts.ts";
import { authorSchema, isBotUser, timeSchema } from "./answer-schemas.ts";
import type { PullText } from "./github-ports.ts";

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

export const requestedReviewersSchema = z
  .object({ users: z.array(z.object({ login: z.string() })) })
  .transform(({ users }) => users.map(({ login }) => login));

export const activityListSchema = z.array(z.object({ after: z.string(), actor: z.object({ login: z.string() }).nullish() }));

const createPullSchema = (repository: string) =>
  z
    .object({
      number: z.number().int(),
      title: z.string().default(""),
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
      title: raw.title,
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
    const verdict = readOwn(VERDICT_BY_REVIEW_STATE, raw.state.toUpperCase());
    if (verdict === undefined || raw.submitted_at === null || raw.submitted_at === undefined) return [];
    // A review without a commit applies to no head, so it approves nothing.
    const head = raw.commit_id ?? "";
    return [{ id: raw.id, by: raw.user.login, bot: isBotUser(raw.user), verdict, head, at: raw.submitted_at, text: raw.body ?? "" }];
  }),
);

export const pullChangesSchema = z.array(z.object({ number: z.number().int(), updated_at: timeSchema }));
