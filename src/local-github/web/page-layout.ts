import { createHash } from "node:crypto";
import { type SafeHtml, html, trustMarkup } from "./safe-html.ts";
import { pagePath, type PageScope } from "./page-scope.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";

type PageTab = "overview" | "executions" | "queue" | "issues" | "pulls" | "actions" | "commits" | "ledger";
export type PageContent = { readonly title: string; readonly tab: PageTab | null; readonly main: SafeHtml };

const contentSecurityHash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Headers of all answers except those of the REST API and git. */
export const PRIVATE_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "private, no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/**
 * Headers of every page. They allow only the page's own style and script, named by their hashes, and requests to the
 * same origin.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...PRIVATE_HEADERS,
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": [
    "default-src 'none'",
    `style-src ${contentSecurityHash(PAGE_STYLE)}`,
    `script-src ${contentSecurityHash(PAGE_SCRIPT)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
};

const LOGO_MARK = trustMarkup(
  '<svg class="mark" viewBox="0 0 22 22" aria-hidden="true"><g fill="none" stroke="currentColor" stroke-width="1.8"><circle cx="5" cy="4.5" r="2.6"/><circle cx="5" cy="17.5" r="2.6"/><circle cx="17" cy="11" r="2.6"/><path d="M5 7.1v7.8M7.5 5.2C12 6 13 8 14.7 9.7"/></g></svg>',
);

const PAGE_ICON = encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22"><g fill="none" stroke="#7440c4" stroke-width="2"><circle cx="5" cy="4.5" r="2.6"/><circle cx="5" cy="17.5" r="2.6"/><circle cx="17" cy="11" r="2.6"/><path d="M5 7.1v7.8M7.5 5.2C12 6 13 8 14.7 9.7"/></g></svg>',
);

/** The tabs of a repository that was only cloned. */
const CLONE_TABS: ReadonlySet<PageTab> = new Set(["executions", "queue", "commits", "ledger"]);

const renderTabs = (scope: PageScope, current: PageTab | null): SafeHtml => {
  const { issues, runs } = scope.repository;
  const open = [...issues.values()].filter(({ state }) => state === "open");
  const entries: readonly (readonly [PageTab, string, number | null, string])[] = [
    ["overview", "Overview", null, pagePath(scope)],
    ["executions", "Executions", null, pagePath(scope, "executions")],
    ["queue", "Queue", null, pagePath(scope, "queue")],
    ["issues", "Issues", open.filter(({ pull }) => !pull).length, pagePath(scope, "issues")],
    ["pulls", "Pull requests", open.filter(({ pull }) => pull).length, pagePath(scope, "pulls")],
    ["actions", "Actions", runs.size, pagePath(scope, "actions")],
    ["commits", "Commits", null, pagePath(scope, "commits", scope.repository.defaultBranch)],
    ["ledger", "Ledger", null, pagePath(scope, "ledger")],
  ];
  const shown = scope.cloned ? entries.filter(([tab]) => CLONE_TABS.has(tab)) : entries;
  return html`<nav class="wide tabs" aria-label="Repository">
    ${shown.map(
      ([tab, name, count, to]) =>
        html`<a href="${to}" ${tab === current ? trustMarkup(' aria-current="page"') : null}
          >${name}${count === null ? null : html`<span class="count">${count}</span>`}</a
        >`,
    )}
  </nav>`;
};

const renderRepositoryName = ({ repository }: PageScope): SafeHtml =>
  html`${repository.owner.login} <span class="dim">/</span> <b>${repository.name}</b>`;

// Not in a template: the hash covers every character between the tags, and a formatter would add some.
const STYLE_ELEMENT = trustMarkup(`<style>${PAGE_STYLE}</style>`);
const SCRIPT_ELEMENT = trustMarkup(`<script>${PAGE_SCRIPT}</script>`);

/** The words around the pages of a site. */
export type PageSite = {
  readonly name: string;
  /** The name in the title of pages that are not about a repository. */
  readonly title: string;
  /** Next to the name of a repository. */
  readonly label: string;
  /** The text after the connection was lost. */
  readonly stopped: string;
  readonly footer: SafeHtml;
};

const LOCAL_SITE = { name: "GitHub on this machine", title: "This machine" } as const;

/** The words around the pages of the local GitHub, or of a clone. */
export const toLocalSite = (scope: PageScope | null): PageSite => {
  if (scope?.cloned) {
    const footer = html`Read from the ledger of <code>${scope.cloned.source}</code>. These pages change nothing.`;
    return { ...LOCAL_SITE, label: "read-only", stopped: "enki page has stopped", footer };
  }
  const how = scope?.session
    ? `You act as ${scope.session.login}.`
    : "To act here, open the address that enki local printed; git and the REST API work as well.";
  const footer = html`A stand-in for GitHub, on this machine only. ${how}`;
  return { ...LOCAL_SITE, label: "on this machine", stopped: "the local GitHub has stopped", footer };
};

export type ShownPage = {
  readonly page: PageContent;
  readonly site: PageSite;
  /** Identifies the shown state; null for a page that never changes. */
  readonly version: string | null;
};

/** The version of the shown state, and the address of a newer version for the script. */
const renderState = (scope: PageScope | null, version: string | null): SafeHtml | null =>
  version === null ? null : html` data-state="${scope ? pagePath(scope, "state") : "/state"}" data-version="${version}"`;

/** Renders a whole document. The script polls for a newer version. */
export const renderLayout = (scope: PageScope | null, { page, site, version }: ShownPage): SafeHtml => {
  const name = scope ? `${scope.repository.owner.login}/${scope.repository.name}` : site.title;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${page.title} · ${name}</title>
        <link rel="icon" href="data:image/svg+xml,${PAGE_ICON}" />
        ${STYLE_ELEMENT}
      </head>
      <body${renderState(scope, version)}>
        <header>
          <div class="wide bar">
            <a href="/" aria-label="All repositories" class="dim">${LOGO_MARK}</a
            ><span class="name"
              >${scope ? html`<a href="${pagePath(scope)}">${renderRepositoryName(scope)}</a>` : site.name}</span
            >${scope ? html`<span class="here">${site.label}</span>` : null}<span class="state" role="status"
              ><span class="on">live</span><span class="gone">${site.stopped}</span></span
            >
          </div>
          ${scope ? renderTabs(scope, page.tab) : null}
        </header>
        <main class="wide">${page.main}</main>
        <footer class="wide">${site.footer}</footer>
        ${version === null ? null : SCRIPT_ELEMENT}
      </body>
    </html>`;
};
