import { findRequiredPermission } from "../commands/find-command.ts";
import type { Event } from "../domain/event.ts";
import { includesPermission, type RepositoryPermission } from "../domain/github-facts.ts";
import type { Login } from "../domain/ids.ts";

/** Whether a job must run for an event: the permission of `author` may decide. */
export type WakeVerdict =
  | { readonly kind: "ignored" }
  | { readonly kind: "wanted" }
  | { readonly kind: "depends"; readonly author: Login; readonly needed: RepositoryPermission };

/**
 * Judges the events of one webhook before a job runs for them. A remark without a command waits for the next job,
 * which lists remarks.
 */
export const judgeWake = (events: readonly Event[]): WakeVerdict => {
  if (events.some((event) => event.kind === "woken")) return { kind: "wanted" };
  const commanded = events.find((event) => event.kind === "commanded");
  if (!commanded) return { kind: "ignored" };
  const needed = commanded.requests.map((request) => (request.ok ? findRequiredPermission(request.command.kind) : "write"));
  const least = needed.reduce((least, each) => (includesPermission(least, each) ? each : least));
  return { kind: "depends", author: commanded.by, needed: least };
};
