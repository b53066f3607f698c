import type { Millis } from "../domain/ids.ts";
import { MINUTE_MS } from "../domain/durations.ts";

/** An attempt of GitHub to deliver a webhook. Attempts for the same event share a GUID. */
export type HookDelivery = { readonly id: number; readonly guid: string; readonly at: Millis; readonly isDelivered: boolean };
/** Earlier requests for redelivery, by GUID. */
export type RequestedRedeliveries = ReadonlyMap<string, { readonly count: number; readonly at: Millis }>;

/** After so many failures, an event is left to the sweep. */
export const MAX_REDELIVERIES = 3;
/** GitHub lists a redelivery only after its end. */
const PENDING_MS = 10 * MINUTE_MS;

/** Attempts to repeat, oldest event first: the last attempt of each event without a success. */
export const chooseRedeliveries = (
  deliveries: readonly HookDelivery[],
  requested: RequestedRedeliveries,
  now: Millis,
): readonly HookDelivery[] => {
  const events = new Map<string, HookDelivery[]>();
  for (const each of deliveries.toSorted((a, b) => a.at - b.at || a.id - b.id))
    events.set(each.guid, [...(events.get(each.guid) ?? []), each]);
  return [...events].flatMap(([guid, attempts]) => {
    const earlier = requested.get(guid) ?? { count: 0, at: -Infinity };
    const repeated = Math.max(earlier.count, attempts.length - 1);
    const isLeft = attempts.some(({ isDelivered }) => isDelivered) || repeated >= MAX_REDELIVERIES || now - earlier.at < PENDING_MS;
    return isLeft ? [] : attempts.slice(-1);
  });
};
