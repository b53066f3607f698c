import type { Execution } from "../model/execution.ts";
import { nearest } from "../model/nearest.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import { LEDGER } from "../model/refs.ts";
import { asciiGraph } from "../render/ascii-graph.ts";
import { mermaidText } from "../render/graph.ts";
import { findRepository } from "./find-repository.ts";
import { CannotError, readCall, UsageError } from "./options.ts";
import { readArchived, readOwnLedger, readRuns } from "./read-ledger.ts";
import type { Terminal } from "./terminal.ts";

const FORMATS = ["ascii", "mermaid", "json"];
export const graphOptions = {
  format: { type: "string", default: "ascii", value: "<format>", about: `${FORMATS.join(", ")}; ascii where none is given` },
} as const;

/** `enki graph <execution>`: its steps, what each needs, and how each stands, from the ledger of the repository here. */
export const graph = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { values, words } = readCall(args, graphOptions, 1);
  const [asked] = words;
  if (asked === undefined) throw new UsageError("which execution? enki graph <execution>");
  if (!FORMATS.includes(values.format)) throw new UsageError(`--format is one of ${FORMATS.join(", ")}`);
  await findRepository(terminal, ".");
  const { execution, plan } = await find(terminal, asked);
  if (!plan) throw new CannotError(`execution ${execution.id} is ${execution.state} and has no plan`);
  terminal.out(`${draw(values.format, execution, { plan, width: terminal.size().columns })}\n`);
  return 0;
};

type Found = { readonly execution: Execution; readonly plan: Plan | null };

/** By the beginning of its id, or by the id of one of its tasks: in the ledger, in what `enki run` kept, in the archive. */
const find = async (terminal: Terminal, asked: string): Promise<Found> => {
  const id = asked.split("-")[0] ?? "";
  const { known, hasLedger } = await readKnown(terminal);
  const found = known.filter(({ execution }) => id !== "" && execution.id.startsWith(id));
  const [first] = found;
  if (found.length > 1) throw new CannotError(`${asked} may be ${found.map(({ execution }) => execution.id).join(" or ")}`);
  const one = first ?? (await readArchived(terminal, id));
  if (one) return one;
  if (!hasLedger) throw new CannotError(`the repository here has no ledger; in a clone, git fetch origin ${LEDGER}:${LEDGER} brings it`);
  throw new CannotError(`there is no execution ${asked}; ${whatThereIs(id, known)}`);
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
