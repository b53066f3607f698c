import { type LineCommentFields, readLineComment } from "../core/events/read-comment.ts";
import type { GitHubPorts, LineHistory } from "../github/github-ports.ts";
import type { Event } from "../core/domain/event.ts";
import type { Login } from "../core/domain/ids.ts";
import type { LineComment } from "../core/domain/line-comment.ts";

type LineSweepContext = { readonly github: Pick<GitHubPorts, "pulls">; readonly botLogin: Login };

const MAX_HISTORIES_PER_REQUEST = 100;

/** Whether a comment with a command was updated: its text was edited, or its pending review was submitted. */
const needsEditHistory = (comment: LineComment, self: Login): boolean =>
  comment.updated > comment.created &&
  readLineComment(toLineCommentFields(comment, new Map()), self).some(({ kind }) => kind === "commanded");

const toLineCommentFields = (comment: LineComment, histories: ReadonlyMap<number, LineHistory>): LineCommentFields => {
  const { submitted, edited } = histories.get(comment.id) ?? { submitted: comment.created, edited: comment.updated > comment.created };
  return { ...comment, at: submitted, edited };
};

/**
 * Reads listed line comments as events; null while GitHub does not answer. Sends one request for each hundred updated comments that
 * contain commands. If GitHub refuses a request, its comments count as edited, because their authors are uncertain.
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
