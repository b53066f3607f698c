import {
  boundsOf,
  type ExecutionTimeline,
  listWaitBars,
  sumWaits,
  WAIT_KINDS,
  type StateSpan,
  type WaitBar,
} from "../../core/domain/execution-timeline.ts";
import type { PlannedStep } from "../../core/domain/plan.ts";
import type { Step, StepState } from "../../core/domain/step.ts";
import { formatDuration } from "../../core/messages/duration-text.ts";
import { WAIT_WORDS } from "../../core/messages/execution-report.ts";
import type { PlaceReader } from "../../core/messages/queue-place.ts";
import { formatPlainState } from "../../core/messages/step-table.ts";
import { html, type SafeHtml } from "./safe-html.ts";

const CHART_UNITS = 1_000;
/** A shorter bar could not be seen. */
const MIN_BAR_UNITS = 3;
const SHOWN_KINDS = WAIT_KINDS.filter((kind) => kind !== "needs");

type ChartRange = { readonly from: number; readonly to: number; readonly now: number };

const drawWait = (bar: WaitBar, unit: number): SafeHtml => {
  const [x, width] = [bar.from * unit, (bar.to - bar.from) * unit];
  return html`<rect class="wait-${bar.kind}" x="${x.toFixed(1)}" width="${Math.max(MIN_BAR_UNITS, width).toFixed(1)}" y="0" height="12" />`;
};

const drawBar = (spans: readonly StateSpan<StepState>[], { from, to, now }: ChartRange): SafeHtml => {
  const unit = CHART_UNITS / Math.max(1, to - from);
  return html`<svg class="timebar" viewBox="0 0 ${CHART_UNITS} 12" preserveAspectRatio="none" aria-hidden="true">
    ${listWaitBars(spans, { start: from, now }).map((bar) => drawWait(bar, unit))}
  </svg>`;
};

const formatWaits = (spans: readonly StateSpan<StepState>[], now: number): string => {
  const waits = sumWaits(spans, now);
  return SHOWN_KINDS.filter((kind) => waits[kind] > 0)
    .map((kind) => `${formatDuration(waits[kind])} ${kind}`)
    .join(", ");
};

export type TimelineInput = {
  readonly steps: readonly PlannedStep[];
  readonly states: Readonly<Record<string, Step>>;
  readonly place: PlaceReader;
  readonly timeline: ExecutionTimeline;
  readonly critical: readonly string[];
  readonly from: number;
  readonly now: number;
  readonly isOver: boolean;
};

const renderRow = (planned: PlannedStep, { states, place, timeline, critical, now }: TimelineInput, range: ChartRange): SafeHtml => {
  const spans = timeline.steps[planned.id] ?? [];
  const { from, to } = boundsOf(spans);
  const step = states[planned.id];
  const state = step ? formatPlainState(step, place) : "pending";
  return html`<tr>
    <th scope="row">
      <a href="#step-${planned.id}">${planned.id}</a>${critical.includes(planned.id) ? html` <span class="chip">critical</span>` : null}
    </th>
    <td>${state}</td>
    <td>${from === null ? "" : formatDuration((to ?? now) - from)}</td>
    <td class="wide-cell">${drawBar(spans, range)}<span class="dim small">${formatWaits(spans, now)}</span></td>
  </tr>`;
};

/** A row for each step, with a bar that splits its time by what it waited for; the words say the same as the bars. */
export const renderTimeline = (input: TimelineInput): SafeHtml => {
  const { steps, timeline, from, now, isOver } = input;
  const last = timeline.states.at(-1);
  const range = { from, to: isOver && last ? Math.max(last.from, from + 1) : now, now };
  return html`<p class="in legend">
      ${SHOWN_KINDS.map(
        (kind) =>
          html`<span
            ><svg class="key" viewBox="0 0 12 12" aria-hidden="true"><rect class="wait-${kind}" width="12" height="12" /></svg> ${kind}:
            ${WAIT_WORDS[kind]}</span
          >`,
      )}
    </p>
    <div class="scroll" tabindex="0" role="region" aria-label="Timeline">
      <table class="timeline">
        <thead>
          <tr>
            <th scope="col">step</th>
            <th scope="col">state</th>
            <th scope="col">time</th>
            <th scope="col">waited for</th>
          </tr>
        </thead>
        <tbody>
          ${steps.map((step) => renderRow(step, input, range))}
        </tbody>
      </table>
    </div>`;
};
