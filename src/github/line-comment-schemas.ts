import * as z from "zod";
import type { LineComment } from "../core/domain/line-comment.ts";
import { authorSchema, isBotUser, timeSchema } from "./answer-schemas.ts";

const diffLocationSchema = z
  .object({
    path: z.string(),
    line: z.number().int().nullish(),
    original_line: z.number().int().nullish(),
    original_start_line: z.number().int().nullish(),
    side: z.string().nullish(),
    subject_type: z.string().nullish(),
    diff_hunk: z.string().nullish(),
    original_commit_id: z.string(),
  })
  .transform((raw): Pick<LineComment, "path" | "line" | "startLine" | "side" | "hunk" | "commit" | "outdated"> => {
    const isFile = raw.subject_type === "file";
    const line = raw.line ?? null;
    return {
      path: raw.path,
      line: isFile ? null : (raw.original_line ?? line),
      startLine: isFile ? null : (raw.original_start_line ?? null),
      side: raw.side === "LEFT" ? "old" : "new",
      hunk: raw.diff_hunk ?? "",
      commit: raw.original_commit_id,
      outdated: !isFile && line === null,
    };
  });
const lineCommentTextSchema = z
  .object({
    id: z.number().int(),
    node_id: z.string().default(""),
    pull_request_review_id: z.number().int().nullish(),
    in_reply_to_id: z.number().int().nullish(),
    pull_request_url: z.string().regex(/\/\d+$/),
    user: authorSchema,
    body: z.string().nullish(),
    created_at: timeSchema,
    updated_at: timeSchema,
  })
  .transform((raw) => ({
    id: raw.id,
    nodeId: raw.node_id,
    review: raw.pull_request_review_id ?? null,
    pull: Number(/\d+$/.exec(raw.pull_request_url)?.[0]),
    thread: raw.in_reply_to_id ?? raw.id,
    by: raw.user.login,
    bot: isBotUser(raw.user),
    body: raw.body ?? "",
    created: raw.created_at,
    updated: raw.updated_at,
  }));
const lineCommentSchema = z.unknown().transform((raw, context): LineComment => {
  const [said, at] = [lineCommentTextSchema.safeParse(raw), diffLocationSchema.safeParse(raw)];
  if (said.success && at.success) return { ...said.data, ...at.data };
  context.addIssue({ code: "custom", message: "not a comment on a line" });
  return z.NEVER;
});
export const lineCommentListSchema = z.array(lineCommentSchema);
