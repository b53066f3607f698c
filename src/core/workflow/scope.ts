import type { Json } from "./json.ts";
import { type Before, NO_OUTPUT, type RoleOutput, type RoleRun, type RunState, type Unit } from "./run-state.ts";
import { Scope } from "./template/render.ts";
import { RoleView, type Value } from "./template/values.ts";
import type { Workflow } from "./workflow.ts";

/** Who reads: a role, and of `foreach` one of its items. */
export type Reader = { readonly role: string; readonly item: Unit["item"] };

/** How far the run is: roles by name, and the loops' rounds. */
export type Progress = Pick<RunState, "args" | "loops"> & { readonly roleOf: (name: string) => RoleRun | undefined };

export const progressOf = (state: RunState): Progress => ({
  args: state.args,
  loops: state.loops,
  roleOf: (name) => (Object.hasOwn(state.roles, name) ? state.roles[name] : undefined),
});

/** What a template sees when this role's prompt is written, or a guard after it is judged. Only what it reads is looked up. */
export const scopeFor = (workflow: Workflow, progress: Progress, { role, item }: Reader): Scope =>
  new Scope((key): Value => {
    if (key === "Args") return progress.args;
    if (key === "Item") return item?.value;
    if (key === "Index") return item ? item.index + 1 : undefined;
    if (key === "Round" || key === "MaxRounds") return roundOf(workflow, progress, { role, key });
    const run = progress.roleOf(key);
    return run && viewOf(run);
  });

type Rounds = { readonly role: string; readonly key: "Round" | "MaxRounds" };

/** Of several loops around a role the innermost, which stands first, is meant. */
const roundOf = ({ loops }: Workflow, progress: Progress, { role, key }: Rounds): number => {
  const index = loops.findIndex(({ body }) => body.includes(role));
  return (key === "Round" ? progress.loops[index]?.round : loops[index]?.max) ?? 1;
};

/** How a role ended; one that has not run (again) as in the round before. */
const lastOf = (run: RoleRun): Before | null => {
  if (run.state === "pending" || run.state === "running") return run.before;
  return { output: outputOf(run), failed: run.state === "failed", why: run.why };
};

/** A role as templates see it. */
export const viewOf = (run: RoleRun): RoleView => {
  const { output, failed, why } = lastOf(run) ?? { output: NO_OUTPUT, failed: false, why: "" };
  const isSkipped = run.state === "skipped";
  const own: readonly (readonly [string, Json])[] = [
    ["output", output.block ?? output.text],
    ["skipped", isSkipped],
    ["failed", failed],
    ["error", why],
  ];
  const hasEnded = lastOf(run) !== null && !isSkipped;
  // A field of its own that has this name says it better.
  const status = hasEnded ? (failed ? "failed" : (output.status ?? "done")) : "";
  return new RoleView(output.text, new Map([["status", status], ...Object.entries(output.fields), ...own]), hasEnded && !failed);
};

/** What a role that is begun again leaves for those that read it first. */
export const beforeOf = (run: RoleRun): Before | null => (run.state === "skipped" ? null : lastOf(run));

/** What a role gave; with `foreach` the texts of all items, and `items` with what each gave. */
export const outputOf = ({ units }: RoleRun): RoleOutput => {
  const [first] = units;
  if (!first) return NO_OUTPUT;
  if (first.item === null) return first.output;
  const texts = units.map(({ output }) => output.text).filter((text) => text !== "");
  const items = units.map(({ item, output, state, error }): Json => {
    const { text: answer, block = answer, status = "done", fields } = output;
    const failed = state === "failed";
    return { status: failed ? "failed" : status, ...fields, item: item?.value ?? null, answer, output: block, failed, error };
  });
  const blocks = units.map(({ output: { text, block = text } }) => block).filter((text) => text !== "");
  return { text: texts.join("\n\n"), block: blocks.join("\n\n"), fields: { items } };
};
