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

/** The waiting events, running call and timer of a repository. */
type RepositoryCalls = {
  open: boolean;
  waiting: Event[];
  running: Promise<void> | null;
  handle: ReturnType<typeof openRepositoryLoop> | null;
  cancelTimer: () => void;
  faults: number;
  /** When comments are next listed. */
  sweepAt: Millis;
};

const createCalls = (sweepAt: Millis): RepositoryCalls => ({
  open: true,
  waiting: [],
  running: null,
  handle: null,
  cancelTimer: () => undefined,
  faults: 0,
  sweepAt,
});

const closeCalls = (calls: RepositoryCalls): void => {
  calls.open = false;
  calls.cancelTimer();
};

/** Queues the events again after a fault, because a webhook may be their only source. Returns the pause before the retry. */
const requeueEvents = (calls: RepositoryCalls, events: readonly Event[]): Millis => {
  calls.waiting = [...events, ...calls.waiting];
  calls.handle = null;
  calls.faults += 1;
  return Math.min(MAX_RETRY_PAUSE_MS, FIRST_RETRY_PAUSE_MS * 2 ** (calls.faults - 1));
};

/**
 * Opens the calls of a repository: one at a time, woken by events and at the time from the last decision. Waiting events are combined.
 */
const openCalls = (repository: string, options: CoordinatorOptions) => {
  const { connect, timers, reportFault, sweepIntervalMs, firstSweepMs = DEFAULT_FIRST_SWEEP_MS } = options;
  const calls = createCalls(timers.now() + firstSweepMs);
  const wakeLater = (delay: Millis): void => {
    calls.cancelTimer();
    if (calls.open) calls.cancelTimer = timers.after(Math.max(0, delay), () => void receive([{ kind: "woken" }]));
  };

  const handle = async (events: readonly Event[]): Promise<void> => {
    calls.handle ??= openRepositoryLoop(await connect(repository));
    const isDue = calls.sweepAt <= timers.now();
    const { wakeAt } = await calls.handle(events, isDue);
    if (isDue) calls.sweepAt = timers.now() + sweepIntervalMs;
    calls.faults = 0;
    wakeLater(Math.min(wakeAt ?? Infinity, calls.sweepAt) - timers.now());
  };

  const once = async (): Promise<void> => {
    const events = calls.waiting;
    calls.waiting = [];
    try {
      await handle(events);
    } catch (error) {
      wakeLater(requeueEvents(calls, events));
      throw error;
    }
  };

  const drain = async (): Promise<void> => {
    try {
      do await once();
      while (calls.open && calls.waiting.length > 0);
    } catch (error) {
      reportFault(repository, error);
    } finally {
      calls.running = null;
    }
  };

  const receive = (events: readonly Event[]): Promise<void> => {
    calls.waiting.push(...events);
    return (calls.running ??= drain());
  };

  return {
    receive,
    sweep: (): Promise<void> => {
      calls.sweepAt = timers.now();
      return receive([{ kind: "woken" }]);
    },
    running: (): Promise<void> | null => calls.running,
    close: (): void => closeCalls(calls),
  };
};

/** Coordinates repositories concurrently, each with calls of its own. */
export const openCoordinator = (coordinating: CoordinatorOptions): RepositoryCoordinator => {
  const repositories = new Map<string, ReturnType<typeof openCalls>>();
  let open = true;
  const idle = async (): Promise<void> => {
    for (;;) {
      const running = [...repositories.values()].flatMap((calls) => calls.running() ?? []);
      if (running.length === 0) return;
      await Promise.all(running);
    }
  };
  const callsOf = (repository: string) => {
    const calls = repositories.get(repository) ?? openCalls(repository, coordinating);
    repositories.set(repository, calls);
    return calls;
  };
  return {
    receive: (repository, events) => (open ? callsOf(repository).receive(events) : Promise.resolve()),
    sweep: (repository) => (open ? callsOf(repository).sweep() : Promise.resolve()),
    waitUntilIdle: idle,
    close: async () => {
      open = false;
      for (const calls of repositories.values()) calls.close();
      await idle();
    },
  };
};
