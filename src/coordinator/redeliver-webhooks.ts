import { chooseRedeliveries, type HookDelivery } from "../core/events/choose-redeliveries.ts";
import type { Millis } from "../core/domain/ids.ts";
import type { GitHubFailure } from "../github/github-ports.ts";
import type { HookDeliveryPort } from "../github/hook-deliveries.ts";
import type { CoordinatorTimers } from "./repository-coordinator.ts";
import { DAY_MS, MINUTE_MS } from "../core/domain/durations.ts";

export type RedeliveryHost = {
  readonly hook: HookDeliveryPort;
  readonly timers: CoordinatorTimers;
  readonly intervalMs: Millis;
  readonly log: (line: string) => void;
};
export type WebhookRedelivery = { readonly close: () => Promise<void> };

/** GitHub keeps deliveries for three days. */
const RETENTION_MS = 3 * DAY_MS;
/** Each page has a hundred deliveries. Repository sweeps make up for deliveries on later pages. */
const MAX_PAGES = 30;
const MAX_REQUESTS_PER_RUN = 100;
/** GitHub's clock and order may differ a little from ours. */
const OVERLAP_MS = 15 * MINUTE_MS;
/** Requests for other parts of the App in an hour. */
const RESERVED_REQUESTS = 500;

type RedeliveryState = {
  isOpen: boolean;
  /** Earlier deliveries need no look. */
  since: Millis;
  readonly requested: Map<string, { readonly count: number; readonly at: Millis }>;
};

/** Reads deliveries since a time, newest first, within the limits of a run. */
const listSince = async ({ hook }: RedeliveryHost, state: RedeliveryState): Promise<readonly HookDelivery[] | GitHubFailure> => {
  const found: HookDelivery[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES && state.isOpen; page += 1) {
    const read = await hook.list(cursor);
    if (!read.ok) return read.failure;
    const { deliveries, next, remaining } = read.value;
    found.push(...deliveries.filter(({ at }) => at >= state.since));
    if (next === null || deliveries.some(({ at }) => at < state.since) || (remaining ?? Infinity) < RESERVED_REQUESTS) break;
    cursor = next;
  }
  return found;
};

/** Requests the chosen deliveries again. An error about a single delivery, for example an old one, does not end the run. */
const requestAll = async (
  { hook, timers }: RedeliveryHost,
  state: RedeliveryState,
  chosen: readonly HookDelivery[],
): Promise<GitHubFailure | null> => {
  for (const { id, guid } of chosen) {
    if (!state.isOpen) return null;
    state.requested.set(guid, { count: (state.requested.get(guid)?.count ?? 0) + 1, at: timers.now() });
    const reply = await hook.redeliver(id);
    if (!reply.ok && reply.failure.kind === "later") return reply.failure;
  }
  return null;
};

/** Performs a run; returns why GitHub stopped the run, if GitHub did. */
const redeliverOnce = async (host: RedeliveryHost, state: RedeliveryState): Promise<GitHubFailure | null> => {
  const began = host.timers.now();
  for (const [guid, { at }] of state.requested) if (at < began - RETENTION_MS) state.requested.delete(guid);
  const listed = await listSince(host, state);
  if ("kind" in listed) return listed;
  const missed = chooseRedeliveries(listed, state.requested, began);
  const chosen = missed.slice(0, MAX_REQUESTS_PER_RUN);
  if (chosen.length > 0) host.log(`webhooks: asks GitHub to repeat ${chosen.length} of ${missed.length} failed deliveries`);
  const failure = await requestAll(host, state, chosen);
  if (failure === null && chosen.length === missed.length) state.since = began - OVERLAP_MS;
  return failure;
};

/** Asks GitHub to repeat failed webhooks, now and on a schedule. GitHub does not repeat them automatically. */
export const openWebhookRedelivery = (host: RedeliveryHost): WebhookRedelivery => {
  const { timers, intervalMs, log } = host;
  const state: RedeliveryState = { isOpen: true, since: timers.now() - RETENTION_MS, requested: new Map() };
  let cancel = (): void => undefined;
  let running: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    const failure = await redeliverOnce(host, state);
    if (failure) log(`webhooks: failed deliveries cannot be repeated now: ${failure.reason}`);
    const wait = failure?.kind === "later" ? Math.max(intervalMs, failure.retryAt - timers.now()) : intervalMs;
    if (state.isOpen) cancel = timers.after(wait, start);
  };
  const start = (): void => {
    running = run();
  };
  start();
  return {
    close: () => {
      state.isOpen = false;
      cancel();
      return running;
    },
  };
};
