import type { Execution } from "../domain/execution.ts";
import { findOpenConflict, isAwaitingQuota } from "../domain/step.ts";
import type { Millis } from "../domain/ids.ts";
import { toInlineCode } from "./escape.ts";

/** A moment to the minute: `2026-11-29 15:00 UTC`. */
export const formatMinute = (at: Millis): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** Whether the planner waits for the quota of its model. */
export const isPlannerAwaitingQuota = ({ planning, state }: Execution): boolean =>
  state === "planning" && planning.quota !== undefined && planning.quota.until === planning.notBefore;

/** Until when work of an execution waits for the quota of its model; null without such work. */
export const findQuotaEnd = ({ planning, state, steps }: Execution): Millis | null => {
  const planner = state === "planning" && planning.quota?.until === planning.notBefore ? [planning.quota.until] : [];
  const all = Object.values(steps).flatMap((step) => {
    const conflict = findOpenConflict(step);
    if (conflict?.quota && conflict.deadline === null) return [conflict.quota.until];
    return isAwaitingQuota(step) && step.quota ? [step.quota.until] : [];
  });
  const ends = [...planner, ...all];
  return ends.length === 0 ? null : Math.max(...ends);
};

/** Why nothing of an execution starts for now; empty if nothing waits. */
export const renderQuotaNote = ({ id }: Execution, until: Millis | null | undefined): string =>
  until === null || until === undefined
    ? ""
    : `> [!NOTE]\n> **Waits for the quota of its model until ${formatMinute(until)}.** Then Enki continues by itself, and nothing is lost. With another key, ${toInlineCode(`/enki retry ${id}`)} continues now.`;

/** The same note for a terminal. `command` continues immediately with another key. */
export const formatQuotaLine = (until: Millis, command: string): string =>
  `Waits for the quota of its model until ${formatMinute(until)}, then continues by itself. With another key: ${command}`;

/** How a run continues that its own terminal follows. */
export const RESUME_WITH_KEY = "Ctrl+C, then enki run --resume";
