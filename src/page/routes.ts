import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Context, Hono } from "hono";
import { type Forge, keyOf, type Run } from "../forge/state.ts";
import { commitPage, commitsPage, ledgerPage } from "./commits.ts";
import { html } from "./html.ts";
import { issuePage } from "./issue.ts";
import { layout, type Page, pageHeaders, PRIVATE } from "./layout.ts";
import { homePage, issuesPage, overviewPage, pullsPage, runsPage } from "./overview.ts";
import { issuePath } from "./parts.ts";
import { path, type Place } from "./place.ts";
import { type PullIssue, pullPage } from "./pull.ts";
import { runPage } from "./run.ts";
import { isSha } from "../model/ids.ts";
import { LEDGER } from "../model/refs.ts";
import { versionOf } from "./version.ts";

type Found = Page | Response | null;
type View = (place: Place, context: Context) => Found | Promise<Found>;

const number = (text: string | undefined): number => (text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : 0);
const pageOf = (context: Context): { page: number } => ({ page: Math.min(10_000, Math.max(1, number(context.req.query("page")))) });

/** A page is read on the machine itself: a name that a stranger's server gave to loopback opens nothing. */
const isLoopback = (context: Context): boolean => /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(context.req.header("host") ?? "");

const aboutIssue =
  (kind: "issue" | "pull"): View =>
  (place, context) => {
    const issue = place.repository.issues.get(number(context.req.param("number")));
    if (!issue) return null;
    if ((issue.pull !== null) !== (kind === "pull")) return context.redirect(issuePath(place, issue), 302);
    return issue.pull ? pullPage(place, issue as PullIssue) : issuePage(place, issue);
  };

const runOf = ({ repository }: Place, context: Context): Run | undefined => repository.runs.get(number(context.req.param("id")));

const aboutRun: View = (place, context) => {
  const run = runOf(place, context);
  return run ? runPage(place, run) : null;
};

const wholeLog: View = (place, context) => {
  const job = [...(runOf(place, context)?.jobs.values() ?? [])].find(({ id }) => id === number(context.req.param("job")));
  const file = job?.report.log;
  if (!file) return null;
  const stream = createReadStream(file);
  return new Promise((resolve) => {
    stream.once("error", () => resolve(null));
    stream.once("open", () => resolve(new Response(Readable.toWeb(stream) as ReadableStream, { headers: TEXT })));
  });
};
const TEXT = { ...PRIVATE, "content-type": "text/plain; charset=utf-8", "content-security-policy": "default-src 'none'; sandbox" };

const aboutBranch: View = async (place, context) => {
  const branch = context.req.param("branch") ?? "";
  const tip = (await place.repository.bare.refs("refs/heads/")).get(`refs/heads/${branch}`);
  return tip === undefined ? null : commitsPage(place, { branch, tip, ...pageOf(context) });
};

const aboutLedger: View = async (place, context) =>
  ledgerPage(place, { tip: (await place.repository.bare.refs(LEDGER)).get(LEDGER) ?? null, ...pageOf(context) });

const aboutCommit: View = async (place, context) => {
  const id = context.req.param("sha") ?? "";
  return isSha(id) && (await place.repository.bare.typeOf(id)) === "commit" ? commitPage(place, id) : null;
};

const VIEWS: readonly (readonly [string, View])[] = [
  ["", (place) => overviewPage(place)],
  ["/issues", (place, context) => issuesPage(place, pageOf(context))],
  ["/issues/:number", aboutIssue("issue")],
  ["/pulls", (place, context) => pullsPage(place, pageOf(context))],
  ["/pulls/:number", aboutIssue("pull")],
  ["/pull/:number", aboutIssue("pull")],
  ["/actions", (place, context) => runsPage(place, pageOf(context))],
  ["/actions/runs/:id", aboutRun],
  ["/actions/runs/:id/job/:job", wholeLog],
  ["/commits", (place, context) => context.redirect(path(place, "commits", place.repository.defaultBranch), 302)],
  ["/commits/:branch{.+}", aboutBranch],
  ["/commit/:sha", aboutCommit],
  ["/ledger", aboutLedger],
];

/** A repository that anybody may see; null for the others, as for those that are not there. */
const placeOf = (forge: Forge, context: Context): Place | null => {
  const repository = forge.repositories.get(keyOf(context.req.param("owner") ?? "", context.req.param("name") ?? ""));
  return repository && !repository.private ? { forge, repository } : null;
};

const MISSING: Page = {
  title: "Not found",
  tab: null,
  main: html`<h1>There is nothing here</h1>
    <p>No such page on this forge. <a href="/">All repositories</a></p>`,
};

/** The forge's pages for people, read only, for a browser on this machine. */
export const pageRoutes = (forge: Forge, app: Hono): void => {
  const headers = pageHeaders();
  const show = async (context: Context, place: Place | null, found: Page | null): Promise<Response> => {
    const version = place ? await versionOf(place.repository) : homeVersion(forge);
    return context.body(layout(place, { page: found ?? MISSING, version }).markup, found ? 200 : 404, headers);
  };
  const guard = async (context: Context, next: () => Promise<void>, answer: () => Promise<Response>): Promise<Response | undefined> => {
    if (context.req.path.startsWith("/api/")) {
      await next();
      return undefined;
    }
    return isLoopback(context) ? answer() : context.text("This page is only for a browser on this machine.\n", 421, PRIVATE);
  };
  for (const [at, view] of VIEWS) {
    app.get(`/:owner/:name${at}`, (context, next) =>
      guard(context, next, async () => {
        const place = placeOf(forge, context);
        // The state is named before it is looked at: what changes meanwhile is shown by the next look.
        const found = place && (await view(place, context));
        return found instanceof Response ? found : show(context, place, found);
      }),
    );
  }
  app.get("/:owner/:name/state", (context, next) =>
    guard(context, next, async () => {
      const place = placeOf(forge, context);
      return place
        ? context.json({ version: await versionOf(place.repository) }, 200, PRIVATE)
        : context.json({ version: "" }, 404, PRIVATE);
    }),
  );
  app.get("/", (context, next) => guard(context, next, () => show(context, null, homePage(forge))));
  app.get("/state", (context, next) => guard(context, next, async () => context.json({ version: homeVersion(forge) }, 200, PRIVATE)));
};

const homeVersion = (forge: Forge): string =>
  [...forge.repositories.values()].map(({ id, issues, runs }) => `${id}:${issues.size}:${runs.size}`).join(",");
