import { hashValue } from "../domain/ids.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import type { NodePath } from "../domain/workflow-run.ts";
import type { JsonValue } from "./read-json.ts";
import type { Workflow } from "./workflow.ts";

/** What a role gave. */
export type RoleOutput = {
  /** Its answer, whole: its report where it left one. */
  readonly text: string;
  /** What it put into its output block; absent where it has none. */
  readonly block?: string;
  /** What it said that its work came to; absent where it said nothing of that. */
  readonly status?: OutcomeKind;
  readonly fields: Readonly<Record<string, JsonValue>>;
};

export const NO_OUTPUT: RoleOutput = { text: "", fields: {} };

/** One piece of a role's work: all of it, or for `foreach` one item of it. */
export type NodeRun = {
  readonly state: "running" | "done" | "failed";
  /** The item that it is for, and its index from 0; null without `foreach`. */
  readonly item: { readonly index: number; readonly value: JsonValue } | null;
  readonly output: RoleOutput;
  /** Why it failed; empty otherwise. */
  readonly error: string;
  /** The run of the workflow that it calls. */
  readonly call: RunState | null;
};

export type RoleRun = {
  readonly state: "pending" | "running" | "done" | "failed" | "skipped";
  /** How many times it was started: in a loop more than once. */
  readonly run: number;
  /** Why it was skipped or failed; empty otherwise. */
  readonly reason: string;
  readonly nodeRuns: readonly NodeRun[];
  /** What it gave in the round before, for those that read it before it has run again. */
  readonly previousRound: PreviousRound | null;
};

export type PreviousRound = { readonly output: RoleOutput; readonly failed: boolean; readonly reason: string };

/** `why` says of a dead edge what killed it. */
export type EdgeRun = { readonly state: "open" | "fired" | "dead"; readonly reason: string };
export type LoopRun = { readonly round: number; readonly over: boolean };

/** How far a workflow has come. A plain value: with the workflow it gives the same continuation every time. Edges and loops stand as in the workflow. */
export type RunState = {
  readonly args: string;
  readonly roles: Readonly<Record<string, RoleRun>>;
  readonly edges: readonly EdgeRun[];
  readonly loops: readonly LoopRun[];
};

export const PENDING_ROLE: RoleRun = { state: "pending", run: 0, reason: "", nodeRuns: [], previousRound: null };
export const OPEN_EDGE: EdgeRun = { state: "open", reason: "" };
export const FIRST_ROUND: LoopRun = { round: 1, over: false };

export const createRunState = ({ roles, edges, loops }: Workflow, args: string): RunState => ({
  args,
  roles: Object.fromEntries(roles.map(({ name }) => [name, PENDING_ROLE])),
  edges: edges.map(() => OPEN_EDGE),
  loops: loops.map(() => FIRST_ROUND),
});

const MAX_ID_CHARS = 63;

/**
 * The name of a unit, which is a step's id: `coder`, `coder--2r` in its second run, `worker--3i` for the third item, `ship--review` within a call.
 * What begins with a digit is no role's name, and no role's name holds `--`: so no two units have one name. A long one ends with its hash.
 */
export const toNodeRunId = (path: NodePath): string => {
  const id = path.map(({ role, run, item }) => role + (item === null ? "" : `--${item + 1}i`) + (run > 1 ? `--${run}r` : "")).join("--");
  return id.length <= MAX_ID_CHARS ? id : `${id.slice(0, MAX_ID_CHARS - 15)}--0h${hashValue(id).slice(0, 11)}`;
};

export type OpenNodeRun = { readonly id: string; readonly path: NodePath };

/** What is being worked on: each unit that was handed out and has no result yet. */
export const listOpenNodeRuns = ({ roles }: RunState, within: NodePath = []): OpenNodeRun[] =>
  Object.entries(roles).flatMap(([role, { run, nodeRuns }]) =>
    nodeRuns.flatMap(({ state, call, item }): OpenNodeRun[] => {
      if (state !== "running") return [];
      const path = [...within, { role, run, item: item && item.index }];
      return call ? listOpenNodeRuns(call, path) : [{ id: toNodeRunId(path), path }];
    }),
  );

/** Roles that are skipped as things stand, and why; of called workflows with the way to them. */
export const listSkippedRoles = ({ roles }: RunState, within = ""): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(roles).flatMap(([role, { state, reason, nodeRuns }]) => [
      ...(state === "skipped" ? [[`${within}${role}`, reason] as const] : []),
      ...nodeRuns.flatMap(({ call }) => (call ? Object.entries(listSkippedRoles(call, `${within}${role}/`)) : [])),
    ]),
  );
