import { findRequiredPermission } from "../commands/find-command.ts";
import type { ReactionTarget } from "../domain/effect.ts";
import type { Event } from "../domain/event.ts";
import { includesPermission, type RepositoryPermission } from "../domain/github-facts.ts";
import type { Login } from "../domain/ids.ts";
import { findReactionTarget } from "../domain/reaction-target.ts";

type CommandedEvent = Extract<Event, { kind: "commanded" }>;

/** A reaction that the coordinator will also request, if the author has the permission `needed` for each command of the text. */
type EarlyReaction = { readonly on: ReactionTarget; readonly needed: RepositoryPermission };

/**
 * Whether a job must run for an event: the permission of `author` may decide. `reaction`: null for texts that the coordinator may answer
 * in another way, or not at all.
 */
export type WakeVerdict =
  | { readonly kind: "ignored" }
  | { readonly kind: "wanted" }
  | {
      readonly kind: "depends";
      readonly author: Login;
      readonly needed: RepositoryPermission;
      readonly reaction: EarlyReaction | null;
    };

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
  const most = needed.reduce((most, each) => (includesPermission(most, each) ? most : each));
  return { kind: "depends", author: commanded.by, needed: least, reaction: findEarlyReaction(commanded, most) };
};

/** A reply that only quotes may concern no plan; an edited text is refused. */
const findEarlyReaction = (commanded: CommandedEvent, needed: RepositoryPermission): EarlyReaction | null => {
  const isClear = commanded.requests.every((request) => request.ok && !(request.command.kind === "revise" && request.command.quotes));
  const on = isClear && !commanded.edited ? findReactionTarget(commanded) : null;
  return on && { on, needed };
};
