import { cleanTextOrAll } from "../core/markdown/clean.ts";
import { stripCommands } from "../core/commands/parse-comment.ts";
import type { GitHubPorts, GitHubReply } from "../github/github-ports.ts";
import type { KnownPermission } from "../core/domain/brief.ts";
import type { RemarkId } from "../core/domain/event.ts";
import type { PullDiscussion, PersonRemark } from "../core/domain/feedback.ts";
import { isSameLogin, type Login, type Millis } from "../core/domain/ids.ts";
import type { Review } from "../core/domain/github-facts.ts";
import { takeFirstChars } from "../core/domain/visible-text.ts";
import { lookUpPermissions } from "./look-up-permissions.ts";

const MAX_FEEDBACK_LOOKUPS = 20;
const MAX_REMARK_CHARS = 20_000;
const MAX_HUNK_CHARS = 4_000;
/** Only the newest texts of each kind are read. */
const MAX_REMARKS_READ = 300;

type AuthoredText = { readonly by: Login; readonly bot: boolean; readonly body: string };

/**
 * Reads people's texts on a pull request. Sends a request for each hundred reviews, line comments and comments, a request for the resolved
 * threads, and a request for each of at most twenty people.
 */
export const readPullDiscussion = async (
  pull: number,
  { github, self }: { github: GitHubPorts; self: Login },
): Promise<GitHubReply<PullDiscussion>> => {
  const reviews = await github.pulls.reviews(pull);
  if (!reviews.ok) return reviews;
  const lines = await github.pulls.lineComments(pull);
  if (!lines.ok) return lines;
  const comments = await github.issues.commentsOn(pull);
  if (!comments.ok) return comments;
  const resolved = lines.value.length === 0 ? { ok: true as const, value: [] } : await github.pulls.resolvedThreads(pull);
  if (!resolved.ok && resolved.failure.kind === "later") return resolved;
  const isPerson = ({ by, bot }: Pick<AuthoredText, "by" | "bot">): boolean => !bot && !isSameLogin(by, self);
  const spoken = reviews.value.filter(isPerson).slice(-MAX_REMARKS_READ);
  const remarks = comments.value.filter(isPerson).slice(-MAX_REMARKS_READ);
  const people = await lookUpPermissions(selectFeedbackPeople(spoken, [...lines.value.filter(isPerson), ...remarks]), github);
  if (!people.ok) return people;
  const buildRemark = createRemarkBuilder(self, people.value);
  const submitted = new Map(reviews.value.map(({ id, at }) => [id, at]));
  return {
    ok: true,
    value: {
      reviews: spoken.map(({ id, text, verdict, head, ...one }) => ({
        ...buildRemark({ ...one, body: text }, `review:${id}`, one.at),
        verdict,
        head,
      })),
      lineComments: lines.value
        .slice(-MAX_REMARKS_READ)
        .map(({ id, thread, path, line, startLine, side, hunk, outdated, created, review, ...one }) => ({
          // A pending review's comment becomes visible when the review is submitted.
          ...buildRemark(one, `review-comment:${id}`, submitted.get(review ?? 0) ?? created),
          thread,
          path,
          line,
          startLine,
          side,
          outdated,
          hunk: hunk.slice(-MAX_HUNK_CHARS),
          byPerson: isPerson(one),
        })),
      remarks: remarks.map((one) => buildRemark(one, `comment:${one.id}`, one.created)),
      // If GitHub refuses, no thread counts as resolved.
      resolvedThreads: resolved.ok ? resolved.value : [],
    },
  };
};

const createRemarkBuilder =
  (self: Login, permissions: ReadonlyMap<Login, KnownPermission>) =>
  (written: AuthoredText, id: RemarkId, at: Millis): PersonRemark => {
    const text = stripCommands(cleanTextOrAll(written.body), self.replace(/\[bot\]$/, "")).trim();
    const kept = takeFirstChars(text, MAX_REMARK_CHARS);
    const whole = kept.length < text.length ? `${kept}\n[… the rest is left out: it is too long …]` : text;
    return { id, by: written.by, permission: written.bot ? "none" : (permissions.get(written.by) ?? "unknown"), at, text: whole };
  };

type TimedAuthor = { readonly by: Login; readonly created: Millis };

/**
 * People to look up permissions for: first people who request changes, because a request starts an attempt, then the others; the latest
 * first.
 */
const selectFeedbackPeople = (reviews: readonly Review[], others: readonly TimedAuthor[]): readonly Login[] => {
  const requests = reviews.filter(({ verdict }) => verdict === "changes-requested").toSorted((a, b) => b.at - a.at);
  const all = [...reviews.map(({ by, at }): TimedAuthor => ({ by, created: at })), ...others].toSorted((a, b) => b.created - a.created);
  return [...new Set([...requests, ...all].map(({ by }) => by))].slice(0, MAX_FEEDBACK_LOOKUPS);
};
