import { toJobKey } from "../../core/domain/job.ts";
import { emptyLedger, type Ledger } from "../../core/domain/ledger.ts";
import { listQueues, type QueueOverview, type QueuedWork, type ShownCandidate } from "../../core/messages/queue-overview.ts";
import { formatTimeLeft } from "../../core/messages/time-left.ts";
import type { PageContent } from "./page-layout.ts";
import { readPageLedger } from "./page-ledger.ts";
import { formatPageTitle, LIST_PAGE_ITEMS, renderCard, renderNumberLink, renderRows } from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import { renderRunLink } from "./step-runs.ts";

const renderItem = (scope: PageScope, { position, execution, step, title, pull, place, reason, expectedAt }: QueuedWork): SafeHtml => {
  const left = formatTimeLeft(expectedAt, scope.forge.now());
  return html`<li>
    <span class="what"
      >${position}.
      <a href="${pagePath(scope, "executions", execution)}#step-${step}">${formatPageTitle(title === "" ? step : title)}</a></span
    ><span class="aside small">${place}</span
    ><span class="under dim small"
      >${execution}-${step}${pull === null ? null : html` · ${renderNumberLink(scope, { kind: "pull", number: pull, text: `#${pull}` })}`}${reason === "" ? null : html` · ${reason}`}</span
    ><span class="aside dim small">${left}</span>
  </li>`;
};

const renderCandidate = (scope: PageScope, ledger: Ledger, { commit, tasks, state, runs }: ShownCandidate): SafeHtml => {
  const links = runs.flatMap(({ attempt, verdict }) => {
    const link = renderRunLink(scope, ledger, {
      key: toJobKey({ kind: "verify", target: commit, attempt }),
      text: `run ${attempt}: ${verdict ?? "running"}`,
    });
    return link ? [html` · ${link}`] : [];
  });
  return html`<li>
    <span class="what mono">${commit.slice(0, 12)}</span><span class="aside small">${state}</span
    ><span class="under dim small">${tasks.length === 0 ? "the base branch" : tasks.join(", ")}${links}</span>
  </li>`;
};

const renderQueue = (scope: PageScope, ledger: Ledger, { base, frozen, items, candidates }: QueueOverview): SafeHtml => {
  const shown = items.slice(0, LIST_PAGE_ITEMS);
  const more = items.length > shown.length ? html`<p class="empty">… and ${items.length - shown.length} more.</p>` : null;
  const stop = frozen === "" ? null : html`<p class="in"><b>Nothing lands for now.</b> ${frozen}</p>`;
  return html`${renderCard({
    id: `queue-${base}`,
    title: html`Waits to land on <span class="mono">${base}</span>`,
    body: html`${stop}${renderRows(
      shown.map((item) => renderItem(scope, item)),
      "Nothing waits.",
    )}${more}`,
  })}${
    candidates.length === 0
      ? null
      : renderCard({
          id: `candidates-${base}`,
          title: "Candidates",
          body: renderRows(
            candidates.map((candidate) => renderCandidate(scope, ledger, candidate)),
            "",
          ),
        })
  }`;
};

/** The queue of each base branch: what waits to land, in order, and the commits that are verified for it. */
export const renderQueuePage = async (scope: PageScope): Promise<PageContent> => {
  const ledger = (await readPageLedger(scope)) ?? emptyLedger;
  const queues = listQueues(ledger, scope.forge.now());
  const none = renderCard({ id: "queue", title: "Queue", body: html`<p class="empty">Nothing waits to land.</p>` });
  return {
    title: "Queue",
    tab: "queue",
    main: html`${queues.length === 0 ? none : queues.map((queue) => renderQueue(scope, ledger, queue))}`,
  };
};
