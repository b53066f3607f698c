import { basename } from "node:path";
import { writeFault } from "../config/fault.ts";
import { type ConfigText, readConfig } from "../config/read.ts";
import type { Execution } from "../model/execution.ts";
import { nearest } from "../model/nearest.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import { LEDGER } from "../model/refs.ts";
import { asciiGraph } from "../render/ascii-graph.ts";
import { mermaidText } from "../render/graph.ts";
import { findRepository } from "./find-repository.ts";
import { readOwnLayers, readOwnWorkflows } from "./own-layers.ts";
import { workflowJson, workflowMermaid, workflowText } from "./workflow-graph.ts";
import { readWorkflows } from "./workflow-files.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { CannotError, readCall, UsageError } from "./options.ts";
import { readArchived, readOwnLedger, readRuns } from "./read-ledger.ts";
import type { Terminal } from "./terminal.ts";

const FORMATS = ["ascii", "mermaid", "json"];
export const graphOptions = {
  format: { type: "string", default: "ascii", value: "<format>", about: `${FORMATS.join(", ")}; ascii where none is given` },
} as const;

/** `enki graph <workflow|execution>`: a workflow as its file has it; an execution with how each step stands, from the ledger of the repository here. */
export const graph = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { values, words } = readCall(args, graphOptions, 1);
  const [asked] = words;
  if (asked === undefined) throw new UsageError("which one? enki graph <workflow|execution>");
  if (!FORMATS.includes(values.format)) throw new UsageError(`--format is one of ${FORMATS.join(", ")}`);
  const width = terminal.size().columns;
  const flows = await readOwnWorkflows(terminal);
  const flow = flows.some(({ path }) => basename(path, ".md") === asked) ? await readFlow(terminal, flows, asked) : null;
  if (flow) {
    terminal.out(`${drawFlow(values.format, flow, width)}\n`);
    return 0;
  }
  await findRepository(terminal, ".");
  const { execution, plan } = await find(terminal, asked, flows);
  if (!plan) throw new CannotError(`execution ${execution.id} is ${execution.state} and has no plan`);
  terminal.out(`${draw(values.format, execution, { plan, width })}\n`);
  return 0;
};

const readFlow = async (terminal: Terminal, files: readonly ConfigText[], name: string): Promise<Workflow> => {
  const { config } = readConfig(await readOwnLayers(terminal));
  const { workflows, faults } = readWorkflows(files, { roles: Object.keys(config.roles), models: config.models });
  const flow = workflows.find((each) => each.name === name);
  const mistake = faults.find(({ file }) => basename(file, ".md") === name);
  if (flow && !mistake) return flow;
  throw new CannotError(
    `the workflow ${name} has mistakes; enki validate tells all of them\n${mistake ? writeFault(mistake) : ""}`.trimEnd(),
  );
};

const drawFlow = (format: string, flow: Workflow, width: number): string => {
  if (format === "mermaid") return workflowMermaid(flow);
  return format === "ascii" ? workflowText(flow, width) : JSON.stringify(workflowJson(flow), null, 2);
};

type Found = { readonly execution: Execution; readonly plan: Plan | null };

/** By the beginning of its id, or by the id of one of its tasks: in the ledger, in what `enki run` kept, in the archive. */
const find = async (terminal: Terminal, asked: string, flows: readonly ConfigText[]): Promise<Found> => {
  const id = asked.split("-")[0] ?? "";
  const { known, hasLedger } = await readKnown(terminal);
  const found = known.filter(({ execution }) => id !== "" && execution.id.startsWith(id));
  const [first] = found;
  if (found.length > 1) throw new CannotError(`${asked} may be ${found.map(({ execution }) => execution.id).join(" or ")}`);
  const one = first ?? (await readArchived(terminal, id));
  if (one) return one;
  const meant = nearest(
    asked,
    flows.map(({ path }) => basename(path, ".md")),
  );
  if (meant !== null) throw new CannotError(`there is no workflow ${asked}; did you mean ${meant}?`);
  if (!hasLedger) throw new CannotError(`the repository here has no ledger; in a clone, git fetch origin ${LEDGER}:${LEDGER} brings it`);
  throw new CannotError(`there is no workflow and no execution ${asked}; ${whatThereIs(id, known)}`);
};

const readKnown = async (terminal: Terminal): Promise<{ known: readonly Found[]; hasLedger: boolean }> => {
  const ledgers = [await readOwnLedger(terminal), ...(await readRuns(terminal))].flatMap((ledger) => ledger ?? []);
  const known = ledgers.flatMap(({ executions, plans }) =>
    Object.values(executions).map((execution) => ({ execution, plan: plans[execution.plan ?? ""] ?? null })),
  );
  return { known, hasLedger: ledgers.length > 0 };
};

const whatThereIs = (id: string, known: readonly Found[]): string => {
  const ids = known.map(({ execution }) => execution.id);
  const meant = nearest(id, ids);
  if (ids.length === 0) return "there is none yet";
  return meant === null ? `there are ${ids.join(", ")}` : `did you mean ${meant}?`;
};

type Drawn = { readonly plan: Plan; readonly width: number };

const draw = (format: string, execution: Execution, { plan, width }: Drawn): string => {
  const states = execution.steps;
  if (format === "mermaid") return mermaidText(plan.steps, states);
  if (format === "ascii") return asciiGraph(plan.steps, states, width);
  const { id, state, request, base } = execution;
  return JSON.stringify(
    { id, state, request, base, steps: plan.steps.map((step) => ({ ...told(step), ...standing(execution, step) })) },
    null,
    2,
  );
};

const told = ({ id, title, tier, role, output, checkpoint, needs }: PlannedStep) => ({ id, title, tier, role, output, checkpoint, needs });

const standing = ({ steps }: Execution, { id }: PlannedStep) => {
  const step = steps[id];
  return step
    ? { state: step.state, attempt: step.attempt, why: step.why?.why ?? null, pull: step.pull, landed: step.landed?.commit ?? null }
    : { state: "pending", attempt: 0, why: null, pull: null, landed: null };
};
