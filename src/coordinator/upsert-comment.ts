import type { GitHubComment } from "../core/domain/github-facts.ts";
import type { Effect, EffectEnding } from "../core/domain/effect.ts";
import { type Login, isSameLogin } from "../core/domain/ids.ts";
import type { GitHubFailure, IssuePort } from "../github/github-ports.ts";

type CommentEffect = Extract<Effect, { kind: "write-comment" }>;
/** Access to comments, and Enki's own login. */
export type CommentPorts = { readonly issues: IssuePort; readonly botLogin: Login };

const endWithComment = (comment: number): EffectEnding<"write-comment"> => ({ kind: "done", answer: { comment } });

export const isOwnComment = (comment: Pick<GitHubComment, "by">, self: Login): boolean => isSameLogin(comment.by, self);

export const readFirstLine = (text: string): string => (text.split("\n", 1)[0] ?? "").trim();

/** Puts the marker in the first line; elsewhere, the marker may be part of a quotation. */
const prependMarker = ({ marker, body }: CommentEffect): string => (readFirstLine(body) === marker ? body : `${marker}\n${body}`);

const wasDeleted = (failure: GitHubFailure): boolean =>
  failure.kind === "refused" && (failure.code === "not-found" || failure.code === "gone");

/** Updates Enki's comment with the marker; of several, the oldest stays and the others are deleted. Returns null without a comment. */
const updateExistingComment = async (
  effect: CommentEffect,
  { issues, botLogin }: CommentPorts,
): Promise<EffectEnding<"write-comment"> | null> => {
  const listed = await issues.commentsOn(effect.issue);
  if (!listed.ok) return listed.failure;
  const ours = listed.value
    .filter((comment) => isOwnComment(comment, botLogin) && readFirstLine(comment.body) === effect.marker)
    .sort((a, b) => a.id - b.id);
  const [first, ...others] = ours;
  if (!first) return null;
  // A duplicate that cannot be deleted does not justify another comment.
  for (const other of others) await issues.deleteComment(other.id);
  if (first.body === prependMarker(effect)) return endWithComment(first.id);
  const edited = await issues.editComment(first.id, prependMarker(effect));
  return edited.ok ? endWithComment(first.id) : edited.failure;
};

const createMarkedComment = async (effect: CommentEffect, ports: CommentPorts): Promise<EffectEnding<"write-comment">> => {
  const reply = await ports.issues.comment(effect.issue, prependMarker(effect));
  if (reply.ok) return endWithComment(reply.value.comment);
  const unclear = reply.failure.kind === "later" && reply.failure.unclear;
  const found = unclear ? await updateExistingComment(effect, ports) : null;
  return found?.kind === "done" ? found : reply.failure;
};

/**
 * Posts a single comment per marker: edits the known comment, looks for an existing comment if the effect may have been performed before,
 * or creates the comment. A deleted comment is created again.
 */
export const upsertComment = async (
  effect: CommentEffect,
  ports: CommentPorts,
  isRepeated: boolean,
): Promise<EffectEnding<"write-comment">> => {
  if (effect.comment !== null) {
    const edited = await ports.issues.editComment(effect.comment, prependMarker(effect));
    if (edited.ok) return endWithComment(effect.comment);
    if (!wasDeleted(edited.failure)) return edited.failure;
  }
  if (effect.comment === null && !isRepeated) return createMarkedComment(effect, ports);
  return (await updateExistingComment(effect, ports)) ?? createMarkedComment(effect, ports);
};

/** Comments on a pull request why it is closed, unless the same comment exists. Null on success. */
export const postCloseReason = async (pull: number, text: string, { issues, botLogin }: CommentPorts): Promise<GitHubFailure | null> => {
  if (text.trim() === "") return null;
  const listed = await issues.commentsOn(pull);
  if (!listed.ok) return listed.failure;
  if (listed.value.some((comment) => isOwnComment(comment, botLogin) && comment.body.trim() === text.trim())) return null;
  const reply = await issues.comment(pull, text);
  return reply.ok ? null : reply.failure;
};
