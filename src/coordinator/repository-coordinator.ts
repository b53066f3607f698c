import { openRepositoryLoop, type RepositoryPorts } from "./repository-loop.ts";
import type { Event } from "../core/domain/event.ts";
import type { Millis } from "../core/domain/ids.ts";

/** One timer at a time for each repository. */
export type CoordinatorTimers = {
  readonly now: () => Millis;
  /** Calls back once, `delay` milliseconds from now; gives what takes it back. */
  readonly after: (delay: Millis, call: () => void) => () => void;
};

export type RepositoryCoordinator = {
  /** Takes events in for a repository, by its full name; resolves when they are settled. Never rejects. */
  readonly receive: (repository: string, events: readonly Event[]) => Promise<void>;
  /** Lists the comments of a repository that no webhook told of; resolves when they are settled. Never rejects. */
  readonly sweep: (repository: string) => Promise<void>;
  /** Resolves when no repository is being decided on. */
  readonly waitUntilIdle: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type CoordinatorOptions = {
  readonly connect: (repository: string) => Promise<RepositoryPorts>;
  readonly timers: CoordinatorTimers;
  readonly reportFault: (repository: string, error: unknown) => void;
  /** How often comments are listed, in case that a webhook was lost. */
  readonly sweepIntervalMs: Millis;
  /** The time from the first webhook of a repository to its first sweep, in milliseconds; 20 seconds unless set. */
  readonly firstSweepMs?: Millis;
};

/** A call that threw is tried again after this time, doubled up to the limit. */
const FIRST_RETRY_PAUSE_MS = 1_000;
const MAX_RETRY_PAUSE_MS = 5 * 60_000;
/** The time from the first webhook of a repository to its first sweep where nothing else is said, in milliseconds. */
const DEFAULT_FIRST_SWEEP_MS = 20_000;

/** What a lane holds: events that wait for the next call, the call that runs, and the timer that was asked for. */
type RepositoryLane = {
  open: boolean;
  waiting: Event[];
  running: Promise<void> | null;
  handle: ReturnType<typeof openRepositoryLoop> | null;
  cancelTimer: () => void;
  faults: number;
  /** When comments are listed next. */
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

/** After a fault: a sweep finds these events again, but where nobody sweeps the webhook is all there is, so they stay. Gives the pause before the next try. */
const requeueEvents = (lane: RepositoryLane, events: readonly Event[]): Millis => {
  lane.waiting = [...events, ...lane.waiting];
  lane.handle = null;
  lane.faults += 1;
  return Math.min(MAX_RETRY_PAUSE_MS, FIRST_RETRY_PAUSE_MS * 2 ** (lane.faults - 1));
};

/** The loop of one repository: one call at a time, woken by events and by the time that the last decision asked for; deliveries coalesce. */
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

/** One lane per repository. */
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
