import { type RunEnd, advanceRun } from "../../../src/core/workflow/advance-run.ts";
import { recordResults, type NodeResult } from "../../../src/core/workflow/record-results.ts";
import { renderNode } from "../../../src/core/workflow/render-node.ts";
import { type RoleOutput, type RunState, createRunState } from "../../../src/core/workflow/run-state.ts";
import { readFields } from "../../../src/core/workflow/read-fields.ts";
import type { Workflow } from "../../../src/core/workflow/workflow.ts";

/** Returns the answer of an agent or a command. An answer that starts with `!` is a failure. */
export type Answer = (id: string, prompt: string) => string;

export type Played = {
  readonly state: RunState;
  readonly ended: RunEnd;
  /** The ids of processed nodes. Each list contains parallel nodes. */
  readonly waves: readonly (readonly string[])[];
  readonly prompts: Readonly<Record<string, string>>;
  readonly skipped: readonly string[];
};

export const output = (text: string, wants: readonly string[] = []): RoleOutput => ({
  text,
  fields: readFields(text, { wantsKeyValues: wants, schema: null }).fields,
});

const result = (text: string, wants: readonly string[]): NodeResult =>
  text.startsWith("!")
    ? { state: "failed", error: text.slice(1), output: output(text.slice(1)) }
    : { state: "done", output: output(text, wants) };

/** Plays a workflow to its end, and answers every ready node at once. The state passes through JSON each time, as in the ledger. */
export const play = (
  workflow: Workflow,
  answer: Answer,
  { args = "ARGS", others = [] }: { args?: string; others?: readonly Workflow[] } = {},
): Played => {
  const workflows = new Map([workflow, ...others].map((each) => [each.name, each]));
  const waves: string[][] = [];
  const prompts: Record<string, string> = {};
  const skipped: string[] = [];
  let state = createRunState(workflow, args);
  for (let turn = 0; turn < 500; turn += 1) {
    const next = advanceRun(workflow, state, workflows);
    skipped.push(...next.skippedRoles.map(({ role, reason }) => `${role}: ${reason}`));
    if (next.end) return { state: next.state, ended: next.end, waves, prompts, skipped };
    waves.push(next.readyNodes.map(({ id }) => id));
    const results = new Map<string, NodeResult>();
    for (const { id, path, role } of next.readyNodes) {
      const prepared = renderNode(workflow, next.state, { path, workflows });
      if (!prepared.ok) {
        results.set(id, { state: "failed", error: prepared.refusal.message });
        continue;
      }
      prompts[id] = prepared.value.kind === "agent" ? prepared.value.prompt : JSON.stringify(prepared.value.environment);
      results.set(id, result(answer(id, prompts[id]), role.fields));
    }
    state = recordResults(JSON.parse(JSON.stringify(next.state)) as RunState, results);
  }
  throw new Error("it does not end");
};
