import { anything, checkRuns, mergeMethods, rules as ruleList, statuses } from "./answers.ts";
import { type Http, PER_PAGE, readAll } from "./http.ts";
import type { Checks, Reply } from "./ports.ts";
import type { Millis } from "../model/ids.ts";
import { type Check, MERGE_METHODS, OUR_STATUS } from "../model/query.ts";

const LONGEST_DESCRIPTION = 140;
const CHECK_PAGES = 10;

/** Cut between characters, never inside one. */
const cut = (text: string): string => {
  const characters = Array.from(text);
  return characters.length <= LONGEST_DESCRIPTION ? text : `${characters.slice(0, LONGEST_DESCRIPTION - 1).join("")}…`;
};

type Page = { readonly items: readonly Check[]; readonly whole: boolean };

const tooMany = (commit: string): Reply<never> => {
  const why = `commit ${commit} has more than ${CHECK_PAGES * PER_PAGE} check runs or statuses`;
  return { ok: false, failure: { kind: "refused", code: "too-many", why } };
};

/** How long settings that allow every way of merging are taken to stay so, in milliseconds: GitHub refuses a merge that they do not allow any more. */
const METHODS_AGE = 5 * 60_000;

/** Reads the repository's settings, which each push makes another answer of. What keeps people from landing is read each time, since they may be changing it. */
const openMethods = (http: Http, clock: () => Millis): Checks["methods"] => {
  let known: { readonly reply: Awaited<ReturnType<Checks["methods"]>>; readonly until: Millis } | null = null;
  return async () => {
    if (known && clock() < known.until) return known.reply;
    const reply = await http.get({ route: "GET /repos/{owner}/{repo}", schema: mergeMethods });
    known = reply.ok && reply.value?.length === MERGE_METHODS.length ? { reply, until: clock() + METHODS_AGE } : null;
    return reply;
  };
};

export const openChecks = (http: Http, clock: () => Millis): Checks => {
  const read = async (commit: string): Promise<readonly Reply<Page>[]> => {
    const at = "/repos/{owner}/{repo}/commits/{ref}";
    const runs = await readAll(
      http,
      // Re-runs of a check are told apart by their times here, not by GitHub.
      { route: `GET ${at}/check-runs`, parameters: { ref: commit, filter: "all" }, schema: checkRuns },
      CHECK_PAGES,
    );
    return runs.ok
      ? [runs, await readAll(http, { route: `GET ${at}/statuses`, parameters: { ref: commit }, schema: statuses }, CHECK_PAGES)]
      : [runs];
  };
  return {
    of: async (commit) => {
      const all: Check[] = [];
      for (const reply of await read(commit)) {
        if (!reply.ok) return reply;
        if (!reply.value.whole) return tooMany(commit);
        all.push(...reply.value.items);
      }
      return { ok: true, value: all };
    },
    rules: (base) =>
      http.get({
        route: "GET /repos/{owner}/{repo}/rules/branches/{branch}",
        parameters: { branch: base, per_page: PER_PAGE },
        schema: ruleList,
      }),
    methods: openMethods(http, clock),
    setStatus: ({ commit, state, text, context = OUR_STATUS }) =>
      http.send({
        route: "POST /repos/{owner}/{repo}/statuses/{sha}",
        parameters: { sha: commit, state, description: cut(text), context },
        schema: anything,
      }),
  };
};
