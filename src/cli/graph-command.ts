import { basename } from "node:path";
import { formatFault } from "../core/config/config-fault.ts";
import { type ConfigText, readConfig } from "../core/config/read-config.ts";
import type { Execution } from "../core/domain/execution.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { findNearestWord } from "../core/domain/nearest-word.ts";
import { readOwn } from "../core/domain/own-record.ts";
import type { Plan, PlannedStep } from "../core/domain/plan.ts";
import { renderAsciiGraph } from "../core/messages/ascii-graph.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { renderMermaidText } from "../core/messages/mermaid-graph.ts";
import { openPlaces } from "../core/messages/queue-place.ts";
import type { TreeInput } from "./execution-tree.ts";
import { findRepository } from "./find-repository.ts";
import { readEffectiveLayers, readEffectiveWorkflows } from "./effective-layers.ts";
import { toWorkflowJson, renderWorkflowMermaid, formatWorkflowText } from "./workflow-graph.ts";
import { readAllWorkflows } from "./read-all-workflows.ts";
import type { Workflow } from "../core/workflow/workflow.ts";
import { CommandError, readOptionsAndWords, UsageError } from "./command-options.ts";
import { findInLedgers, readShownLedgers, type ShownLedgers } from "./shown-ledgers.ts";
import { chooseShown } from "./status-command.ts";
import type { TerminalHost } from "./terminal-host.ts";

const GRAPH_FORMATS = ["ascii", "mermaid", "json"];
export const graphOptions = {
  format: { type: "string", default: "ascii", value: "<format>", about: `${GRAPH_FORMATS.join(", ")}; ascii by default` },
} as const;

/** `enki graph [<workflow|execution>]`: draws a workflow from its file, or executions from the ledger that `enki status` shows. */
export const runGraphCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, graphOptions, 1);
  const [asked] = words;
  if (!GRAPH_FORMATS.includes(values.format)) throw new UsageError(`--format must be one of ${GRAPH_FORMATS.join(", ")}`);
  const width = terminal.size().columns;
  if (asked === undefined) return drawOpenExecutions(terminal, { format: values.format, width });
  const flows = await readEffectiveWorkflows(terminal);
  const flow = flows.some(({ path }) => basename(path, ".md") === asked) ? await readGraphWorkflow(terminal, flows, asked) : null;
  if (flow) {
    terminal.out(`${formatWorkflowGraph(values.format, flow, width)}\n`);
    return 0;
  }
  await findRepository(terminal, ".");
  const { execution, queue, plan } = await findGraphExecution(terminal, asked, flows);
  if (!plan) throw new CommandError(`execution ${execution.id} is ${execution.state} and has no plan`);
  terminal.out(`${formatExecutionGraph(values.format, { execution, queue, plan, width })}\n`);
  return 0;
};

/** Draws the executions of `enki status`, each below its own line if several are shown. */
const drawOpenExecutions = async (terminal: TerminalHost, { format, width }: { format: string; width: number }): Promise<number> => {
  const { ledger, shown } = findInLedgers(await readShownLedgers(terminal), (each) => ({
    ...each,
    shown: chooseShown(each.ledger, null, null),
  }));
  const drawn = shown.flatMap((execution) => {
    const plan = ledger.plans[execution.plan ?? ""];
    return plan ? [{ execution, graph: formatExecutionGraph(format, { ...toStanding(ledger, execution), plan, width }) }] : [];
  });
  if (drawn.length === 0) throw new CommandError("no execution has a plan yet; enki status shows the current state");
  const lead = format === "mermaid" ? "%% " : "";
  const parts = drawn.map(({ execution: { id, state, request }, graph }) =>
    drawn.length === 1 ? graph : `${lead}${id}  ${state}  ${toOneLine(request, 80)}\n${graph}`,
  );
  terminal.out(format === "json" ? `[${drawn.map(({ graph }) => graph).join(",\n")}]\n` : `${parts.join("\n\n")}\n`);
  return 0;
};

const readGraphWorkflow = async (terminal: TerminalHost, files: readonly ConfigText[], name: string): Promise<Workflow> => {
  const { config } = readConfig(await readEffectiveLayers(terminal));
  const { workflows, faults } = readAllWorkflows(files, { roles: Object.keys(config.roles), models: config.models });
  const flow = workflows.find((each) => each.name === name);
  const mistake = faults.find(({ file }) => basename(file, ".md") === name);
  if (flow && !mistake) return flow;
  throw new CommandError(
    `the workflow ${name} has mistakes; enki validate lists all of them\n${mistake ? formatFault(mistake) : ""}`.trimEnd(),
  );
};

const formatWorkflowGraph = (format: string, flow: Workflow, width: number): string => {
  if (format === "mermaid") return renderWorkflowMermaid(flow);
  return format === "ascii" ? formatWorkflowText(flow, width) : JSON.stringify(toWorkflowJson(flow), null, 2);
};

type FoundExecution = Pick<TreeInput, "execution" | "queue"> & { readonly plan: Plan | null };

/** Finds an execution by a prefix of its id or by a task id: in the ledger, in runs kept by `enki run`, or in the archive. */
const findGraphExecution = async (terminal: TerminalHost, asked: string, flows: readonly ConfigText[]): Promise<FoundExecution> => {
  const id = asked.split("-")[0] ?? "";
  const meant = findNearestWord(
    asked,
    flows.map(({ path }) => basename(path, ".md")),
  );
  const noWorkflow = meant === null ? null : new CommandError(`there is no workflow ${asked}; did you mean ${meant}?`);
  const shown = await readShownLedgers(terminal).catch((error: unknown) => {
    throw noWorkflow ?? error;
  });
  const known = listKnownExecutions(shown);
  const found = known.filter(({ execution }) => id !== "" && execution.id.startsWith(id));
  const [first] = found;
  if (found.length > 1) throw new CommandError(`${asked} may be ${found.map(({ execution }) => execution.id).join(" or ")}`);
  const archived = first === undefined && /^[0-9a-f]{6,64}$/.test(id) ? await shown.readArchived(id) : null;
  const one = first ?? (archived && { ...archived, queue: undefined });
  if (one) return one;
  throw noWorkflow ?? new CommandError(`there is no workflow or execution ${asked}; ${describeKnownExecutions(id, known)}`);
};

const listKnownExecutions = ({ ledgers }: ShownLedgers): FoundExecution[] =>
  ledgers.flatMap(({ ledger }) =>
    Object.values(ledger.executions).map((execution) => ({
      ...toStanding(ledger, execution),
      plan: ledger.plans[execution.plan ?? ""] ?? null,
    })),
  );

const toStanding = ({ queues }: Ledger, execution: Execution): Pick<TreeInput, "execution" | "queue"> => ({
  execution,
  queue: readOwn(queues, execution.baseBranch),
});

const describeKnownExecutions = (id: string, known: readonly FoundExecution[]): string => {
  const ids = known.map(({ execution }) => execution.id);
  const meant = findNearestWord(id, ids);
  if (ids.length === 0) return "there is none yet";
  return meant === null ? `there are ${ids.join(", ")}` : `did you mean ${meant}?`;
};

type ExecutionDrawing = Pick<TreeInput, "execution" | "queue"> & { readonly plan: Plan; readonly width: number };

const formatExecutionGraph = (format: string, { execution, queue, plan, width }: ExecutionDrawing): string => {
  const states = execution.steps;
  if (format === "mermaid") return renderMermaidText(plan.steps, states);
  if (format === "ascii") return renderAsciiGraph(plan.steps, { states, place: openPlaces(execution.id, queue) }, width);
  const { id, state, request, baseBranch } = execution;
  return JSON.stringify(
    {
      id,
      state,
      request,
      base: baseBranch,
      steps: plan.steps.map((step) => ({ ...toPlannedJson(step), ...toStandingJson(execution, step) })),
    },
    null,
    2,
  );
};

const toPlannedJson = ({ id, title, tier, role, output, checkpoint, needs }: PlannedStep) => ({
  id,
  title,
  tier,
  role,
  output,
  checkpoint,
  needs,
});

const toStandingJson = ({ steps }: Execution, { id }: PlannedStep) => {
  const step = steps[id];
  return step
    ? { state: step.state, attempt: step.attempt, why: step.refusal?.message ?? null, pull: step.pull, landed: step.landed?.commit ?? null }
    : { state: "pending", attempt: 0, why: null, pull: null, landed: null };
};
