import type { EventPayload } from "./webhook-event.ts";
import type { RequestActor } from "./forge-actor.ts";

/** Where an event's workflow files are read from: full ref and commit. `on`: the branch and commit that its runs are reported on, where these are others. */
export type EventSource = {
  readonly ref: string;
  readonly sha: string;
  readonly reportOn?: { readonly branch: string; readonly sha: string };
};
export type ForgeEvent = {
  readonly event: string;
  readonly payload: EventPayload;
  readonly actor: RequestActor;
  /** Where workflow files come from; the default branch where it is not given, asked for when it is their turn. */
  readonly place?: () => Promise<EventSource | null>;
  /** The pushed ref or the base of a pull request, for filters. */
  readonly ref?: string;
  readonly paths?: readonly string[] | null;
  /** The workflow that a workflow_run speaks of. */
  readonly workflow?: string;
  readonly title?: string;
  /** How many runs led to it, each by the end or the beginning of the one before. */
  readonly chain?: number;
};
