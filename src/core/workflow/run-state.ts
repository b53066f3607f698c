import { hashValue } from "../domain/ids.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import type { NodePath } from "../domain/workflow-run.ts";
import type { JsonValue } from "./read-json.ts";
import type { Workflow } from "./workflow.ts";

/** The output of a role. */
export type RoleOutput = {
  /** The full answer, or the report if the role left one. */
  readonly text: string;
  /** The content of the `[OUTPUT]` block; absent without a block. */
  readonly block?: string;
  /** The outcome that the role reported; absent if it reported none. */
  readonly status?: OutcomeKind;
  readonly fields: Readonly<Record<string, JsonValue>>;
};

export const NO_OUTPUT: RoleOutput = { text: "", fields: {} };

/** A run of a role's whole work, or of a `foreach` item. */
export type NodeRun = {
  readonly state: "running" | "done" | "failed";
  /** The `foreach` item and its index from 0; null without `foreach`. */
  readonly item: { readonly index: number; readonly value: JsonValue } | null;
  readonly output: RoleOutput;
  /** The reason for a failure; empty otherwise. */
  readonly error: string;
  /** The state of the called workflow; null if the role calls none. */
  readonly call: RunState | null;
};

export type RoleRun = {
  readonly state: "pending" | "running" | "done" | "failed" | "skipped";
  /** The number of starts. More than one in a loop. */
  readonly run: number;
  /** The reason for a skip or a failure; empty otherwise. */
  readonly reason: string;
  readonly nodeRuns: readonly NodeRun[];
  /** The end of the previous round, for roles that read the end before the next run of the role. */
  readonly previousRound: PreviousRound | null;
};

export type PreviousRound = { readonly output: RoleOutput; readonly failed: boolean; readonly reason: string };

/** `reason` explains a dead edge. */
export type EdgeRun = { readonly state: "open" | "fired" | "dead"; readonly reason: string };
export type LoopRun = { readonly round: number; readonly over: boolean };

/** The progress of a workflow. A plain value: together with the workflow it always continues in the same way. Edges and loops are in workflow order. */
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
 * The id of a node run: `coder`, `coder--2r` in its second run, `worker--3i` for the third item, `ship--review` prefix a call. Ids are unique,
 * since role names neither start with a digit nor contain `--`. A long id ends with its hash.
 */
export const toNodeRunId = (path: NodePath): string => {
  const id = path.map(({ role, run, item }) => role + (item === null ? "" : `--${item + 1}i`) + (run > 1 ? `--${run}r` : "")).join("--");
  return id.length <= MAX_ID_CHARS ? id : `${id.slice(0, MAX_ID_CHARS - 15)}--0h${hashValue(id).slice(0, 11)}`;
};

export type OpenNodeRun = { readonly id: string; readonly path: NodePath };

/** All node runs in progress. */
export const listOpenNodeRuns = ({ roles }: RunState, prefix: NodePath = []): OpenNodeRun[] =>
  Object.entries(roles).flatMap(([role, { run, nodeRuns }]) =>
    nodeRuns.flatMap(({ state, call, item }): OpenNodeRun[] => {
      if (state !== "running") return [];
      const path = [...prefix, { role, run, item: item && item.index }];
      return call ? listOpenNodeRuns(call, path) : [{ id: toNodeRunId(path), path }];
    }),
  );

/** Skipped roles with the reason. A role of a called workflow has its path, `ship/review`. */
export const listSkippedRoles = ({ roles }: RunState, prefix = ""): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(roles).flatMap(([role, { state, reason, nodeRuns }]) => [
      ...(state === "skipped" ? [[`${prefix}${role}`, reason] as const] : []),
      ...nodeRuns.flatMap(({ call }) => (call ? Object.entries(listSkippedRoles(call, `${prefix}${role}/`)) : [])),
    ]),
  );
