import type { Event } from "../core/domain/event.ts";
import type { Millis } from "../core/domain/ids.ts";
import { openRepositoryLoop, type RepositoryPorts } from "./repository-loop.ts";

export type OnceOptions = {
  readonly events: readonly Event[];
  readonly sleep: (delay: Millis) => Promise<void>;
  /** The longest total time that the process may wait for near moments, in milliseconds. */
  readonly patienceMs: Millis;
};

/**
 * Coordinates a repository in a process that ends: handles events and unreported changes, waits for near moments, and returns the
 * time of the next run, or null for never. The ledger holds the whole state, so a later process derives the same time.
 */
export const coordinateOnce = async (ports: RepositoryPorts, { events, sleep, patienceMs }: OnceOptions): Promise<Millis | null> => {
  const handle = openRepositoryLoop(ports);
  const end = ports.now() + patienceMs;
  let { wakeAt } = await handle(events, true);
  while (wakeAt !== null && wakeAt <= end) {
    ports.log(`waits until ${new Date(wakeAt).toISOString()}`);
    await sleep(Math.max(MIN_PAUSE_MS, wakeAt - ports.now()));
    ({ wakeAt } = await handle([{ kind: "woken" }]));
  }
  return wakeAt;
};

/** The least pause between two decisions, in case a decision keeps naming a time that has come. */
const MIN_PAUSE_MS = 500;
