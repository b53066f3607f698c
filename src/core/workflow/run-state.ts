import { hashValue } from "../domain/ids.ts";
import type { OutcomeKind } from "../domain/outcome.ts";
import type { Json } from "./json.ts";
import type { Workflow } from "./workflow.ts";

/** What a role gave. */
export type RoleOutput = {
  /** Its answer, whole: its report where it left one. */
  readonly text: string;
  /** What it put into its output block; absent where it has none. */
  readonly block?: string;
  /** What it said that its work came to; absent where it said nothing of that. */
  readonly status?: OutcomeKind;
  readonly fields: Readonly<Record<string, Json>>;
};

export const NO_OUTPUT: RoleOutput = { text: "", fields: {} };

/** One piece of a role's work: all of it, or for `foreach` one item of it. */
export type Unit = {
  readonly state: "running" | "done" | "failed";
  /** The item that it is for, and its index from 0; null without `foreach`. */
  readonly item: { readonly index: number; readonly value: Json } | null;
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
  readonly why: string;
  readonly units: readonly Unit[];
  /** What it gave in the round before, for those that read it before it has run again. */
  readonly before: Before | null;
};

export type Before = { readonly output: RoleOutput; readonly failed: boolean; readonly why: string };

/** `why` says of a dead edge what killed it. */
export type EdgeRun = { readonly state: "open" | "fired" | "dead"; readonly why: string };
export type LoopRun = { readonly round: number; readonly over: boolean };

/** How far a workflow has come. A plain value: with the workflow it gives the same continuation every time. Edges and loops stand as in the workflow. */
export type RunState = {
  readonly args: string;
  readonly roles: Readonly<Record<string, RoleRun>>;
  readonly edges: readonly EdgeRun[];
  readonly loops: readonly LoopRun[];
};

export const PENDING: RoleRun = { state: "pending", run: 0, why: "", units: [], before: null };
export const OPEN: EdgeRun = { state: "open", why: "" };
export const FIRST_ROUND: LoopRun = { round: 1, over: false };

export const startRun = ({ roles, edges, loops }: Workflow, args: string): RunState => ({
  args,
  roles: Object.fromEntries(roles.map(({ name }) => [name, PENDING])),
  edges: edges.map(() => OPEN),
  loops: loops.map(() => FIRST_ROUND),
});

/** One step of the way to a unit: the role, its run, and for `foreach` the item's index from 0. Through calls there are several. */
export type UnitStep = { readonly role: string; readonly run: number; readonly item: number | null };
export type UnitPath = readonly UnitStep[];

const LONGEST_ID = 63;

/**
 * The name of a unit, which is a step's id: `coder`, `coder--2r` in its second run, `worker--3i` for the third item, `ship--review` within a call.
 * What begins with a digit is no role's name, and no role's name holds `--`: so no two units have one name. A long one ends with its hash.
 */
export const unitId = (path: UnitPath): string => {
  const id = path.map(({ role, run, item }) => role + (item === null ? "" : `--${item + 1}i`) + (run > 1 ? `--${run}r` : "")).join("--");
  return id.length <= LONGEST_ID ? id : `${id.slice(0, LONGEST_ID - 15)}--0h${hashValue(id).slice(0, 11)}`;
};

export type OpenUnit = { readonly id: string; readonly path: UnitPath };

/** What is being worked on: each unit that was handed out and has no result yet. */
export const openUnits = ({ roles }: RunState, within: UnitPath = []): OpenUnit[] =>
  Object.entries(roles).flatMap(([role, { run, units }]) =>
    units.flatMap(({ state, call, item }): OpenUnit[] => {
      if (state !== "running") return [];
      const path = [...within, { role, run, item: item && item.index }];
      return call ? openUnits(call, path) : [{ id: unitId(path), path }];
    }),
  );

/** Roles that are skipped as things stand, and why; of called workflows with the way to them. */
export const skippedRoles = ({ roles }: RunState, within = ""): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(roles).flatMap(([role, { state, why, units }]) => [
      ...(state === "skipped" ? [[`${within}${role}`, why] as const] : []),
      ...units.flatMap(({ call }) => (call ? Object.entries(skippedRoles(call, `${within}${role}/`)) : [])),
    ]),
  );
