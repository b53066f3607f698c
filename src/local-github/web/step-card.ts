import type { ExecutionTimeline, StateSpan } from "../../core/domain/execution-timeline.ts";
import type { Execution } from "../../core/domain/execution.ts";
import { toTaskId } from "../../core/domain/ids.ts";
import { toJobKey } from "../../core/domain/job.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import type { PlannedStep } from "../../core/domain/plan.ts";
import type { Step } from "../../core/domain/step.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import { formatUsage } from "../../core/messages/agent-usage.ts";
import { formatDuration } from "../../core/messages/duration-text.ts";
import { renderCommandButton, renderMoreCommands, renderQuestionButton } from "./action-forms.ts";
import { listStepCommands } from "./execution-commands.ts";
import { formatPageTitle, renderBadge, renderCommitLink, renderNumberLink } from "./page-parts.ts";
import { renderOtherRuns, renderRunLink } from "./step-runs.ts";
import type { PageScope } from "./page-scope.ts";
import { html, type SafeHtml, type TemplatePart, trustMarkup } from "./safe-html.ts";

type StepInput = {
  readonly ledger: Ledger;
  readonly execution: Execution;
  readonly planned: PlannedStep;
  readonly timeline: ExecutionTimeline;
  /** Whether the card shows its contents at first. */
  readonly isOpen?: boolean;
};

/** The spans of an attempt, and its run. */
const renderAttempts = (scope: PageScope, { ledger, execution, planned, timeline }: StepInput): SafeHtml => {
  const spans = (timeline.steps[planned.id] ?? []).filter(({ attempt }) => attempt > 0);
  const attempts = [...new Set(spans.map(({ attempt }) => attempt))];
  const rows = attempts.map((attempt) => {
    const job = toJobKey({ kind: "work", target: toTaskId(execution.id, planned.id), attempt });
    const own = spans.filter((span) => span.attempt === attempt);
    const usage = execution.usage?.[job];
    const transcript = renderRunLink(scope, ledger, { key: job, text: "transcript" });
    return html`<li>
      Attempt ${attempt}${transcript && html` · ${transcript}`}:
      ${own.map(formatSpan).join(", ")}${usage ? html` · ${formatUsage(usage)}` : null}
    </li>`;
  });
  return rows.length === 0
    ? html`<p>Not started.</p>`
    : html`<ol class="attempts">
        ${rows}
      </ol>`;
};

const formatSpan = ({ state, from, to, reason }: StateSpan): string =>
  `${state}${to === null ? "" : ` for ${formatDuration(to - from)}`}${reason === "" ? "" : ` (${reason})`}`;

const renderStepFacts = (scope: PageScope, { pull, head, landed, result }: Step): SafeHtml | null => {
  const facts: readonly TemplatePart[] = [
    pull === null ? null : renderNumberLink(scope, { kind: "pull", number: pull, text: `changes and review in #${pull}` }),
    landed ? html`landed as ${renderCommitLink(scope, landed.commit)}` : head && html`head ${renderCommitLink(scope, head.sha)}`,
    result === null ? null : html`last result ${renderCommitLink(scope, result)}`,
  ];
  const shown = facts.filter((fact) => fact !== null);
  return shown.length === 0 ? null : html`<p class="facts">${shown.map((fact) => html`<span>${fact}</span>`)}</p>`;
};

const MAX_REPORT_CHARS = 4_000;

/** What the last attempt reported, for the steps that need it. */
const renderOutput = ({ output }: Step): SafeHtml | null =>
  output.trim() === ""
    ? null
    : html`<h3>Reported</h3>
        <pre class="wrap">${takeFirstChars(output, MAX_REPORT_CHARS)}${output.length > MAX_REPORT_CHARS ? " …" : ""}</pre>`;

/** The commands for a step; the archive takes none. */
const renderStepButtons = (scope: PageScope, { ledger, execution }: StepInput, step: Step | undefined): TemplatePart => {
  const { id, issue } = execution;
  if (!step || !Object.hasOwn(ledger.executions, id)) return null;
  const [explain, commands] = [`/enki explain ${toTaskId(id, step.id)}`, listStepCommands(execution, step)];
  const isFailed = step.state === "failed";
  return [
    ...(step.state === "done" ? [] : [renderQuestionButton(scope, { issue, text: explain, label: `Explain ${step.id}` })]),
    ...commands.slice(0, isFailed ? 1 : 0).map(({ words, label }) => renderCommandButton(scope, { issue, text: `/enki ${words}`, label })),
    renderMoreCommands(scope, issue, commands.slice(isFailed ? 1 : 0)),
  ];
};

/** A step: its changes, its attempts with their transcripts and costs, and what it reported. */
export const renderStepCard = (scope: PageScope, input: StepInput): SafeHtml => {
  const { execution, planned, isOpen = false } = input;
  const step = execution.steps[planned.id];
  return html`<details class="card" id="step-${planned.id}" ${isOpen ? trustMarkup("open") : null}>
    <summary><b>${planned.id}</b> ${formatPageTitle(planned.title)} ${renderBadge(step?.state ?? "pending")}</summary>
    <div class="in">
      ${step ? renderStepFacts(scope, step) : null}${step?.refusal ? html`<p>${step.refusal.message}</p>` : null}${renderAttempts(scope, input)}${step ? renderOtherRuns(scope, input.ledger, { execution, step }) : null}${renderStepButtons(scope, input, step)}
      <h3>${planned.run ? "Command" : "Task"}</h3>
      <pre class="wrap">${planned.run ?? planned.description}</pre>
      ${step ? renderOutput(step) : null}
    </div>
  </details>`;
};
