import { ignoredAnswerSchema } from "./answer-schemas.ts";
import { branchRulesSchema, checkRunListSchema, mergeMethodsSchema, commitStatusListSchema } from "./check-schemas.ts";
import { type GitHubHttp, ITEMS_PER_PAGE, readAllPages } from "./github-http.ts";
import type { CheckPort, GitHubReply } from "./github-ports.ts";
import type { Millis } from "../core/domain/ids.ts";
import { type Check, MERGE_METHODS, ENKI_STATUS_CONTEXT } from "../core/domain/github-facts.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

const MAX_COMMIT_STATUS_CHARS = 140;
const MAX_CHECK_PAGES = 10;

/** Cuts between characters, never inside a surrogate pair. */
const cutStatusText = (text: string): string => {
  const characters = Array.from(text);
  return characters.length <= MAX_COMMIT_STATUS_CHARS ? text : `${characters.slice(0, MAX_COMMIT_STATUS_CHARS - 1).join("")}…`;
};

type CheckPage = { readonly items: readonly Check[]; readonly whole: boolean };

const refuseTooManyChecks = (commit: string): GitHubReply<never> => {
  const why = `commit ${commit} has more than ${MAX_CHECK_PAGES * ITEMS_PER_PAGE} check runs or statuses`;
  return { ok: false, failure: { kind: "refused", code: "too-many", reason: why } };
};

/**
 * Milliseconds for which settings that allow every merge method are cached. A stale cache does no harm: GitHub rejects a merge that the
 * settings no longer allow.
 */
const MERGE_METHODS_CACHE_MS = 5 * MINUTE_MS;

/** Reads the merge methods from the repository's settings. Settings that forbid a method are read every time, because a person may be changing them. */
const openMergeMethods = (http: GitHubHttp, clock: () => Millis): CheckPort["mergeMethods"] => {
  let known: { readonly reply: Awaited<ReturnType<CheckPort["mergeMethods"]>>; readonly until: Millis } | null = null;
  return async () => {
    if (known && clock() < known.until) return known.reply;
    const reply = await http.get({ route: "GET /repos/{owner}/{repo}", schema: mergeMethodsSchema });
    known = reply.ok && reply.value?.length === MERGE_METHODS.length ? { reply, until: clock() + MERGE_METHODS_CACHE_MS } : null;
    return reply;
  };
};

export const openChecks = (http: GitHubHttp, clock: () => Millis): CheckPort => {
  const read = async (commit: string): Promise<readonly GitHubReply<CheckPage>[]> => {
    const at = "/repos/{owner}/{repo}/commits/{ref}";
    const runs = await readAllPages(
      http,
      // All runs are read, because we choose among reruns of a check by time.
      { route: `GET ${at}/check-runs`, parameters: { ref: commit, filter: "all" }, schema: checkRunListSchema },
      MAX_CHECK_PAGES,
    );
    return runs.ok
      ? [
          runs,
          await readAllPages(
            http,
            { route: `GET ${at}/statuses`, parameters: { ref: commit }, schema: commitStatusListSchema },
            MAX_CHECK_PAGES,
          ),
        ]
      : [runs];
  };
  return {
    list: async (commit) => {
      const all: Check[] = [];
      for (const reply of await read(commit)) {
        if (!reply.ok) return reply;
        if (!reply.value.whole) return refuseTooManyChecks(commit);
        all.push(...reply.value.items);
      }
      return { ok: true, value: all };
    },
    rules: (base) =>
      http.get({
        route: "GET /repos/{owner}/{repo}/rules/branches/{branch}",
        parameters: { branch: base, per_page: ITEMS_PER_PAGE },
        schema: branchRulesSchema,
      }),
    mergeMethods: openMergeMethods(http, clock),
    setStatus: ({ commit, state, text, context = ENKI_STATUS_CONTEXT, url }) =>
      http.send({
        route: "POST /repos/{owner}/{repo}/statuses/{sha}",
        parameters: { sha: commit, state, description: cutStatusText(text), context, ...(url !== undefined && { target_url: url }) },
        schema: ignoredAnswerSchema,
      }),
  };
};
