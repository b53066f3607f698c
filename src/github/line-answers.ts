import * as z from "zod";
import type { LineComment } from "../model/written.ts";
import { author, isBot, time } from "./answers.ts";

/** Where a comment on a diff stands. */
const atLines = z
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
const lineComment = z
  .object({
    id: z.number().int(),
    node_id: z.string().default(""),
    pull_request_review_id: z.number().int().nullish(),
    in_reply_to_id: z.number().int().nullish(),
    pull_request_url: z.string().regex(/\/\d+$/),
    user: author,
    body: z.string().nullish(),
    created_at: time,
    updated_at: time,
  })
  .transform((raw) => ({
    id: raw.id,
    node: raw.node_id,
    review: raw.pull_request_review_id ?? null,
    pull: Number(/\d+$/.exec(raw.pull_request_url)?.[0]),
    thread: raw.in_reply_to_id ?? raw.id,
    by: raw.user.login,
    bot: isBot(raw.user),
    body: raw.body ?? "",
    created: raw.created_at,
    updated: raw.updated_at,
  }));
/** What a comment on a line says, and where it stands. */
const wholeLineComment = z.unknown().transform((raw, context): LineComment => {
  const [said, at] = [lineComment.safeParse(raw), atLines.safeParse(raw)];
  if (said.success && at.success) return { ...said.data, ...at.data };
  context.addIssue({ code: "custom", message: "not a comment on a line" });
  return z.NEVER;
});
export const lineComments = z.array(wholeLineComment);
