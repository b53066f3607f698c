import { type LineCommentFields, readLineComment } from "./events/comment.ts";
import type { GitHub, LineHistory } from "./github/ports.ts";
import type { Event } from "./model/event.ts";
import type { Login } from "./model/ids.ts";
import type { LineComment } from "./model/written.ts";

type Sweeping = { readonly github: Pick<GitHub, "pulls">; readonly self: Login };

const HISTORIES_AT_ONCE = 100;

/** True for a comment with a command that GitHub updated: its text was changed, or its review was submitted then. */
const isDoubtful = (comment: LineComment, self: Login): boolean =>
  comment.updated > comment.created && readLineComment(asSubmitted(comment, new Map()), self).some(({ kind }) => kind === "commanded");

const asSubmitted = (comment: LineComment, histories: ReadonlyMap<number, LineHistory>): LineCommentFields => {
  const { submitted, edited } = histories.get(comment.id) ?? { submitted: comment.created, edited: comment.updated > comment.created };
  return { ...comment, at: submitted, edited };
};

/**
 * Listed comments on lines as events; null where GitHub does not answer now. A request for each hundred comments with commands that GitHub updated:
 * where it refuses, nobody knows who wrote these, and they count as edited.
 */
export const readLineComments = async (comments: readonly LineComment[], { github, self }: Sweeping): Promise<Event[] | null> => {
  const doubtful = comments.filter((comment) => isDoubtful(comment, self));
  const histories = new Map<number, LineHistory>();
  for (let start = 0; start < doubtful.length; start += HISTORIES_AT_ONCE) {
    const reply = await github.pulls.lineHistories(doubtful.slice(start, start + HISTORIES_AT_ONCE));
    if (!reply.ok && reply.failure.kind === "later") return null;
    for (const history of reply.ok ? reply.value : []) histories.set(history.id, history);
  }
  return comments.flatMap((comment) => readLineComment(asSubmitted(comment, histories), self));
};
