import { createHash } from "node:crypto";
import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { isRepositoryName } from "../../core/domain/repository-name.ts";
import type { LoginPort, NamedRepository, ViewerPort, ViewerReply } from "../../core/domain/viewer-port.ts";
import { BROKEN_PAGE, GITHUB_UNAVAILABLE, type ViewerNote } from "../../core/messages/viewer-notes.ts";
import type { TimerStarter } from "../../storage/git/run-git.ts";
import { PAGE_HEADERS, type PageContent, type PageSite, PRIVATE_HEADERS, renderLayout } from "./page-layout.ts";
import { renderCard, renderRows } from "./page-parts.ts";
import { addRepositoryPages, type PageHost, sendPage } from "./page-routes.ts";
import type { PageScope } from "./page-scope.ts";
import { openPageTurns, openReaderCount } from "./page-turns.ts";
import { pageVersion } from "./page-version.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import { type ViewerAccess, openViewerAccess } from "./viewer-access.ts";
import { addLoginPages, openSessionReader, redirect } from "./viewer-login.ts";
import { openViewerSessions, type ViewerSession } from "./viewer-sessions.ts";
import { openViewedClones } from "./viewed-clones.ts";

export type AppPagesOptions = {
  /** The origin under which browsers reach the pages, such as `https://enki.example.org`. */
  readonly publicUrl: string;
  /** The server with the repositories, such as `https://github.com`. */
  readonly serverUrl: string;
  readonly github: LoginPort & ViewerPort;
  /** See AppService.findClone. */
  readonly findClone: (repository: NamedRepository) => Promise<string | null>;
  readonly now: () => number;
  readonly after: TimerStarter;
  /** An unguessable text of 256 bits. */
  readonly newSecret: () => string;
  readonly log: (line: string) => void;
};

const toSite = (session: ViewerSession | null): PageSite => ({
  name: "Enki",
  title: "Enki",
  label: "read-only",
  stopped: "no connection",
  footer: session
    ? html`<form method="post" action="/logout">
        <span>Logged in as ${session.login}. These pages change nothing.</span> <button class="plain">Log out</button>
      </form>`
    : html`These pages change nothing.`,
});

/** Sends a page that never changes. */
const sendNote = (context: Context, status: 200 | 403 | 500 | 502 | 503, { title, text }: ViewerNote): Response => {
  const to = context.req.query("to");
  const start = `/login/github${to === undefined ? "" : `?to=${encodeURIComponent(to)}`}`;
  const main = html`<h1>${title}</h1>
    <p>${text}</p>
    <p><a href="${status < 500 ? start : "/"}">${status < 500 ? "Log in with GitHub" : "All repositories"}</a></p>`;
  return context.body(
    renderLayout(null, { page: { title, tab: null, main }, site: toSite(null), version: null }).markup,
    status,
    PAGE_HEADERS,
  );
};

/** The path of a request with its query, as the browser sent it. */
const readTarget = (context: Context): string => {
  const { pathname, search } = new URL(context.req.url);
  return `${pathname}${search}`;
};

const sendToLogin = (context: Context): Response => redirect(context, `/login?to=${encodeURIComponent(readTarget(context))}`, 302);

type Viewing = AppPagesOptions & { readonly access: ViewerAccess; readonly readSession: (context: Context) => ViewerSession | null };

/**
 * Finds the repository of a request. A repository that does not exist, that the viewer may not read, or that the App does not coordinate, is
 * null without any difference.
 */
const openScopeFinder = (viewing: Viewing, end: (session: ViewerSession) => void): PageHost["findScope"] => {
  const { serverUrl, access, readSession, findClone, now, after } = viewing;
  const openClone = openViewedClones({ now, after });
  const server = { url: viewing.publicUrl, now, after, repositories: new Map(), sessions: new Map() };
  return async (context): Promise<PageScope | Response | null> => {
    const session = readSession(context);
    if (!session) return sendToLogin(context);
    const [owner = "", name = ""] = [context.req.param("owner"), context.req.param("name")];
    if (!isRepositoryName(`${owner}/${name}`)) return null;
    const reply = await access.repository(session, `${owner}/${name}`);
    if (!reply.ok) {
      if (reply.why === "hidden") return null;
      if (reply.why === "unavailable") return sendNote(context, 503, GITHUB_UNAVAILABLE);
      end(session);
      return sendToLogin(context);
    }
    const directory = isRepositoryName(reply.value.name) ? await findClone(reply.value) : null;
    if (directory === null) return null;
    // A name in other letters, or an earlier name of the repository.
    if (reply.value.name !== `${owner}/${name}`) return redirect(context, moveTarget(context, reply.value.name), 302);
    const { repository, markdownCache, ledgerCache, readRefs } = openClone(directory, reply.value);
    const source = reply.value.name;
    const cloned = { source, address: `${serverUrl}/${source}` };
    return { forge: server, cloned, repository, markdownCache, ledgerCache, session: null, path: context.req.path, refs: await readRefs() };
  };
};

/** The same page of a repository under its present name. */
const moveTarget = (context: Context, name: string): string => readTarget(context).replace(/^\/[^/]+\/[^/?]+/, `/${name}`);

const renderHome = (names: readonly string[], isComplete: boolean): PageContent => {
  const items = names.map(
    (name) =>
      html`<li>
        <span class="what"><a href="/${name}">${name.replace("/", " / ")}</a></span>
      </li>`,
  );
  const more: SafeHtml | null = isComplete
    ? null
    : html`<p class="dim small">GitHub lists more repositories than this page shows. Open one of them by its address: /owner/name</p>`;
  const body = renderRows(items, "Enki works in no repository that you may read.");
  return { title: "Repositories", tab: null, main: html`${renderCard({ id: "repositories", title: "Repositories", body })}${more}` };
};

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

type HomeContent = { readonly page: PageContent; readonly version: string };

/** The list of repositories for a viewer. */
const readHome = async ({ access, findClone }: Viewing, session: ViewerSession): Promise<ViewerReply<HomeContent>> => {
  const listed = await access.repositories(session);
  if (!listed.ok) return listed;
  const { repositories, isComplete } = listed.value;
  const found = await Promise.all(
    repositories.map(async (each) => (isRepositoryName(each.name) && (await findClone(each)) !== null ? [each.name] : [])),
  );
  const names = found.flat().toSorted((a, b) => a.localeCompare(b, "en"));
  return { ok: true, value: { page: renderHome(names, isComplete), version: digest(`${names.join(" ")} ${isComplete}`) } };
};

const addHomePage = (app: Hono, viewing: Viewing, end: (session: ViewerSession) => void): void => {
  app.get("/", async (context) => {
    const session = viewing.readSession(context);
    if (!session) return sendToLogin(context);
    const home = await readHome(viewing, session);
    if (home.ok) return sendPage(context, null, { ...home.value, site: toSite(session) });
    if (home.why !== "ended") return sendNote(context, 503, GITHUB_UNAVAILABLE);
    end(session);
    return sendToLogin(context);
  });
  app.get("/state", async (context) => {
    const session = viewing.readSession(context);
    const home = session && (await readHome(viewing, session));
    return home?.ok === true
      ? context.json({ version: home.value.version }, 200, PRIVATE_HEADERS)
      : context.json({ version: "" }, 404, PRIVATE_HEADERS);
  });
};

const openVersions = (): PageHost["readVersion"] => {
  const known = new WeakMap<object, Promise<string>>();
  return (scope) => {
    const version = known.get(scope.refs) ?? pageVersion(scope);
    known.set(scope.refs, version);
    return version;
  };
};

/** The read-only pages of the repositories that the App coordinates, for people who logged in on GitHub and may read them there. */
export const createAppPages = (options: AppPagesOptions): RequestListener => {
  const { publicUrl, github, now, after, newSecret, log } = options;
  const sessions = openViewerSessions({ now, newSecret });
  const readSession = openSessionReader({ publicUrl, sessions });
  const viewing: Viewing = { ...options, access: openViewerAccess(github, now), readSession };
  const app = new Hono();
  const count = openReaderCount();
  addHomePage(app, viewing, sessions.end);
  addLoginPages(app, { publicUrl, sessions, github, sendNote });
  addRepositoryPages(app, {
    server: { url: publicUrl, now, after, repositories: new Map(), sessions: new Map() },
    isClone: true,
    findScope: openScopeFinder(viewing, sessions.end),
    toSite: (_scope, context) => toSite(readSession(context)),
    homeVersion: () => null,
    readVersion: openVersions(),
    inTurn: openPageTurns(),
    // Otherwise the sessions of one account could use up everyone's streams.
    admit: (context) => count(readSession(context)?.login.toLowerCase() ?? ""),
  });
  const toMissing = (context: Context): Response =>
    readSession(context)
      ? sendPage(context, null, { page: null, site: toSite(readSession(context)), version: null })
      : sendToLogin(context);
  app.notFound((context) =>
    context.req.method === "GET" ? toMissing(context) : context.text("There is nothing here.\n", 404, PRIVATE_HEADERS),
  );
  app.onError((error, context) => {
    log(`pages: ${error.stack ?? error.message}`);
    return sendNote(context, 500, BROKEN_PAGE);
  });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (request, response) => void listener(request, response);
};
