import type { FaultCount } from "./chance.ts";
import { PEOPLE_ACTS } from "./people.ts";

const CALLS = ["load", "sweep", "query", "save", "effect"] as const;

/** Kinds of fault that must happen in a run of many histories. */
const FAULT_KINDS: readonly string[] = [
  ...CALLS.flatMap((call) => [`crash: before ${call}`, `crash: after ${call}`]),
  ...["api", "git"].flatMap((kind) => [
    `crash: before ${kind} request`,
    `crash: after ${kind} request`,
    `${kind}: lost request`,
    `${kind}: refused without effect`,
    `${kind}: time-out after the effect`,
    `${kind}: 5xx after the effect`,
  ]),
  "api: stale answer",
  "api: cut answer",
  "zombie: a process sleeps and wakes with what it knew",
  "webhook: lost",
  "webhook: late",
  "webhook: overtaken by a later one",
  "webhook: doubled",
  "webhook: forged",
  "job: fails",
  "job: its agent crashes",
  "job: its machine is lost",
  "job: asks a person",
  "job: changes nothing",
  "job: no quota",
  "job: its work is bad",
  "job: published twice",
  "job: never ends",
  "job: late",
  "verify: a flake",
  "work: changes a shared file",
  ...PEOPLE_ACTS,
];

/** Adds the counts of one history to the counts of a run. */
export const addCounts = (sum: Map<string, FaultCount>, counts: ReadonlyMap<string, FaultCount>): void => {
  for (const [kind, { asked, happened }] of counts) {
    const known = sum.get(kind) ?? { asked: 0, happened: 0 };
    sum.set(kind, { asked: known.asked + asked, happened: known.happened + happened });
  }
};

/** Lists the kinds that never happened. */
export const findMissingKinds = (counts: ReadonlyMap<string, FaultCount>): string[] =>
  FAULT_KINDS.filter((kind) => (counts.get(kind)?.happened ?? 0) === 0);

/** Renders a table with the count of each kind, and its share of the opportunities and of all faults. */
export const describeCounts = (counts: ReadonlyMap<string, FaultCount>): string => {
  const total = [...counts.values()].reduce((sum, { happened }) => sum + happened, 0);
  const percent = (part: number, whole: number): string => `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(1)} %`.padStart(8);
  const rows = FAULT_KINDS.map((kind) => {
    const { asked, happened } = counts.get(kind) ?? { asked: 0, happened: 0 };
    return `${kind.padEnd(54)} ${String(happened).padStart(7)} ${percent(happened, asked)} ${percent(happened, total)}`;
  });
  return [`${"fault".padEnd(54)}   times of calls   of all`, ...rows].join("\n");
};
