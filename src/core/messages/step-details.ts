import type { Execution } from "../domain/execution.ts";
import type { Hash, StepId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { findEarlierFailure, findFailureLog, NOTHING_TO_DO_CODE, type Step, type StepState } from "../domain/step.ts";
import { collectUpTo, toInlineCode, fenceText, escapeInlineHtml, quoteText, escapeSentence } from "./escape.ts";
import { renderReason } from "./refusal-page.ts";
import { isLongPlan, toPageName } from "./plan-page.ts";
import { renderStepInstruction } from "./planned-step.ts";

/** A collapsed section. The summary is HTML; the body is Markdown that must close everything it opens. */
const wrapInDetails = (summary: string, body: string, open = false): string =>
  `<details${open ? " open" : ""}>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`;

const MAX_STEPS_LISTED = 20;

/** Steps whose landing resolved a conflict: a person should review the affected files. */
export const renderResolvedConflicts = (steps: readonly Step[]): string =>
  steps
    .flatMap(({ id, landed, pastConflicts = [] }) => {
      if (!landed || pastConflicts.length === 0) return [];
      const files = pastConflicts.slice(0, 5).map((path) => toInlineCode(path));
      const more = pastConflicts.length > files.length ? ` and ${pastConflicts.length - files.length} more` : "";
      return [`- ${toInlineCode(id)} landed after a conflict in ${files.join(", ")}${more} was resolved: review those files again.`];
    })
    .slice(0, MAX_STEPS_LISTED)
    .join("\n");

/** Failed steps with the failed command and its last output. */
export const renderFailedSteps = (steps: readonly Step[]): string => {
  const failed = steps.filter(({ state }) => state === "failed");
  const more = failed.length > MAX_STEPS_LISTED ? [`… and ${failed.length - MAX_STEPS_LISTED} more.`] : [];
  return [...failed.slice(0, MAX_STEPS_LISTED).map((step) => renderStepFailure(step)), ...more].join("\n\n");
};

/** Steps that had failed before a person cancelled or skipped them. */
export const renderEarlierFailures = (steps: readonly Step[]): string =>
  steps
    .filter((step) => findEarlierFailure(step) !== null)
    .slice(0, MAX_STEPS_LISTED)
    .map((step) => renderStepFailure(step))
    .join("\n\n");

const renderStepFailure = (step: Step): string => {
  const [earlier, name] = [findEarlierFailure(step), toInlineCode(step.id)];
  const words = earlier === null ? `❌ **${name} failed.**` : `**${name} had failed** before it was ${step.state}.`;
  const refusal = earlier ?? step.refusal;
  const reason = refusal === null ? words : `${words} ${renderReason(refusal)}`;
  const log = renderFailureLog(findFailureLog(step));
  return log === "" ? reason : `${reason}\n\n${log}`;
};

/** The last output of a failed attempt or verification, folded; empty without one. */
export const renderFailureLog = (log: string): string =>
  log === "" ? "" : wrapInDetails(formatLogSummary(log), fenceText("text", stripLogBars(log), { limit: 2_500, keep: "end" }));

/** In a verify log, command lines start with `$ ` and output lines with `| `, so that no output passes for a command. */
const formatLogSummary = (log: string): string => {
  const command = [...log.matchAll(/^\$ (.*)$/gm)].at(-1)?.[1];
  return command === undefined ? "Last output" : `Last output of <code>${escapeInlineHtml(command, 100)}</code>`;
};

const stripLogBars = (log: string): string => log.replace(/^\| /gm, "  ");

/** Notes on steps that did not fail: why one found nothing to do, or which changes were discarded. */
export const renderStepNotes = (steps: readonly Step[]): string =>
  steps
    .filter(({ state, refusal }) => refusal?.code === "remark" || (refusal?.code === NOTHING_TO_DO_CODE && state === "done"))
    .slice(0, MAX_STEPS_LISTED)
    .map(({ id, refusal }) => {
      const words = refusal?.code === NOTHING_TO_DO_CODE ? `${toInlineCode(id)} found **nothing to do**:` : `${toInlineCode(id)}:`;
      return `> [!NOTE]\n> ${words} ${escapeSentence(refusal?.message ?? "", 1_000)}`;
    })
    .join("\n\n");

/** The skipped roles of a workflow with their reasons. */
export const renderSkippedRoles = ({ workflow }: Execution): string => {
  const all = Object.entries(workflow?.skippedRoles ?? {});
  const more = all.length > MAX_STEPS_LISTED ? [`- … and ${all.length - MAX_STEPS_LISTED} more.`] : [];
  return [
    ...all.slice(0, MAX_STEPS_LISTED).map(([role, reason]) => `- ${toInlineCode(role)} is skipped: ${escapeSentence(reason)}.`),
    ...more,
  ].join("\n");
};

/** Only the last steps are listed. */
const MAX_REPORTS_LISTED = 100;

type ReportedExecution = { readonly execution: Execution; readonly reports: Readonly<Record<StepId, string>> };

/** The steps' reports; unfolded if a person has to approve one. */
export const renderStepReports = ({ execution, reports }: ReportedExecution, steps: readonly PlannedStep[]): string => {
  if (Object.keys(reports).length === 0) return "";
  const listed = steps
    .flatMap(({ id, title }) => {
      const text = reports[id];
      return text === undefined ? [] : [{ id, title, text }];
    })
    .slice(-MAX_REPORTS_LISTED);
  const limit = Math.floor(16_000 / Math.max(1, listed.length));
  return listed
    .map(({ id, title, text }) => {
      const summary = `Report of <code>${escapeInlineHtml(id)}</code>: ${escapeInlineHtml(title)}`;
      const body = `${linkWholeReport(execution, id)}${fenceText("markdown", text, { limit, keep: "start" })}`;
      return wrapInDetails(summary, body, execution.steps[id]?.state === "waiting");
    })
    .join("\n\n");
};

/** Links the complete report in its result commit, which is permanent, unlike the ledger's ref. Relative to the page of an issue. */
const linkWholeReport = ({ id: execution, steps }: Execution, id: StepId): string => {
  const { result, artifact } = steps[id] ?? {};
  return result && artifact ? `[\`artifacts/${execution}/${id}.md\`](../blob/${result}/artifact.md)\n\n` : "";
};

/** The outputs of finished steps. */
export const renderStepSummaries = (steps: readonly Step[]): string => {
  const listed = steps.filter(({ state, output }) => STATES_WITH_OUTPUT.has(state) && /\S/.test(output)).slice(-MAX_REPORTS_LISTED);
  const limit = Math.min(2_000, Math.floor(8_000 / Math.max(1, listed.length)));
  const quote = (output: string): string => quoteText(output, { limit, keep: "start" });
  const each = listed.flatMap(({ id, output, head, resolution }) => [
    `**${toInlineCode(id)}**\n\n${quote(output)}`,
    ...(resolution && resolution.summary !== "" && resolution.resolvedHead === head?.sha
      ? [`**${toInlineCode(id)}**, about its conflict\n\n${quote(resolution.summary)}`]
      : []),
  ]);
  return listed.length === 0 ? "" : wrapInDetails("Summaries by the workers", each.join("\n\n"));
};

const STATES_WITH_OUTPUT: ReadonlySet<StepState> = new Set(["published", "waiting", "done"]);

/** Steps of a plan whose instructions a comment shows; unfolded before an approval. */
type InstructionView = { readonly steps: readonly PlannedStep[]; readonly plan: Hash | null; readonly unfolded: boolean };

/** The most characters that a comment shows of a long plan without a plan page. Plans from earlier versions of Enki may have no page. */
const MAX_UNPAGED_CHARS = 16_000;

/** The complete instructions of steps, because a person approves more than titles, or a link to the plan pages; empty for a long proposal. */
export const renderInstructions = (execution: Execution, { steps, plan, unfolded }: InstructionView): string => {
  if (steps.length === 0) return "";
  const isLong = isLongPlan(steps);
  const link = linkPlanPage(execution, plan);
  if (isLong && unfolded) return "";
  if (isLong && link !== null) return `Instructions for each step: ${link}`;
  const whole = `executions/${execution.id}/plan-${plan ?? ""}.json`;
  const texts = isLong ? collectUpTo(MAX_UNPAGED_CHARS, steps, renderStepInstruction).slice(0, -1) : steps.map(renderStepInstruction);
  const body = [
    ...texts,
    `The complete plan is in the ledger: ${toInlineCode(`git fetch origin refs/enki/ledger && git show FETCH_HEAD:${whole}`)}`,
  ].join("\n\n");
  return wrapInDetails("Instructions for each step", body, unfolded);
};

/** Links to the plan pages, relative to the page of an issue; null without pages. */
export const linkPlanPage = ({ shownPlan }: Execution, plan: Hash | null): string | null => {
  const page = shownPlan?.plan === plan ? shownPlan?.page : null;
  if (!page || plan === null) return null;
  return Array.from({ length: page.count }, (_, at) => {
    const words = page.count === 1 ? "the whole plan" : `page ${at + 1} of ${page.count}`;
    return `[${words}](../blob/${page.commit}/${toPageName(plan, at + 1)})`;
  }).join(", ");
};
