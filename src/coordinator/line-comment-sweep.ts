import { type LineCommentFields, readLineComment } from "../core/events/read-comment.ts";
import type { GitHubPorts, LineHistory } from "../github/github-ports.ts";
import type { Event } from "../core/domain/event.ts";
import type { Login } from "../core/domain/ids.ts";
import type { LineComment } from "../core/domain/line-comment.ts";

type LineSweepContext = { readonly github: Pick<GitHubPorts, "pulls">; readonly botLogin: Login };

const MAX_HISTORIES_PER_REQUEST = 100;

/** True for a comment with a command that GitHub updated: its text was changed, or its review was submitted then. */
const needsEditHistory = (comment: LineComment, self: Login): boolean =>
  comment.updated > comment.created &&
  readLineComment(toLineCommentFields(comment, new Map()), self).some(({ kind }) => kind === "commanded");

const toLineCommentFields = (comment: LineComment, histories: ReadonlyMap<number, LineHistory>): LineCommentFields => {
  const { submitted, edited } = histories.get(comment.id) ?? { submitted: comment.created, edited: comment.updated > comment.created };
  return { ...comment, at: submitted, edited };
};

/**
 * Listed comments on lines as events; null where GitHub does not answer now. A request for each hundred comments with commands that GitHub updated:
 * where it refuses, nobody knows who wrote these, and they count as edited.
 */
export const readListedLineComments = async (
  comments: readonly LineComment[],
  { github, botLogin }: LineSweepContext,
): Promise<Event[] | null> => {
  const doubtful = comments.filter((comment) => needsEditHistory(comment, botLogin));
  const histories = new Map<number, LineHistory>();
  for (let start = 0; start < doubtful.length; start += MAX_HISTORIES_PER_REQUEST) {
    const reply = await github.pulls.lineHistories(doubtful.slice(start, start + MAX_HISTORIES_PER_REQUEST));
    if (!reply.ok && reply.failure.kind === "later") return null;
    for (const history of reply.ok ? reply.value : []) histories.set(history.id, history);
  }
  return comments.flatMap((comment) => readLineComment(toLineCommentFields(comment, histories), botLogin));
};
