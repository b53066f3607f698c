import type { ZodType } from "zod";
import type { Millis } from "../core/domain/ids.ts";
import { type GitHubHttp, ITEMS_PER_PAGE } from "./github-http.ts";
import type { GitHubReply } from "./github-ports.ts";
import { SECOND_MS } from "../core/domain/durations.ts";

/** Page limit of one listing; the next sweep continues from the last item. */
const MAX_SINCE_PAGES = 10;

type ChangingItem = { readonly id: number; readonly updated: Millis };
type SinceListing<T> = { readonly route: string; readonly schema: ZodType<readonly T[]>; readonly clock: () => Millis };

/** Subtracts a second: GitHub's times have whole seconds, and GitHub does not document whether `since` is inclusive. */
const formatSince = (since: Millis): string => new Date(Math.max(0, Math.floor(since / SECOND_MS) * SECOND_MS - SECOND_MS)).toISOString();

/**
 * Pages by the time of the last item instead of page number. A comment that changes during the listing moves to the end,
 * which would shift an unread comment onto a page that was already read.
 */
export const listChangedSince = async <T extends ChangingItem>(
  http: GitHubHttp,
  { route, schema, clock }: SinceListing<T>,
  start: Millis,
): Promise<GitHubReply<{ comments: readonly T[]; until: Millis }>> => {
  const found = new Map<number, T>();
  let [since, page, until] = [start, 1, start];
  for (let count = 0; count < MAX_SINCE_PAGES; count += 1) {
    const parameters = { since: formatSince(since), sort: "updated", direction: "asc", per_page: ITEMS_PER_PAGE, page };
    const reply = await http.page({ route, parameters, schema });
    if (!reply.ok) return reply;
    for (const comment of reply.value.value) found.set(comment.id, comment);
    const last = reply.value.value.at(-1)?.updated ?? since;
    const whole = reply.value.value.length < ITEMS_PER_PAGE && !reply.value.more;
    until = whole ? (http.serverTime() ?? clock()) : last;
    if (whole) break;
    const stuck = formatSince(last) === parameters.since;
    page = stuck ? page + 1 : 1;
    since = last;
  }
  const comments = [...found.values()].sort((a, b) => a.updated - b.updated || a.id - b.id);
  return { ok: true, value: { comments, until: Math.max(start, until) } };
};
