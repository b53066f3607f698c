import type { ZodType } from "zod";
import type { Millis } from "../model/ids.ts";
import { type Http, PER_PAGE } from "./http.ts";
import type { Reply } from "./ports.ts";

const SECOND = 1_000;
/** Pages of one listing; a sweep goes on where it stopped. */
const PAGES = 10;

type Changing = { readonly id: number; readonly updated: Millis };
type Listing<T> = { readonly route: string; readonly schema: ZodType<readonly T[]>; readonly clock: () => Millis };

/** GitHub's times have whole seconds, and it is not documented whether `since` includes its own: one more is asked for. */
const sinceText = (since: Millis): string => new Date(Math.max(0, Math.floor(since / SECOND) * SECOND - SECOND)).toISOString();

/**
 * Listed from the last change seen, not by page number: a comment that changes meanwhile moves to the end,
 * and would pull one that nobody has seen onto a page already read.
 */
export const listSince = async <T extends Changing>(
  http: Http,
  { route, schema, clock }: Listing<T>,
  start: Millis,
): Promise<Reply<{ comments: readonly T[]; until: Millis }>> => {
  const found = new Map<number, T>();
  let [since, page, until] = [start, 1, start];
  for (let count = 0; count < PAGES; count += 1) {
    const parameters = { since: sinceText(since), sort: "updated", direction: "asc", per_page: PER_PAGE, page };
    const reply = await http.page({ route, parameters, schema });
    if (!reply.ok) return reply;
    for (const comment of reply.value.value) found.set(comment.id, comment);
    const last = reply.value.value.at(-1)?.updated ?? since;
    const whole = reply.value.value.length < PER_PAGE && !reply.value.more;
    until = whole ? (http.serverTime() ?? clock()) : last;
    if (whole) break;
    const stuck = sinceText(last) === parameters.since;
    page = stuck ? page + 1 : 1;
    since = last;
  }
  const comments = [...found.values()].sort((a, b) => a.updated - b.updated || a.id - b.id);
  return { ok: true, value: { comments, until: Math.max(start, until) } };
};
