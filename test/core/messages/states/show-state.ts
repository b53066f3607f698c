import { formatStatus } from "../../../../src/cli/format-status.ts";
import { openLedgerReader } from "../../../../src/cli/ledger-reader.ts";
import { openProgressPrinter } from "../../../../src/cli/progress-events.ts";
import { viewBudget } from "../../../../src/core/decisions/budget-room.ts";
import type { Execution } from "../../../../src/core/domain/execution.ts";
import { extendTimeline, startTimeline } from "../../../../src/core/domain/execution-timeline.ts";
import type { ExecutionId } from "../../../../src/core/domain/ids.ts";
import { LEDGER_REF } from "../../../../src/core/domain/refs.ts";
import type { BudgetHold } from "../../../../src/core/messages/budget-text.ts";
import { openStory } from "../../../support/story.ts";

type Story = ReturnType<typeof openStory>;

/** A story at the moment of a snapshot. */
export type Told = {
  readonly it: Pick<Story, "state">;
  readonly id: ExecutionId;
  /** Pull requests to show with their whole text. Other pull requests show only their state. */
  readonly pulls?: readonly number[];
};

/** `about` describes the preceding events in a sentence; `tell` plays them. */
export type Scene = { readonly about: string; readonly tell: () => Promise<Told> };

const START = Date.parse("2026-11-02T09:00:00Z");

/** Opens a story on a readable day. */
export const openDay = (over: Parameters<typeof openStory>[0] = {}): Story => {
  const it = openStory(over);
  it.state.now = START;
  return it;
};

/** Finds the last written execution, in the ledger or in the archive. */
export const findTold = ({ it, id }: Told): Execution => {
  const execution = it.state.ledger.executions[id] ?? it.state.archive[id];
  if (!execution) throw new Error(`there is no execution ${id}`);
  return execution;
};

const showTerminal = ({ it, id }: Told, execution: Execution): string => {
  const { state } = it;
  let timeline = startTimeline(id);
  let now = START;
  const lines: string[] = [];
  const printer = openProgressPrinter(
    { now: () => now, out: () => undefined, isInteractive: false },
    { progress: { printLine: (line) => void lines.push(line) }, isJson: false },
  );
  let hold: BudgetHold | null = null;
  for (const { ledger, inputs } of state.writes) {
    const written = ledger.executions[id];
    if (!written) continue;
    ({ now } = inputs.snapshot);
    ({ hold } = viewBudget(openLedgerReader(inputs.snapshot, ledger), written));
    timeline = extendTimeline(timeline, written, now);
    printer.print({ execution: written, queue: ledger.queues[written.baseBranch], hold });
  }
  const plan = state.ledger.plans[execution.plan ?? ""] ?? null;
  const queue = state.ledger.queues[execution.baseBranch];
  const tree = { execution, plan, queue, hold, timeline, now: state.now, width: 100, colour: (text: string) => text };
  const status = formatStatus(tree, { name: "octo/demo", run: null, toPrintCommand: (path) => `git show ${LEDGER_REF}:${path}` });
  return ["$ enki status", ...status, "", "$ enki run, without a terminal", ...lines].map((line) => line.trimEnd()).join("\n");
};

const withoutMarker = (body: string): string => body.replace(/^<!--[^\n]*-->\n+/, "");

/** Shows each pull request with its text or first paragraph, and the status of its head. */
const showPulls = ({ it: { state }, pulls }: Told): readonly string[] =>
  state.pulls.flatMap(({ number, head, headRef, state: where }) => {
    const body = state.bodies.get(number);
    if (body === undefined) return [];
    const status = state.statuses.findLast(({ commit }) => commit === head);
    const text = pulls?.includes(number) ? body : (body.split("\n\nStep `")[0] ?? "");
    const said = status ? `status: ${status.state}, “${status.text}”` : "no status";
    return [`## Pull request #${number} of \`${headRef}\`: ${where}, ${said}`, text];
  });

/** Shows everything that a person sees of a state. */
export const showState = (title: string, about: string, told: Told): string => {
  const execution = findTold(told);
  const { comments, reviewRequests } = told.it.state;
  const own = comments.find(({ body }) => body.startsWith(`<!-- enki:execution:${told.id}`));
  const others = comments.filter((comment) => comment !== own && comment.issue === execution.issue);
  return [
    `# ${title}`,
    about,
    "## The comment",
    withoutMarker(own?.body ?? "There is none."),
    ...(others.length === 0 ? [] : ["## Other comments", ...others.map(({ body }) => withoutMarker(body))]),
    ...(reviewRequests.length === 0
      ? []
      : [`Reviews requested: ${reviewRequests.map(({ pull, login }) => `#${pull} by ${login}`).join(", ")}`]),
    ...showPulls(told),
    "## The terminal",
    `\`\`\`\`\`text\n${showTerminal(told, execution)}\n\`\`\`\`\``,
    "",
  ].join("\n\n");
};
