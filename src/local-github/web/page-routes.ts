import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Context, Hono } from "hono";
import { type ForgeState } from "../api/forge-state.ts";
import { formatRepositoryKey } from "../api/forge-repository.ts";
import { type ForgeRun } from "../api/forge-run.ts";
import { renderCommitPage, renderCommitsPage, renderLedgerPage } from "./commit-pages.ts";
import { renderFilePage } from "./file-page.ts";
import { html } from "./safe-html.ts";
import { renderIssuePage } from "./issue-page.ts";
import { renderLayout, type PageContent, PAGE_HEADERS, PRIVATE_HEADERS } from "./page-layout.ts";
import type { MarkdownCache } from "./markdown-cache.ts";
import { renderHomePage, renderIssuesPage, renderOverviewPage, renderPullsPage, renderRunsPage } from "./overview-page.ts";
import { issuePath } from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";
import { type ShownPull, renderPullPage } from "./pull-page.ts";
import { renderRunPage } from "./run-page.ts";
import { isSha } from "../../core/domain/ids.ts";
import { homePageVersion, pageVersion } from "./page-version.ts";

type ViewResult = PageContent | Response | null;
type PageView = (place: PageScope, context: Context) => ViewResult | Promise<ViewResult>;

const readPageNumber = (text: string | undefined): number => (text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : 0);
/** The page of a list that is asked for; null where none is. */
const readAskedPage = (context: Context): number | null => {
  const asked = context.req.query("page");
  return asked === undefined ? null : Math.min(10_000, Math.max(1, readPageNumber(asked)));
};
const pageNumberOf = (context: Context): number => readAskedPage(context) ?? 1;

const createIssueView =
  (kind: "issue" | "pull"): PageView =>
  (place, context) => {
    const issue = place.repository.issues.get(readPageNumber(context.req.param("number")));
    if (!issue) return null;
    if ((issue.pull !== null) !== (kind === "pull")) return context.redirect(issuePath(place, issue), 302);
    return issue.pull
      ? renderPullPage(place, issue as ShownPull, readAskedPage(context))
      : renderIssuePage(place, issue, readAskedPage(context));
  };

const findPageRun = ({ repository }: PageScope, context: Context): ForgeRun | undefined =>
  repository.runs.get(readPageNumber(context.req.param("id")));

const viewRun: PageView = (place, context) => {
  const run = findPageRun(place, context);
  return run ? renderRunPage(place, run) : null;
};

const viewLog: PageView = (place, context) => {
  const job = [...(findPageRun(place, context)?.jobs.values() ?? [])].find(({ id }) => id === readPageNumber(context.req.param("job")));
  const file = job?.report.log;
  if (!file) return null;
  const stream = createReadStream(file);
  return new Promise((resolve) => {
    stream.once("error", () => resolve(null));
    stream.once("open", () => resolve(new Response(Readable.toWeb(stream) as ReadableStream, { headers: TEXT_HEADERS })));
  });
};
const TEXT_HEADERS = {
  ...PRIVATE_HEADERS,
  "content-type": "text/plain; charset=utf-8",
  "content-security-policy": "default-src 'none'; sandbox",
};

const viewBranch: PageView = (place, context) => {
  const branch = context.req.param("branch") ?? "";
  const tip = place.refs.get(`refs/heads/${branch}`);
  return tip === undefined ? null : renderCommitsPage(place, { branch, tip, page: pageNumberOf(context) });
};

const viewCommit: PageView = async (place, context) => {
  const id = context.req.param("sha") ?? "";
  return isSha(id) && (await place.repository.bare.typeOf(id)) === "commit" ? renderCommitPage(place, id) : null;
};

const viewFile: PageView = async (place, context) => {
  const id = context.req.param("sha") ?? "";
  return isSha(id) && (await place.repository.bare.typeOf(id)) === "commit"
    ? renderFilePage(place, id, context.req.param("path") ?? "")
    : null;
};

const PAGE_VIEWS: readonly (readonly [string, PageView])[] = [
  ["", (place) => renderOverviewPage(place)],
  ["/issues", (place, context) => renderIssuesPage(place, pageNumberOf(context))],
  ["/issues/:number", createIssueView("issue")],
  ["/pulls", (place, context) => renderPullsPage(place, pageNumberOf(context))],
  ["/pulls/:number", createIssueView("pull")],
  ["/pull/:number", createIssueView("pull")],
  ["/actions", (place, context) => renderRunsPage(place, pageNumberOf(context))],
  ["/actions/runs/:id", viewRun],
  ["/actions/runs/:id/job/:job", viewLog],
  ["/commits", (place, context) => context.redirect(pagePath(place, "commits", place.repository.defaultBranch), 302)],
  ["/commits/:branch{.+}", viewBranch],
  ["/commit/:sha", viewCommit],
  ["/blob/:sha/:path{.+}", viewFile],
  ["/ledger", (place, context) => renderLedgerPage(place, pageNumberOf(context))],
];

/** A repository that anybody may see; null for the others, as for those that are not there. */
const findPageScope = async ({ forge, memory }: Pick<PageScope, "forge" | "memory">, context: Context): Promise<PageScope | null> => {
  const repository = forge.repositories.get(formatRepositoryKey(context.req.param("owner") ?? "", context.req.param("name") ?? ""));
  return repository && !repository.private ? { forge, memory, repository, refs: await repository.bare.refs() } : null;
};

const MISSING_PAGE: PageContent = {
  title: "Not found",
  tab: null,
  main: html`<h1>There is nothing here</h1>
    <p>No such page on this forge. <a href="/">All repositories</a></p>`,
};

/** The forge's pages for people: read only, and without signing in; whoever mounts them keeps strangers away. */
export const addPageRoutes = (forge: ForgeState, app: Hono): void => {
  const memory: MarkdownCache = new Map();
  const show = (context: Context, place: PageScope | null, of: { page: PageContent | null; version: string }): Response =>
    context.body(renderLayout(place, { page: of.page ?? MISSING_PAGE, version: of.version }).markup, of.page ? 200 : 404, PAGE_HEADERS);
  for (const [at, view] of PAGE_VIEWS) {
    app.get(`/:owner/:name${at}`, async (context) => {
      const place = await findPageScope({ forge, memory }, context);
      if (!place) return show(context, null, { page: null, version: homePageVersion(forge) });
      // The state is named before it is looked at: what changes meanwhile is shown by the next look.
      const version = await pageVersion(place);
      const found = await view(place, context);
      return found instanceof Response ? found : show(context, place, { page: found, version });
    });
  }
  app.get("/:owner/:name/state", async (context) => {
    const place = await findPageScope({ forge, memory }, context);
    return place
      ? context.json({ version: await pageVersion(place) }, 200, PRIVATE_HEADERS)
      : context.json({ version: "" }, 404, PRIVATE_HEADERS);
  });
  app.get("/", (context) => show(context, null, { page: renderHomePage(forge), version: homePageVersion(forge) }));
  app.get("/state", (context) => context.json({ version: homePageVersion(forge) }, 200, PRIVATE_HEADERS));
};
