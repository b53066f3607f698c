import { beginUnit } from "./begin.ts";
import { type Draft, repeat, type Run, runOf, toDraft, toState } from "./draft.ts";
import { isTakenOver } from "./next.ts";
import { NO_OUTPUT, OPEN, type OpenUnit, PENDING, type RoleRun, type RunState, type Unit, unitId, type UnitPath } from "./run-state.ts";
import type { WorkflowRole } from "./workflow.ts";

export type Resumed = {
  readonly state: RunState;
  /** What is worked on again, and why it failed. */
  readonly units: readonly (OpenUnit & { readonly error: string })[];
  /** False where nothing failed that could go on. */
  readonly changed: boolean;
};

type Resuming = { readonly draft: Draft; readonly only: UnitPath; readonly again: Set<string>; readonly units: Resumed["units"][number][] };

/**
 * A run that goes on from what failed: that is worked on again, and what was skipped because of it waits again; what succeeded stays, also items of a list
 * and roles within calls. Loops keep their round; one whose condition did not hold after its last round gets that round once more.
 * With `only` the way to one unit: nothing else that failed is touched. What a failure edge took over stays as it is.
 */
export const resumeRun = (run: Run, only: UnitPath = []): Resumed => {
  const resuming: Resuming = { draft: toDraft(run), only, again: new Set(), units: [] };
  const { draft, again, units } = resuming;
  for (const role of run.workflow.roles) {
    if (isWanted(resuming, role)) resumeRole(resuming, role);
    else if (runOf(draft, role.name).state === "skipped" && waitsFor(resuming, role.name)) wait(resuming, role.name);
  }
  run.workflow.edges.forEach(({ from }, index) => {
    if (again.has(from)) draft.edges[index] = OPEN;
  });
  run.workflow.loops.forEach(({ from }, index) => {
    if (again.has(from)) draft.loops[index] = { round: draft.loops[index]?.round ?? 1, over: false };
  });
  return { state: toState(draft), units, changed: again.size > 0 };
};

const isWanted = ({ draft, only }: Resuming, { name }: WorkflowRole): boolean => {
  const { state, units } = runOf(draft, name);
  const [first] = only;
  if (first) return first.role === name && units.some((unit) => isChosen(unit, only)) && !isTakenOver(draft, name);
  return state === "failed" && !isTakenOver(draft, name);
};

/** A unit that failed, or a call in which something did. */
const isChosen = ({ state, item, call }: Unit, [first]: UnitPath): boolean =>
  (state === "failed" || (first !== undefined && call !== null)) && (first === undefined || first.item === (item && item.index));

const waitsFor = ({ draft, again }: Resuming, name: string): boolean =>
  (draft.incoming.get(name) ?? []).some((index) => again.has(draft.workflow.edges[index]?.from ?? ""));

/** It waits as at the start, and keeps what it gave in a round before. */
const wait = ({ draft, again }: Resuming, name: string): void => {
  const { run, before } = runOf(draft, name);
  draft.roles.set(name, { ...PENDING, run, before });
  again.add(name);
};

const resumeRole = (resuming: Resuming, role: WorkflowRole): void => {
  const { draft, only, again } = resuming;
  const run = runOf(draft, role.name);
  if (!run.units.some((unit) => isChosen(unit, only))) return resumeWhole(resuming, role.name);
  let changed = false;
  const units = run.units.map((unit) => {
    const next = isChosen(unit, only) ? resumeUnit(resuming, { role, run, unit }) : unit;
    if (next !== unit) changed = true;
    return next;
  });
  if (!changed) return;
  draft.roles.set(role.name, { ...run, units, state: "running", why: "" });
  again.add(role.name);
};

/** A role that could not begin begins; one that ended a loop without its condition has the loop's last round again. */
const resumeWhole = (resuming: Resuming, name: string): void => {
  const { draft, again } = resuming;
  const index = draft.workflow.loops.findIndex(({ from }, at) => from === name && draft.loops[at]?.over);
  const loop = draft.workflow.loops[index];
  if (!loop || runOf(draft, name).units.length === 0) return wait(resuming, name);
  const round = draft.loops[index]?.round ?? 1;
  repeat(draft, index);
  draft.loops[index] = { round, over: false };
  for (const each of loop.body) again.add(each);
};

type Failed = { readonly role: WorkflowRole; readonly run: RoleRun; readonly unit: Unit };

const resumeUnit = ({ draft, only, units }: Resuming, { role, run, unit }: Failed): Unit => {
  const path = [...draft.within, { role: role.name, run: run.run, item: unit.item && unit.item.index }];
  if (role.work.kind !== "call") {
    units.push({ id: unitId(path), path, error: unit.error });
    return { ...unit, state: "running", output: NO_OUTPUT, error: "" };
  }
  const called = draft.workflows.get(role.work.workflow);
  if (!unit.call || !called) return beginUnit(draft, role, unit.item);
  const inner = resumeRun({ workflow: called, state: unit.call, workflows: draft.workflows, within: path }, only.slice(1));
  units.push(...inner.units);
  return inner.changed ? { ...unit, state: "running", output: NO_OUTPUT, error: "", call: inner.state } : unit;
};
