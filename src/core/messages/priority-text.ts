import type { Priority } from "../domain/priority.ts";
import { refuse, type Refusal } from "../domain/refusal.ts";
import { toInlineCode } from "./escape.ts";

const EFFECTS: Readonly<Record<Priority, string>> = {
  high: "starts and lands before work of normal priority. Runs in progress are not stopped for it.",
  normal: "starts and lands in its turn.",
  low: "starts and lands after work of normal priority.",
};

export const describePriority = (name: string, priority: Priority): string => `${toInlineCode(name)} ${EFFECTS[priority]}`;

export const refuseEnded = (name: string, state: string): Refusal =>
  refuse("already-over", `\`${name}\` is ${state}, so it has no priority.`, "/enki status").refusal;
