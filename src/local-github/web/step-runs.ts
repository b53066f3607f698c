import type { Execution } from "../../core/domain/execution.ts";
import { toTaskId } from "../../core/domain/ids.ts";
import { toJobKey, type JobKey } from "../../core/domain/job.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import { readOwn } from "../../core/domain/own-record.ts";
import type { Step } from "../../core/domain/step.ts";
import { findTrial } from "../../core/domain/trial.ts";
import { toTrialJob } from "../../core/domain/tried-step.ts";
import { formatUsage } from "../../core/messages/agent-usage.ts";
import { pagePath, type PageScope } from "./page-scope.ts";
import { html, type SafeHtml } from "./safe-html.ts";

/** The run of a job, as a link; null if the ledger does not know the run. */
export const renderRunLink = ({ cloned, ...scope }: PageScope, ledger: Ledger, job: { key: JobKey; text: string }): SafeHtml | null => {
  const run = ledger.effectRecords[`start-job:${job.key}`]?.number ?? null;
  if (run === null || cloned?.address === null) return null;
  const to = cloned ? `${cloned.address}/actions/runs/${run}` : pagePath(scope, "actions", "runs", run);
  return html`<a href="${to}">${job.text}</a>`;
};

/** A page lists no more attempts: a repository writes its ledger, and one with a huge number would occupy the process. */
const MAX_LISTED_ATTEMPTS = 100;

const joinLinks = (title: string, links: readonly (SafeHtml | null)[]): SafeHtml | null => {
  const shown = links.filter((link) => link !== null);
  return shown.length === 0 ? null : html`<p class="facts"><span>${title}</span>${shown.map((link) => html`<span>${link}</span>`)}</p>`;
};

/** The planner's attempts, each with its run and what it used. */
export const renderPlannerRuns = (scope: PageScope, ledger: Ledger, execution: Execution): SafeHtml | null =>
  joinLinks(
    "Planner:",
    Array.from({ length: Math.min(execution.planning.attempt, MAX_LISTED_ATTEMPTS) }, (_, index) => {
      const key = toJobKey({ kind: "plan", target: execution.id, attempt: index + 1 });
      const usage = execution.usage?.[key];
      const link = renderRunLink(scope, ledger, { key, text: `attempt ${index + 1}` });
      return link && html`${link}${usage ? html` · ${formatUsage(usage)}` : null}`;
    }),
  );

/** The runs that resolve a step's conflict, and that verify its head at present, also without its changes to the checks that judge it. */
export const renderOtherRuns = (scope: PageScope, ledger: Ledger, { execution, step }: { execution: Execution; step: Step }): SafeHtml => {
  const task = toTaskId(execution.id, step.id);
  const resolving = Array.from({ length: Math.min(step.resolution?.attempt ?? 0, MAX_LISTED_ATTEMPTS) }, (_, index) =>
    renderRunLink(scope, ledger, {
      key: toJobKey({ kind: "resolve", target: task, attempt: index + 1 }),
      text: `attempt ${index + 1}`,
    }),
  );
  const candidates = (readOwn(ledger.queues, execution.baseBranch)?.candidates ?? []).filter(({ items }) =>
    items.some((item) => item.task === task),
  );
  const verifying = candidates.flatMap(({ commit, runs }) =>
    runs.map(({ attempt, verdict }) =>
      renderRunLink(scope, ledger, {
        key: toJobKey({ kind: "verify", target: commit, attempt }),
        text: `${commit.slice(0, 12)}: ${verdict ?? "running"}`,
      }),
    ),
  );
  const trial = findTrial(step);
  const trying = trial?.state === "running" ? [renderRunLink(scope, ledger, { key: toTrialJob(trial), text: "running" })] : [];
  return html`${joinLinks("Resolving its conflict:", resolving)}${joinLinks("Verifying:", verifying)}${joinLinks("Verifying without its changes to checks:", trying)}`;
};
