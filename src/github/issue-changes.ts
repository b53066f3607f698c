import * as z from "zod";
import type { ZodType } from "zod";
import type { Millis } from "../model/ids.ts";
import { author, isBot, issues, time } from "./answers.ts";
import { type Http, PER_PAGE } from "./http.ts";
import type { IssueChange, Issues, ListedIssue, Reply } from "./ports.ts";

const ISSUES = "/repos/{owner}/{repo}/issues";
/** Pages of one listing: a thousand issues or changes between two sweeps are not read further back. */
const PAGES = 10;

const login = z.object({ login: z.string() }).nullish();

/** Changes that start something: a label that was set, an assignment. All other kinds are left out. */
const change = z
  .object({
    id: z.number().int(),
    event: z.string(),
    actor: author,
    created_at: time,
    label: z.object({ name: z.string().nullish() }).nullish(),
    assignee: login,
    assigner: author.nullish(),
    issue: z.object({ number: z.number().int(), pull_request: z.unknown().optional() }).nullish(),
  })
  .transform((raw): IssueChange => {
    // Of an assignment, GitHub once gave the person assigned as the actor.
    const by = raw.event === "assigned" ? (raw.assigner ?? raw.actor) : raw.actor;
    return {
      id: raw.id,
      issue: raw.issue?.number ?? 0,
      onPull: raw.issue?.pull_request !== undefined && raw.issue.pull_request !== null,
      action: raw.event,
      by: by.login,
      bot: isBot(by),
      label: raw.label?.name ?? null,
      assignee: raw.assignee?.login ?? null,
      at: raw.created_at,
    };
  });

const changes = z.array(change);

type Listing<T> = {
  readonly route: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly schema: ZodType<readonly T[]>;
  readonly timeOf: (item: T) => Millis;
};

/** What a list with the newest first has since a time, page after page; what comes in meanwhile moves items back, so one may come twice. */
const newestSince = async <T>(
  http: Http,
  { route, parameters, schema, timeOf }: Listing<T>,
  since: Millis,
): Promise<Reply<readonly T[]>> => {
  const found: T[] = [];
  for (let page = 1; page <= PAGES; page += 1) {
    const reply = await http.page({ route, parameters: { ...parameters, per_page: PER_PAGE, page }, schema });
    if (!reply.ok) return reply;
    const items = reply.value.value;
    found.push(...items.filter((item) => timeOf(item) >= since));
    const oldest = items.at(-1);
    if (oldest === undefined || timeOf(oldest) < since || (!reply.value.more && items.length < PER_PAGE)) break;
  }
  return { ok: true, value: found };
};

const wholeSeconds = (at: Millis): Millis => Math.floor(at / 1_000) * 1_000;

/** Issues that changed, and what was done to issues, since a time. Where a repository has no issues GitHub refuses `gone`. */
export const openIssueChanges = (http: Http): Pick<Issues, "changedSince" | "changesSince"> => ({
  changedSince: (since) =>
    newestSince<ListedIssue>(
      http,
      {
        route: `GET ${ISSUES}`,
        parameters: { state: "all", sort: "updated", direction: "desc", since: new Date(wholeSeconds(since)).toISOString() },
        schema: issues,
        timeOf: ({ updated }) => updated,
      },
      wholeSeconds(since),
    ),
  changesSince: (since) =>
    newestSince<IssueChange>(
      http,
      { route: `GET ${ISSUES}/events`, parameters: {}, schema: changes, timeOf: ({ at }) => at },
      wholeSeconds(since),
    ),
});
