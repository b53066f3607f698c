import type { Execution } from "../model/execution.ts";
import type { StepId } from "../model/ids.ts";
import type { PlannedStep } from "../model/plan.ts";
import { lastWords, NOTHING_TO_DO, type Step, type StepState } from "../model/step.ts";
import { code, fenced, html, quoted, sentence } from "./escape.ts";

/** What is folded away until somebody wants it. The summary is HTML, the body Markdown that closes whatever it opens. */
const details = (summary: string, body: string, open = false): string =>
  `<details${open ? " open" : ""}>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`;

const MOST = 20;

/** One line for each step that landed after a conflict: where it was, and that its work was made again on what had landed. */
export const resolvedConflicts = (steps: readonly Step[]): string =>
  steps
    .flatMap(({ id, landed, conflicted = [] }) => {
      if (!landed || conflicted.length === 0) return [];
      const files = conflicted.slice(0, 5).map((path) => code(path));
      const more = conflicted.length > files.length ? ` and ${conflicted.length - files.length} more` : "";
      return [`- ${code(id)} landed after a conflict in ${files.join(", ")}${more} was resolved: read those files again.`];
    })
    .slice(0, MOST)
    .join("\n");

/** Why steps failed, each with the command that failed and its last lines. */
export const failedSteps = (steps: readonly Step[]): string => {
  const failed = steps.filter(({ state }) => state === "failed");
  const more = failed.length > MOST ? [`… and ${failed.length - MOST} more.`] : [];
  return [...failed.slice(0, MOST).map((step) => failure(step)), ...more].join("\n\n");
};

const failure = (step: Step): string => {
  const why = `❌ **${code(step.id)} failed.** ${sentence(step.why?.why ?? "")}`.trimEnd();
  const log = lastWords(step);
  if (log === "") return why;
  return `${why}\n\n${details(summaryOf(log), fenced("text", plain(log), { limit: 2_500, keep: "end" }))}`;
};

/** In the log of a verify job a command's line begins with `$ `, and each line that it wrote with `| `: no output can pass for a command. */
const summaryOf = (log: string): string => {
  const command = [...log.matchAll(/^\$ (.*)$/gm)].at(-1)?.[1];
  return command === undefined ? "How it ended" : `The last lines of <code>${html(command, 100)}</code>`;
};

const plain = (log: string): string => log.replace(/^\| /gm, "  ");

/** What is to be known of steps that did not fail: why one found nothing to do, or what it changed that it may not. */
export const remarks = (steps: readonly Step[]): string =>
  steps
    .filter(({ state, why }) => why?.code === "remark" || (why?.code === NOTHING_TO_DO && state === "done"))
    .slice(0, MOST)
    .map(({ id, why }) => {
      const words = why?.code === NOTHING_TO_DO ? `${code(id)} found **nothing to do**:` : `${code(id)}:`;
      return `> [!NOTE]\n> ${words} ${sentence(why?.why ?? "", 1_000)}`;
    })
    .join("\n\n");

/** The roles of a workflow that it went past, each with its reason. */
export const skippedRoles = ({ workflow }: Execution): string => {
  const all = Object.entries(workflow?.skipped ?? {});
  const more = all.length > MOST ? [`- … and ${all.length - MOST} more.`] : [];
  return [...all.slice(0, MOST).map(([role, why]) => `- ${code(role)} is skipped: ${sentence(why)}.`), ...more].join("\n");
};

/** Of more steps the last are told. */
const MOST_TOLD = 100;

type Reported = { readonly execution: Execution; readonly reports: Readonly<Record<StepId, string>> };

/** What the steps found, as they wrote it; unfolded where a person is to judge it. */
export const reportsOf = ({ execution, reports }: Reported, steps: readonly PlannedStep[]): string => {
  if (Object.keys(reports).length === 0) return "";
  const written = steps
    .flatMap(({ id, title }) => {
      const text = reports[id];
      return text === undefined ? [] : [{ id, title, text }];
    })
    .slice(-MOST_TOLD);
  const limit = Math.floor(16_000 / Math.max(1, written.length));
  return written
    .map(({ id, title, text }) => {
      const summary = `Report of <code>${html(id)}</code>: ${html(title)}`;
      const body = `${whole(execution, id)}${fenced("markdown", text, { limit, keep: "start" })}`;
      return details(summary, body, execution.steps[id]?.state === "waiting");
    })
    .join("\n\n");
};

/** Leads to the whole report: by the commit that brought it, which stays, while the ledger's own moves on. Relative to the page of an issue. */
const whole = ({ id: execution, steps }: Execution, id: StepId): string => {
  const { result, artifact } = steps[id] ?? {};
  return result && artifact ? `[\`artifacts/${execution}/${id}.md\`](../blob/${result}/artifact.md)\n\n` : "";
};

/** What finished steps hand on, in their workers' words. */
export const outcomes = (steps: readonly Step[]): string => {
  const told = steps.filter(({ state, output }) => HANDED_ON.has(state) && /\S/.test(output)).slice(-MOST_TOLD);
  const limit = Math.min(2_000, Math.floor(8_000 / Math.max(1, told.length)));
  const quote = (output: string): string => quoted(output, { limit, keep: "start" });
  const each = told.flatMap(({ id, output, head, resolution }) => [
    `**${code(id)}**\n\n${quote(output)}`,
    ...(resolution && resolution.said !== "" && resolution.made === head?.sha
      ? [`**${code(id)}**, of its conflict\n\n${quote(resolution.said)}`]
      : []),
  ]);
  return told.length === 0 ? "" : details("What the workers say they did", each.join("\n\n"));
};

const HANDED_ON: ReadonlySet<StepState> = new Set(["worker_done", "waiting", "done"]);

/** Of more steps nothing could be shown but the beginning of a sentence each. */
const MOST_INSTRUCTIONS = 400;

/** What each worker is told, word for word: a person approves this, not only its title. */
export const instructions = (execution: Execution, steps: readonly PlannedStep[]): string => {
  if (steps.length === 0) return "";
  const limit = Math.min(4_000, Math.floor(16_000 / steps.length));
  const whole = `executions/${execution.id}/plan-${execution.plan ?? ""}.json`;
  const body = [
    ...(steps.length > MOST_INSTRUCTIONS ? [] : steps).map((step) => instruction(step, limit)),
    `The whole plan is in the ledger: ${code(`git fetch origin refs/enki/ledger && git show FETCH_HEAD:${whole}`)}`,
  ].join("\n\n");
  return details("What each step is told", body);
};

const instruction = (step: PlannedStep, limit: number): string => {
  const list = (name: string, all: readonly string[]): string[] =>
    all.length === 0
      ? []
      : [
          `${name} ${all
            .slice(0, 20)
            .map((each) => code(each))
            .join(", ")}`,
        ];
  const rules = [
    ...list("may change only", step.paths),
    ...list("verified also by", step.verify),
    ...(step.run === null ? [] : ["runs this command instead of an agent:"]),
  ].join("; ");
  return [
    `**${code(step.id)}**${rules === "" ? "" : `: ${rules}`}`,
    ...(step.run === null ? [] : [fenced("bash", step.run, { limit, keep: "start" })]),
    quoted(step.description, { limit, keep: "start" }),
  ].join("\n\n");
};
