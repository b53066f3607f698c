import { openRepositoryLoop, type RepositoryPorts } from "./repository-loop.ts";
import type { Event } from "../core/domain/event.ts";
import type { Millis } from "../core/domain/ids.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

/** Each repository uses a single timer at a time. */
export type CoordinatorTimers = {
  readonly now: () => Millis;
  /** Calls back once, `delay` milliseconds from now; returns a function for cancelling. */
  readonly after: (delay: Millis, call: () => void) => () => void;
};

export type RepositoryCoordinator = {
  /** Receives events for a repository, by its full name; resolves when they are processed. Never rejects. */
  readonly receive: (repository: string, events: readonly Event[]) => Promise<void>;
  /** Lists a repository's comments without a webhook; resolves after processing the comments. Never rejects. */
  readonly sweep: (repository: string) => Promise<void>;
  readonly waitUntilIdle: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type CoordinatorOptions = {
  readonly connect: (repository: string) => Promise<RepositoryPorts>;
  readonly timers: CoordinatorTimers;
  readonly reportFault: (repository: string, error: unknown) => void;
  /** The time between two listings of comments, in case a webhook was lost. */
  readonly sweepIntervalMs: Millis;
  /** The time from a repository's first webhook to its first sweep; 20 seconds by default. */
  readonly firstSweepMs?: Millis;
};

/** Pause before a failed call is retried; doubles up to the limit. */
const FIRST_RETRY_PAUSE_MS = 1_000;
const MAX_RETRY_PAUSE_MS = 5 * MINUTE_MS;
const DEFAULT_FIRST_SWEEP_MS = 20_000;

/** The queue, running call and timer of a repository. */
type RepositoryLane = {
  open: boolean;
  waiting: Event[];
  running: Promise<void> | null;
  handle: ReturnType<typeof openRepositoryLoop> | null;
  cancelTimer: () => void;
  faults: number;
  /** When comments are next listed. */
  sweepAt: Millis;
};

const createLane = (sweepAt: Millis): RepositoryLane => ({
  open: true,
  waiting: [],
  running: null,
  handle: null,
  cancelTimer: () => undefined,
  faults: 0,
  sweepAt,
});

const closeLane = (lane: RepositoryLane): void => {
  lane.open = false;
  lane.cancelTimer();
};

/** Queues the events again after a fault, because a webhook may be their only source. Returns the pause before the retry. */
const requeueEvents = (lane: RepositoryLane, events: readonly Event[]): Millis => {
  lane.waiting = [...events, ...lane.waiting];
  lane.handle = null;
  lane.faults += 1;
  return Math.min(MAX_RETRY_PAUSE_MS, FIRST_RETRY_PAUSE_MS * 2 ** (lane.faults - 1));
};

/**
 * Opens a repository's lane: a single call at a time, woken by events and at the time from the last decision; waiting events are combined.
 */
const openLane = (repository: string, options: CoordinatorOptions) => {
  const { connect, timers, reportFault, sweepIntervalMs, firstSweepMs = DEFAULT_FIRST_SWEEP_MS } = options;
  const lane = createLane(timers.now() + firstSweepMs);
  const wakeLater = (delay: Millis): void => {
    lane.cancelTimer();
    if (lane.open) lane.cancelTimer = timers.after(Math.max(0, delay), () => void receive([{ kind: "woken" }]));
  };

  const handle = async (events: readonly Event[]): Promise<void> => {
    lane.handle ??= openRepositoryLoop(await connect(repository));
    const isDue = lane.sweepAt <= timers.now();
    const { wakeAt } = await lane.handle(events, isDue);
    if (isDue) lane.sweepAt = timers.now() + sweepIntervalMs;
    lane.faults = 0;
    wakeLater(Math.min(wakeAt ?? Infinity, lane.sweepAt) - timers.now());
  };

  const once = async (): Promise<void> => {
    const events = lane.waiting;
    lane.waiting = [];
    try {
      await handle(events);
    } catch (error) {
      wakeLater(requeueEvents(lane, events));
      throw error;
    }
  };

  const drain = async (): Promise<void> => {
    try {
      do await once();
      while (lane.open && lane.waiting.length > 0);
    } catch (error) {
      reportFault(repository, error);
    } finally {
      lane.running = null;
    }
  };

  const receive = (events: readonly Event[]): Promise<void> => {
    lane.waiting.push(...events);
    return (lane.running ??= drain());
  };

  return {
    receive,
    sweep: (): Promise<void> => {
      lane.sweepAt = timers.now();
      return receive([{ kind: "woken" }]);
    },
    running: (): Promise<void> | null => lane.running,
    close: (): void => closeLane(lane),
  };
};

/** Coordinates repositories concurrently, with a lane for each. */
export const openCoordinator = (coordinating: CoordinatorOptions): RepositoryCoordinator => {
  const lanes = new Map<string, ReturnType<typeof openLane>>();
  let open = true;
  const idle = async (): Promise<void> => {
    for (;;) {
      const running = [...lanes.values()].flatMap((lane) => lane.running() ?? []);
      if (running.length === 0) return;
      await Promise.all(running);
    }
  };
  const laneOf = (repository: string) => {
    const lane = lanes.get(repository) ?? openLane(repository, coordinating);
    lanes.set(repository, lane);
    return lane;
  };
  return {
    receive: (repository, events) => (open ? laneOf(repository).receive(events) : Promise.resolve()),
    sweep: (repository) => (open ? laneOf(repository).sweep() : Promise.resolve()),
    waitUntilIdle: idle,
    close: async () => {
      open = false;
      for (const lane of lanes.values()) lane.close();
      await idle();
    },
  };
};
