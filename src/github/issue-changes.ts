import type { IssueChange } from "../core/domain/github-facts.ts";
import * as z from "zod";
import type { ZodType } from "zod";
import type { Millis } from "../core/domain/ids.ts";
import { authorSchema, isBotUser, issueListSchema, timeSchema } from "./answer-schemas.ts";
import { type GitHubHttp, ITEMS_PER_PAGE } from "./github-http.ts";
import type { IssuePort, ListedIssue, GitHubReply } from "./github-ports.ts";

const ISSUE_LIST_ROUTE = "/repos/{owner}/{repo}/issues";
/** Page limit of one listing: a sweep reads at most a thousand issues or changes. */
const MAX_ISSUE_PAGES = 10;

const loginSchema = z.object({ login: z.string() }).nullish();

/** Issue events that can start work: labels and assignments. */
const issueChangeSchema = z
  .object({
    id: z.number().int(),
    event: z.string(),
    actor: authorSchema,
    created_at: timeSchema,
    label: z.object({ name: z.string().nullish() }).nullish(),
    assignee: loginSchema,
    assigner: authorSchema.nullish(),
    issue: z.object({ number: z.number().int(), pull_request: z.unknown().optional() }).nullish(),
  })
  .transform((raw): IssueChange => {
    // For assignments, GitHub used to report the assignee as the actor.
    const by = raw.event === "assigned" ? (raw.assigner ?? raw.actor) : raw.actor;
    return {
      id: raw.id,
      issue: raw.issue?.number ?? 0,
      onPull: raw.issue?.pull_request !== undefined && raw.issue.pull_request !== null,
      action: raw.event,
      by: by.login,
      bot: isBotUser(by),
      label: raw.label?.name ?? null,
      assignee: raw.assignee?.login ?? null,
      at: raw.created_at,
    };
  });

const issueChangeListSchema = z.array(issueChangeSchema);

type NewestFirstListing<T> = {
  readonly route: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly schema: ZodType<readonly T[]>;
  readonly timeOf: (item: T) => Millis;
};

/** Items since a given time from a list with the newest first. An item may appear twice, because new items shift the pages. */
const listNewestSince = async <T>(
  http: GitHubHttp,
  { route, parameters, schema, timeOf }: NewestFirstListing<T>,
  since: Millis,
): Promise<GitHubReply<readonly T[]>> => {
  const found: T[] = [];
  for (let page = 1; page <= MAX_ISSUE_PAGES; page += 1) {
    const reply = await http.page({ route, parameters: { ...parameters, per_page: ITEMS_PER_PAGE, page }, schema });
    if (!reply.ok) return reply;
    const items = reply.value.value;
    found.push(...items.filter((item) => timeOf(item) >= since));
    const oldest = items.at(-1);
    if (oldest === undefined || timeOf(oldest) < since || (!reply.value.more && items.length < ITEMS_PER_PAGE)) break;
  }
  return { ok: true, value: found };
};

const floorToSecond = (at: Millis): Millis => Math.floor(at / 1_000) * 1_000;

/** Issues that changed since a given time, and their events. Refuses `gone` if the repository has no issues. */
export const openIssueChanges = (http: GitHubHttp): Pick<IssuePort, "changedSince" | "changesSince"> => ({
  changedSince: (since) =>
    listNewestSince<ListedIssue>(
      http,
      {
        route: `GET ${ISSUE_LIST_ROUTE}`,
        parameters: { state: "all", sort: "updated", direction: "desc", since: new Date(floorToSecond(since)).toISOString() },
        schema: issueListSchema,
        timeOf: ({ updated }) => updated,
      },
      floorToSecond(since),
    ),
  changesSince: (since) =>
    listNewestSince<IssueChange>(
      http,
      { route: `GET ${ISSUE_LIST_ROUTE}/events`, parameters: {}, schema: issueChangeListSchema, timeOf: ({ at }) => at },
      floorToSecond(since),
    ),
});
