import { cleanTextOrAll } from "../markdown/clean.ts";
import { withoutCommands } from "../commands/parse.ts";
import type { GitHub, Reply } from "../github/ports.ts";
import type { KnownPermission } from "../model/brief.ts";
import type { RemarkId } from "../model/event.ts";
import type { PullTalk, Saying } from "../model/feedback.ts";
import type { Login, Millis } from "../model/ids.ts";
import type { Review } from "../model/query.ts";
import { cut } from "../model/visible.ts";

/** People whose permission is looked up. */
const MAX_LOOKUPS = 20;
/** A longer text is cut; in characters. */
const LONGEST = 20_000;
const LONGEST_HUNK = 4_000;
/** Texts of one kind that are read, the newest of them. */
const MOST = 300;

type Written = { readonly by: Login; readonly bot: boolean; readonly body: string };
type People = { readonly permissionOf: (written: Written) => KnownPermission };

/**
 * Reads what people wrote on a pull request. Requests: one for each hundred reviews, comments on lines and comments,
 * one for the threads that are resolved, and one for each of at most twenty people.
 */
export const readTalk = async (pull: number, { github, self }: { github: GitHub; self: Login }): Promise<Reply<PullTalk>> => {
  const reviews = await github.pulls.reviews(pull);
  if (!reviews.ok) return reviews;
  const lines = await github.pulls.lineComments(pull);
  if (!lines.ok) return lines;
  const comments = await github.issues.commentsOn(pull);
  if (!comments.ok) return comments;
  const resolved = lines.value.length === 0 ? { ok: true as const, value: [] } : await github.pulls.resolvedThreads(pull);
  if (!resolved.ok && resolved.failure.kind === "later") return resolved;
  const isPerson = ({ by, bot }: Pick<Written, "by" | "bot">): boolean => !bot && by !== self;
  const spoken = reviews.value.filter(isPerson).slice(-MOST);
  const remarks = comments.value.filter(isPerson).slice(-MOST);
  const people = await readPeople(askedFor(spoken, [...lines.value.filter(isPerson), ...remarks]), github);
  if (!people.ok) return people;
  const say = sayingOf(self, people.value);
  const submitted = new Map(reviews.value.map(({ id, at }) => [id, at]));
  return {
    ok: true,
    value: {
      reviews: spoken.map(({ id, text, verdict, head, ...one }) => ({
        ...say({ ...one, body: text }, `review:${id}`, one.at),
        verdict,
        head,
      })),
      lines: lines.value.slice(-MOST).map(({ id, thread, path, line, startLine, side, hunk, outdated, created, review, ...one }) => ({
        // It may have been written long before, in a pending review.
        ...say(one, `review-comment:${id}`, submitted.get(review ?? 0) ?? created),
        thread,
        path,
        line,
        startLine,
        side,
        outdated,
        hunk: hunk.slice(-LONGEST_HUNK),
        person: isPerson(one),
      })),
      remarks: remarks.map((one) => say(one, `comment:${one.id}`, one.created)),
      // Where GitHub does not say, nothing counts as resolved.
      resolved: resolved.ok ? resolved.value : [],
    },
  };
};

const sayingOf =
  (self: Login, { permissionOf }: People) =>
  (written: Written, id: RemarkId, at: Millis): Saying => {
    const text = withoutCommands(cleanTextOrAll(written.body), self.replace(/\[bot\]$/, "")).trim();
    const kept = cut(text, LONGEST);
    const whole = kept.length < text.length ? `${kept}\n[… the rest is left out: it is too long …]` : text;
    return { id, by: written.by, permission: permissionOf(written), at, text: whole };
  };

type Timed = { readonly by: Login; readonly created: Millis };

/** Whose permission is looked up: whoever requests changes, since that starts an attempt; then the others. The latest words of any kind come first. */
const askedFor = (reviews: readonly Review[], others: readonly Timed[]): readonly Login[] => {
  const requests = reviews.filter(({ verdict }) => verdict === "changes-requested").toSorted((a, b) => b.at - a.at);
  const all = [...reviews.map(({ by, at }): Timed => ({ by, created: at })), ...others].toSorted((a, b) => b.created - a.created);
  return [...new Set([...requests, ...all].map(({ by }) => by))].slice(0, MAX_LOOKUPS);
};

/** People who are not looked up are not trusted. */
const readPeople = async (logins: readonly Login[], github: GitHub): Promise<Reply<People>> => {
  const known = new Map<Login, KnownPermission>();
  for (const login of logins) {
    const reply = await github.people.permission(login);
    if (!reply.ok && reply.failure.kind === "later") return reply;
    known.set(login, reply.ok ? reply.value : "unknown");
  }
  return { ok: true, value: { permissionOf: ({ by, bot }) => (bot ? "none" : (known.get(by) ?? "unknown")) } };
};
