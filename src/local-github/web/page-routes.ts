import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Context, Hono } from "hono";
import { formatRepositoryKey } from "../api/forge-repository.ts";
import { type ForgeRun } from "../api/forge-run.ts";
import { renderCommitPage, renderCommitsPage, renderLedgerPage } from "./commit-pages.ts";
import { renderExecutionPage, renderExecutionsPage } from "./execution-page.ts";
import { createLedgerCache } from "./ledger-cache.ts";
import { findSession } from "./page-session.ts";
import { addStateEvents, type StateEvents } from "./state-events.ts";
import { renderFilePage } from "./file-page.ts";
import { html } from "./safe-html.ts";
import { renderIssuePage } from "./issue-page.ts";
import {
  renderLayout,
  type PageContent,
  type PageSite,
  PAGE_HEADERS,
  PRIVATE_HEADERS,
  type ShownPage,
  toLocalSite,
} from "./page-layout.ts";
import type { MarkdownCache } from "./markdown-cache.ts";
import { renderHomePage, renderIssuesPage, renderOverviewPage, renderPullsPage, renderRunsPage } from "./overview-page.ts";
import { issuePath } from "./page-parts.ts";
import { type ClonedFrom, pagePath, type PageScope } from "./page-scope.ts";
import type { PageServer } from "./page-server.ts";
import { type ShownPull, renderPullPage } from "./pull-page.ts";
import { renderQueuePage } from "./queue-page.ts";
import { renderRunPage } from "./run-page.ts";
import { isSha } from "../../core/domain/ids.ts";
import { homePageVersion, pageVersion } from "./page-version.ts";

type ViewResult = PageContent | Response | null;
type PageView = (scope: PageScope, context: Context) => ViewResult | Promise<ViewResult>;

const readPageNumber = (text: string | undefined): number => (text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : 0);
/** The requested page of a list; null if the request names no page. */
const readRequestedPage = (context: Context): number | null => {
  const page = context.req.query("page");
  return page === undefined ? null : Math.min(10_000, Math.max(1, readPageNumber(page)));
};
const pageNumberOf = (context: Context): number => readRequestedPage(context) ?? 1;

const createIssueView =
  (kind: "issue" | "pull"): PageView =>
  (scope, context) => {
    const issue = scope.repository.issues.get(readPageNumber(context.req.param("number")));
    if (!issue) return null;
    if ((issue.pull !== null) !== (kind === "pull")) return context.redirect(issuePath(scope, issue), 302);
    return issue.pull
      ? renderPullPage(scope, issue as ShownPull, readRequestedPage(context))
      : renderIssuePage(scope, issue, readRequestedPage(context));
  };

const findPageRun = ({ repository }: PageScope, context: Context): ForgeRun | undefined =>
  repository.runs.get(readPageNumber(context.req.param("id")));

const viewRun: PageView = (scope, context) => {
  const run = findPageRun(scope, context);
  return run ? renderRunPage(scope, run) : null;
};

const viewLog: PageView = (scope, context) => {
  const job = [...(findPageRun(scope, context)?.jobs.values() ?? [])].find(({ id }) => id === readPageNumber(context.req.param("job")));
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

const viewBranch: PageView = (scope, context) => {
  const branch = context.req.param("branch") ?? "";
  const tip = scope.refs.get(`refs/heads/${branch}`);
  return tip === undefined ? null : renderCommitsPage(scope, { branch, tip, page: pageNumberOf(context) });
};

const viewCommit: PageView = async (scope, context) => {
  const id = context.req.param("sha") ?? "";
  return isSha(id) && (await scope.repository.bare.readObjectType(id)) === "commit" ? renderCommitPage(scope, id) : null;
};

const viewFile: PageView = async (scope, context) => {
  const id = context.req.param("sha") ?? "";
  return isSha(id) && (await scope.repository.bare.readObjectType(id)) === "commit"
    ? renderFilePage(scope, id, context.req.param("path") ?? "")
    : null;
};

type PageViews = readonly (readonly [string, PageView])[];

/** Pages of the ledger and the commits, which a clone has. */
const REPOSITORY_VIEWS: PageViews = [
  ["/executions", (scope, context) => renderExecutionsPage(scope, pageNumberOf(context))],
  ["/executions/:id", (scope, context) => renderExecutionPage(scope, context.req.param("id") ?? "")],
  ["/queue", (scope) => renderQueuePage(scope)],
  ["/commits", (scope, context) => context.redirect(pagePath(scope, "commits", scope.repository.defaultBranch), 302)],
  ["/commits/:branch{.+}", viewBranch],
  ["/commit/:sha", viewCommit],
  ["/blob/:sha/:path{.+}", viewFile],
  ["/ledger", (scope, context) => renderLedgerPage(scope, pageNumberOf(context))],
];

const FORGE_VIEWS: PageViews = [
  ["", (scope) => renderOverviewPage(scope)],
  ["/issues", (scope, context) => renderIssuesPage(scope, pageNumberOf(context))],
  ["/issues/:number", createIssueView("issue")],
  ["/pulls", (scope, context) => renderPullsPage(scope, pageNumberOf(context))],
  ["/pulls/:number", createIssueView("pull")],
  ["/pull/:number", createIssueView("pull")],
  ["/actions", (scope, context) => renderRunsPage(scope, pageNumberOf(context))],
  ["/actions/runs/:id", viewRun],
  ["/actions/runs/:id/job/:job", viewLog],
  ...REPOSITORY_VIEWS,
];

const CLONE_VIEWS: PageViews = [["", (scope, context) => context.redirect(pagePath(scope, "executions"), 302)], ...REPOSITORY_VIEWS];

const MISSING_PAGE: PageContent = {
  title: "Not found",
  tab: null,
  main: html`<h1>Page not found</h1>
    <p>This page does not exist. <a href="/">All repositories</a></p>`,
};

/** Answers a request with a page; null for a page that does not exist. */
export const sendPage = (
  context: Context,
  scope: PageScope | null,
  { page, site, version }: Omit<ShownPage, "page"> & { readonly page: PageContent | null },
): Response => context.body(renderLayout(scope, { page: page ?? MISSING_PAGE, site, version }).markup, page ? 200 : 404, PAGE_HEADERS);

/** Who sees the pages of which repositories, and how. */
export type PageHost = Omit<StateEvents, "readVersion"> & {
  /** Whether the server has clones only, without issues and runs. */
  readonly isClone: boolean;
  /** The repository of a request; null if the request may see none. A response answers the request instead. */
  readonly findScope: (context: Context) => Promise<PageScope | Response | null>;
  readonly toSite: (scope: PageScope | null, context: Context) => PageSite;
  /** The version of pages about no repository; null for pages that never change. */
  readonly homeVersion: () => string | null;
  readonly readVersion: (scope: PageScope) => Promise<string>;
  /** Renders a page, perhaps after others; null if too many wait. */
  readonly inTurn: <T>(render: () => Promise<T>) => Promise<T> | null;
};

/** Adds the pages of repositories, read-only unless the scope has a session. */
export const addRepositoryPages = (app: Hono, host: PageHost): void => {
  const { findScope, toSite } = host;
  for (const [path, view] of host.isClone ? CLONE_VIEWS : FORGE_VIEWS) {
    app.get(`/:owner/:name${path}`, async (context) => {
      const scope = await findScope(context);
      if (scope instanceof Response) return scope;
      const site = toSite(scope, context);
      if (!scope) return sendPage(context, null, { page: null, site, version: host.homeVersion() });
      const rendered = host.inTurn(async () => {
        // Compute the version before rendering, so that the next refresh shows a concurrent change.
        const version = await host.readVersion(scope);
        const found = await view(scope, context);
        return found instanceof Response ? found : sendPage(context, scope, { page: found, site, version });
      });
      return (
        rendered ?? context.text("Too many pages are asked for at once; try again soon.\n", 503, { ...PRIVATE_HEADERS, "retry-after": "2" })
      );
    });
  }
  const readVersion = async (context: Context): Promise<string | null> => {
    const scope = await findScope(context);
    return scope === null || scope instanceof Response ? null : host.readVersion(scope);
  };
  app.get("/:owner/:name/state", async (context) => {
    const version = await readVersion(context);
    return context.json({ version: version ?? "" }, version === null ? 404 : 200, PRIVATE_HEADERS);
  });
  addStateEvents(app, { server: host.server, readVersion, admit: host.admit });
};

/** Adds the web pages: all of them, or those of a clone. Reading needs no sign-in, so the caller must keep strangers away. */
export const addPageRoutes = (forge: PageServer, app: Hono, cloned: ClonedFrom | null = null): void => {
  const caches = { cloned, markdownCache: new Map() satisfies MarkdownCache, ledgerCache: createLedgerCache() };
  const homeVersion = (): string => homePageVersion(forge);
  addRepositoryPages(app, {
    server: forge,
    isClone: cloned !== null,
    // A public repository; a private one seems not to exist.
    findScope: async (context) => {
      const repository = forge.repositories.get(formatRepositoryKey(context.req.param("owner") ?? "", context.req.param("name") ?? ""));
      if (!repository || repository.private) return null;
      const session = findSession(forge, context);
      return { forge, ...caches, repository, session, path: context.req.path, refs: await repository.bare.listRefs() };
    },
    toSite: toLocalSite,
    homeVersion,
    readVersion: pageVersion,
    admit: () => () => undefined,
    inTurn: (render) => render(),
  });
  app.get("/", (context) => sendPage(context, null, { page: renderHomePage(forge), site: toLocalSite(null), version: homeVersion() }));
  app.get("/state", (context) => context.json({ version: homeVersion() }, 200, PRIVATE_HEADERS));
};
