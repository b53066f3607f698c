import type { StepId } from "../domain/ids.ts";
import { listNeededSteps, listNeededTasks, type PlannedStep } from "../domain/plan.ts";
import {
  findOpenConflict,
  isAwaitingAnswer,
  isAwaitingConfirmation,
  isAwaitingQuota,
  isHeldByPerson,
  NOTHING_TO_DO_CODE,
  type Step,
  type StepState,
} from "../domain/step.ts";
import type { StepWork } from "../domain/step-work.ts";
import { formatCost } from "./agent-usage.ts";
import { formatDuration } from "./duration-text.ts";
import { formatResolutionAttempt } from "./open-conflicts.ts";
import { collectUpTo, toInlineCode, escapeInline } from "./escape.ts";
import { formatMinute } from "./quota-note.ts";
import type { PlaceReader } from "./queue-place.ts";
import { formatWorkMode } from "./planned-step.ts";

type StepsById = Readonly<Record<StepId, Step>>;

const MAX_TABLE_ROWS = 150;
const MAX_TABLE_CHARS = 18_000;

/** The first rows within the limits. */
const cutRows = (rows: readonly string[], limit: number): readonly string[] => {
  const fitting = collectUpTo(limit, rows.slice(0, MAX_TABLE_ROWS), (row) => row);
  const length = fitting.reduce((sum, row) => sum + row.length, 0);
  return length > limit ? fitting.slice(0, -1) : fitting;
};

/** The attempt, the time of ended jobs, and their cost; nothing changes here while a job runs. */
const formatWork = ({ step, work }: StepStanding, hasCosts: boolean): string => {
  const attempt = step && step.attempt > 0 ? String(step.attempt) : "";
  const cells = [attempt, work ? formatDuration(work.ms) : "", ...(hasCosts ? [work ? formatStepCost(work) : ""] : [])];
  return ` ${cells.join(" | ")} |`;
};

/** A cost that no agent reported is no zero. */
const formatStepCost = ({ usd, isWhole }: StepWork): string =>
  usd === null ? "not reported" : `${isWhole ? "" : "at least "}${formatCost(usd)}`;

type TableColumns = { readonly hasStarted: boolean; readonly hasWork: boolean; readonly hasCosts: boolean };

const renderHead = ({ hasStarted, hasWork, hasCosts }: TableColumns): readonly string[] => {
  const columns = [
    ...(hasStarted ? ["state", "step", "what it does", "after"] : ["step", "what it does", "after", "how"]),
    ...(hasWork ? ["attempt", "time", ...(hasCosts ? ["cost"] : [])] : []),
  ];
  return [`| ${columns.join(" | ")} |`, `|${"---|".repeat(columns.length)}`];
};

const formatRow = (standing: StepStanding, { hasStarted, hasWork, hasCosts }: TableColumns): string => {
  const { planned, run } = standing;
  const cells = `${formatCodeCell(planned.id)} | ${escapeInline(planned.title, 100)} | ${formatNeeds(planned)}`;
  if (!hasStarted) return `| ${cells} | ${formatWorkMode(planned)} |`;
  return `| ${formatStateCell(standing)}${run === undefined ? "" : ` · [run](${run})`} | ${cells} |${hasWork ? formatWork(standing, hasCosts) : ""}`;
};

const PROPOSED_COLUMNS: TableColumns = { hasStarted: false, hasWork: false, hasCosts: false };

/** Whether the table of a proposed plan shows every step and need. */
export const fitsStepTable = (steps: readonly PlannedStep[]): boolean =>
  steps.length <= MAX_TABLE_ROWS &&
  steps.every(({ needs }) => needs.length <= MAX_NEEDS_SHOWN) &&
  cutRows(
    steps.map((planned) => formatRow({ planned, step: undefined }, PROPOSED_COLUMNS)),
    MAX_TABLE_CHARS,
  ).length === steps.length;

type TableOptions = {
  /** Addresses of the steps' runs. */
  readonly runs?: Readonly<Record<StepId, string>> | undefined;
  readonly place?: PlaceReader | undefined;
  readonly limit?: number | undefined;
  /** Times and costs of ended jobs. */
  readonly work?: ReadonlyMap<StepId, StepWork> | undefined;
};

/** One row for each step: the state first, because a narrow screen cuts the end, or the mode of work before it starts. Empty without a plan. */
export const renderStepTable = (
  steps: readonly PlannedStep[],
  states: StepsById,
  { runs = {}, place, limit = MAX_TABLE_CHARS, work = new Map() }: TableOptions = {},
): string => {
  if (steps.length === 0) return "";
  const hasStarted = Object.keys(states).length > 0;
  const columns = { hasStarted, hasWork: hasStarted && work.size > 0, hasCosts: [...work.values()].some(({ usd }) => usd !== null) };
  const all = steps.map((planned) => ({ planned, step: states[planned.id], run: runs[planned.id], place, work: work.get(planned.id) }));
  const sorted = hasStarted && all.length > MAX_TABLE_ROWS ? sortStepsByUrgency(all) : all;
  const rows = cutRows(
    sorted.slice(0, MAX_TABLE_ROWS).map((each) => formatRow(each, columns)),
    limit,
  );
  const rest = sorted.slice(rows.length);
  const more =
    rest.length === 0 ? [] : [hasStarted ? `| ${countStandings(rest)} | … | ${rest.length} more | |` : `| … | ${rest.length} more | | |`];
  return [...renderHead(columns), ...rows, ...more].join("\n");
};

/** States that need a person come first, then active ones; finished ones come last. */
const STATE_URGENCY: Readonly<Record<StepState, number>> = {
  waiting: 0,
  failed: 1,
  paused: 2,
  blocked: 3,
  running: 4,
  published: 5,
  ready: 6,
  pending: 7,
  cancelled: 8,
  skipped: 9,
  done: 10,
};

type StepStanding = {
  readonly planned: PlannedStep;
  readonly step: Step | undefined;
  readonly run?: string | undefined;
  readonly place?: TableOptions["place"];
  readonly work?: StepWork | undefined;
};

const sortStepsByUrgency = (all: readonly StepStanding[]): readonly StepStanding[] => {
  const groups: StepStanding[][] = Object.values(STATE_URGENCY).map(() => []);
  for (const each of all) groups[STATE_URGENCY[each.step?.state ?? "pending"]]?.push(each);
  return groups.flat();
};

/** Counts the steps without a row, by state. */
const countStandings = (all: readonly StepStanding[]): string => {
  const counts = new Map<string, { readonly symbol: string; count: number }>();
  for (const { step } of all) {
    const [symbol, words] = step ? describePlainState(step) : PENDING_WORDS;
    const group = counts.get(words);
    if (group) group.count += 1;
    else counts.set(words, { symbol, count: 1 });
  }
  return [...counts].map(([words, { symbol, count }]) => `${symbol} ${count} ${words}`).join(", ");
};

/** A bar would end the table cell. */
const formatCodeCell = (text: string): string => toInlineCode(text).replaceAll("|", "\\|");

const MAX_NEEDS_SHOWN = 10;

const formatNeeds = (step: PlannedStep): string => {
  const needs = [...listNeededSteps(step), ...listNeededTasks(step)];
  const more = needs.length > MAX_NEEDS_SHOWN ? [`${needs.length - MAX_NEEDS_SHOWN} more`] : [];
  return [...needs.slice(0, MAX_NEEDS_SHOWN).map((need) => formatCodeCell(need)), ...more].join(", ");
};

const formatStateCell = ({ step, place }: StepStanding): string => {
  if (!step) return "";
  const [symbol, plain] = describeStepState(step, place);
  const reason = findIdleReason(step);
  const words = reason === "" ? plain : `${plain}: ${escapeInline(reason, 100)}`;
  if (step.landed) return `${symbol} ${words}${step.pull === null ? "" : ` in #${step.pull}`} as ${step.landed.commit.slice(0, 12)}`;
  return `${symbol} ${words}${step.pull === null || step.state === "done" ? "" : ` · #${step.pull}`}`;
};

/** The state in words, without Markdown. */
export const formatPlainState = (step: Step, place?: PlaceReader): string => describeStepState(step, place)[1].replaceAll("*", "");

/** The agent's reason for finding nothing to do; empty for any other step. */
export const findIdleReason = ({ state, refusal }: Step): string =>
  state === "done" && refusal?.code === NOTHING_TO_DO_CODE ? refusal.message : "";

type StateWords = readonly [string, string];

const PENDING_WORDS: StateWords = ["⚪", "pending"];

/** A step's state as a symbol and in words: the same in the comment, the terminal and the reports. `place`: absent without a queue. */
export const describeStepState = (step: Step, place?: PlaceReader): StateWords => {
  const conflict = findOpenConflict(step);
  if (conflict) return ["🔵", `resolving a conflict, ${formatResolutionAttempt(conflict)}`];
  const queued = step.state === "published" && step.refusal === null ? (place?.(step.id) ?? null) : null;
  if (queued !== null) return ["🔵", queued];
  const [symbol, words] = describePlainState(step);
  return [symbol, step.state === "running" && step.attempt > 1 ? `${words}, attempt ${step.attempt}` : words];
};

const describeReadyState = (step: Step): StateWords => {
  if (isAwaitingQuota(step)) return ["🟡", `waits for its model's quota until ${formatMinute(step.notBefore)}`];
  return ["⚪", step.attempt > 0 && step.lastFailure !== null ? "retried soon" : "ready"];
};

const describePlainState = (step: Step): StateWords => {
  switch (step.state) {
    case "pending":
      return PENDING_WORDS;
    case "ready":
      return describeReadyState(step);
    case "running":
      return ["🔵", "running"];
    case "published":
      return step.refusal?.code === "held" ? ["⚪", "finished; lands after its needs"] : ["🔵", "finished; not in the queue yet"];
    case "waiting":
      if (isAwaitingAnswer(step)) return ["🟡", "**waits for your answer**"];
      if (isHeldByPerson(step)) return ["🟡", "**held by a person**"];
      if (isAwaitingConfirmation(step)) return ["🟡", "**found nothing to do; waits for you**"];
      return ["🟡", step.pull === null ? "**waits for your approval**" : "**waits for your review**"];
    case "paused":
      return ["⏸️", "paused"];
    case "done":
      if (step.landed) return ["✅", "landed"];
      return ["✅", step.artifact ? "reported" : "nothing to change"];
    case "failed":
      return ["❌", "**failed**"];
    case "blocked":
      return ["⛔", "blocked"];
    case "skipped":
      return ["⏭️", "skipped"];
    case "cancelled":
      return ["🚫", "cancelled"];
  }
};
