import { readComment } from "../core/events/read-comment.ts";
import type { Event } from "../core/domain/event.ts";
import type { GitHubComment } from "../core/domain/github-facts.ts";
import type { Login } from "../core/domain/ids.ts";
import type { CommentEdit, GitHubPorts } from "../github/github-ports.ts";

type CommentSweep = {
  readonly github: { readonly issues: Pick<GitHubPorts["issues"], "commentEdits"> };
  readonly botLogin: Login;
  readonly handledEvents: Readonly<Record<string, unknown>>;
};

/**
 * Events of listed comments; null while GitHub does not answer. Times have whole seconds, so GitHub is asked whether somebody edited a
 * new command within the second of its creation. If GitHub refuses, the comment counts as edited.
 */
export const readListedComments = async (
  comments: readonly GitHubComment[],
  { github, botLogin, handledEvents }: CommentSweep,
): Promise<readonly Event[] | null> => {
  const known = new Map<number, readonly CommentEdit[]>();
  const events: Event[] = [];
  for (const comment of comments) {
    const unedited = readComment(comment, botLogin);
    const isAsked =
      comment.updated <= comment.created && unedited.some((event) => event.kind === "commanded" && handledEvents[event.id] === undefined);
    if (isAsked && !known.has(comment.issue)) {
      const reply = await github.issues.commentEdits(comment.issue);
      if (!reply.ok && reply.failure.kind !== "refused") return null;
      known.set(comment.issue, reply.ok ? reply.value : []);
    }
    const edit = known.get(comment.issue)?.find(({ id }) => id === comment.id);
    events.push(...(isAsked && edit?.edited !== false ? readComment({ ...comment, updated: comment.created + 1 }, botLogin) : unedited));
  }
  return events;
};
