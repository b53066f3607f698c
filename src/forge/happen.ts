import type { Actor, Forge, Repository } from "./state.ts";
import { deliver, type Payload } from "./webhooks.ts";

/** Where an event's workflow files are read from: full ref and commit. `on`: the branch and commit that its runs are reported on, where these are others. */
export type Place = { readonly ref: string; readonly sha: string; readonly on?: { readonly branch: string; readonly sha: string } };

export type Event = {
  readonly event: string;
  readonly payload: Payload;
  readonly actor: Actor;
  /** Where workflow files come from; the default branch where it is not given, asked for when it is their turn. */
  readonly place?: () => Promise<Place | null>;
  /** The pushed ref or the base of a pull request, for filters. */
  readonly ref?: string;
  readonly paths?: readonly string[] | null;
  /** The workflow that a workflow_run speaks of. */
  readonly workflow?: string;
  readonly title?: string;
  /** How many runs led to it, each by the end or the beginning of the one before. */
  readonly chain?: number;
};

/** What a merge queue may wait for. */
const TELLING: ReadonlySet<string> = new Set([
  "check_run",
  "status",
  "workflow_job",
  "workflow_run",
  "push",
  "pull_request",
  "pull_request_review",
]);

/** Something happened: Apps are told, and workflows that listen to it start, in the order of the events. */
export const happen = (forge: Forge, repository: Repository, event: Event): void => {
  deliver(forge, repository, { event: event.event, payload: event.payload, by: event.actor.account });
  forge.trigger(forge, repository, event);
  if (TELLING.has(event.event)) forge.advance(forge, repository);
};
