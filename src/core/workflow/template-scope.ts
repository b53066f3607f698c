import type { JsonValue } from "./read-json.ts";
import { type PreviousRound, NO_OUTPUT, type RoleOutput, type RoleRun, type RunState, type NodeRun } from "./run-state.ts";
import { TemplateScope } from "./template/render-template.ts";
import { RoleView, type TemplateValue } from "./template/template-value.ts";
import type { Workflow } from "./workflow.ts";

/** The role that reads, with its `foreach` item. */
export type ScopeReader = { readonly role: string; readonly item: NodeRun["item"] };

/** Role runs by name, and the rounds of the loops. */
export type RunProgress = Pick<RunState, "args" | "loops"> & { readonly roleOf: (name: string) => RoleRun | undefined };

export const toProgress = (state: RunState): RunProgress => ({
  args: state.args,
  loops: state.loops,
  roleOf: (name) => (Object.hasOwn(state.roles, name) ? state.roles[name] : undefined),
});

/** The values that a template sees when a role's prompt is rendered, or a condition behind the role is evaluated. Values are looked up when they are read. */
export const createScope = (workflow: Workflow, progress: RunProgress, { role, item }: ScopeReader): TemplateScope =>
  new TemplateScope((key): TemplateValue => {
    if (key === "Args") return progress.args;
    if (key === "Item") return item?.value;
    if (key === "Index") return item ? item.index + 1 : undefined;
    if (key === "Round" || key === "MaxRounds") return roundOf(workflow, progress, { role, key });
    const run = progress.roleOf(key);
    return run && toRoleView(run);
  });

type RoundKey = { readonly role: string; readonly key: "Round" | "MaxRounds" };

/** The innermost loop around a role counts; it is listed first. */
const roundOf = ({ loops }: Workflow, progress: RunProgress, { role, key }: RoundKey): number => {
  const index = loops.findIndex(({ body }) => body.includes(role));
  return (key === "Round" ? progress.loops[index]?.round : loops[index]?.max) ?? 1;
};

/** The end of a role's last run; for a role that is pending or running, the end of its previous round. */
const findLastEnd = (run: RoleRun): PreviousRound | null => {
  if (run.state === "pending" || run.state === "running") return run.previousRound;
  return { output: collectOutput(run), failed: run.state === "failed", reason: run.reason };
};

export const toRoleView = (run: RoleRun): RoleView => {
  const { output, failed, reason } = findLastEnd(run) ?? { output: NO_OUTPUT, failed: false, reason: "" };
  const isSkipped = run.state === "skipped";
  const commonFields: readonly (readonly [string, JsonValue])[] = [
    ["output", output.block ?? output.text],
    ["skipped", isSkipped],
    ["failed", failed],
    ["error", reason],
  ];
  const hasEnded = findLastEnd(run) !== null && !isSkipped;
  // A field `status` of the role takes precedence over this one.
  const status = hasEnded ? (failed ? "failed" : (output.status ?? "done")) : "";
  return new RoleView(output.text, new Map([["status", status], ...Object.entries(output.fields), ...commonFields]), hasEnded && !failed);
};

/** The values that a restarted role keeps for its readers. */
export const toPreviousRound = (run: RoleRun): PreviousRound | null => (run.state === "skipped" ? null : findLastEnd(run));

/** The output of a role. With `foreach`, the texts of all items, and a field `items` with the result of each. */
export const collectOutput = ({ nodeRuns }: RoleRun): RoleOutput => {
  const [first] = nodeRuns;
  if (!first) return NO_OUTPUT;
  if (first.item === null) return first.output;
  const texts = nodeRuns.map(({ output }) => output.text).filter((text) => text !== "");
  const items = nodeRuns.map(({ item, output, state, error }): JsonValue => {
    const { text: answer, block = answer, status = "done", fields } = output;
    const failed = state === "failed";
    return { status: failed ? "failed" : status, ...fields, item: item?.value ?? null, answer, output: block, failed, error };
  });
  const blocks = nodeRuns.map(({ output: { text, block = text } }) => block).filter((text) => text !== "");
  return { text: texts.join("\n\n"), block: blocks.join("\n\n"), fields: { items } };
};
