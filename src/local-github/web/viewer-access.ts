import type { Millis } from "../../core/domain/ids.ts";
import type { ViewedRepository, ViewerPort, ViewerReply, ViewerRepositories } from "../../core/domain/viewer-port.ts";
import type { ViewerSession } from "./viewer-sessions.ts";
import { MINUTE_MS } from "../../core/domain/durations.ts";

/** How long an answer of GitHub counts. */
const ALLOWED_MS = MINUTE_MS;
const HIDDEN_MS = 10_000;
const UNAVAILABLE_MS = 5_000;
const MAX_ANSWERS = 5_000;

type Answer = { readonly reply: Promise<ViewerReply<unknown>>; until: Millis };

/** Which repositories a viewer may read, as GitHub answered within the last minute. */
export const openViewerAccess = (port: ViewerPort, now: () => Millis) => {
  const answers = new Map<string, Answer>();
  const drop = (key: string, answer: Answer): void => {
    if (answers.get(key) === answer) answers.delete(key);
  };
  const ask = <T>(key: string, request: () => Promise<ViewerReply<T>>): Promise<ViewerReply<T>> => {
    const known = answers.get(key);
    // The same kind of request wrote the answer, so it has the same type.
    if (known && known.until > now()) return known.reply as Promise<ViewerReply<T>>;
    const reply = request();
    // Counted from the request: a permission that ends while GitHub answers must not count longer.
    const answer: Answer = { reply, until: now() + ALLOWED_MS };
    const limit = (ms: Millis): void => void (answer.until = Math.min(answer.until, now() + ms));
    answers.delete(key);
    answers.set(key, answer);
    for (const [oldest] of answers) {
      if (answers.size <= MAX_ANSWERS) break;
      answers.delete(oldest);
    }
    void reply.then(
      (given) => {
        if (given.ok) return;
        if (given.why === "ended") drop(key, answer);
        else limit(given.why === "hidden" ? HIDDEN_MS : UNAVAILABLE_MS);
      },
      () => drop(key, answer),
    );
    return reply;
  };
  return {
    repository: ({ id, token }: ViewerSession, name: string): Promise<ViewerReply<ViewedRepository>> =>
      ask(`${id} ${name.toLowerCase()}`, () => port.readRepository(token, name)),
    repositories: ({ id, token }: ViewerSession): Promise<ViewerReply<ViewerRepositories>> => ask(id, () => port.listRepositories(token)),
  };
};
export type ViewerAccess = ReturnType<typeof openViewerAccess>;
