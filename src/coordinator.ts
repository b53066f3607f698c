import { openHandle, type World } from "./handle.ts";
import type { Event } from "./model/event.ts";
import type { Millis } from "./model/ids.ts";

/** One timer at a time for each repository. */
export type Timers = {
  readonly now: () => Millis;
  /** Calls back once, `delay` milliseconds from now; gives what takes it back. */
  readonly after: (delay: Millis, call: () => void) => () => void;
};

export type Coordinator = {
  /** Takes events in for a repository, by its full name; resolves when they are settled. Never rejects. */
  readonly receive: (repository: string, events: readonly Event[]) => Promise<void>;
  /** Lists the comments of a repository that no webhook told of; resolves when they are settled. Never rejects. */
  readonly sweep: (repository: string) => Promise<void>;
  /** Resolves when no repository is being decided on. */
  readonly idle: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Coordinating = {
  readonly connect: (repository: string) => Promise<World>;
  readonly timers: Timers;
  readonly fault: (repository: string, error: unknown) => void;
  /** How often comments are listed, in case that a webhook was lost. */
  readonly sweepEvery: Millis;
  /** The time from the first webhook of a repository to its first sweep, in milliseconds; 20 seconds unless set. */
  readonly firstSweep?: Millis;
};

/** A call that threw is tried again after this time, doubled up to the limit. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5 * 60_000;
/** The time from the first webhook of a repository to its first sweep where nothing else is said, in milliseconds. */
const FIRST_SWEEP_MS = 20_000;

/** What a lane holds: events that wait for the next call, the call that runs, and the timer that was asked for. */
type Lane = {
  open: boolean;
  waiting: Event[];
  running: Promise<void> | null;
  handle: ReturnType<typeof openHandle> | null;
  cancelTimer: () => void;
  faults: number;
  /** When comments are listed next. */
  sweepAt: Millis;
};

const newLane = (sweepAt: Millis): Lane => ({
  open: true,
  waiting: [],
  running: null,
  handle: null,
  cancelTimer: () => undefined,
  faults: 0,
  sweepAt,
});

const closeLane = (lane: Lane): void => {
  lane.open = false;
  lane.cancelTimer();
};

/** After a fault: a sweep finds these events again, but where nobody sweeps the webhook is all there is, so they stay. Gives the pause before the next try. */
const putBack = (lane: Lane, events: readonly Event[]): Millis => {
  lane.waiting = [...events, ...lane.waiting];
  lane.handle = null;
  lane.faults += 1;
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (lane.faults - 1));
};

/** The loop of one repository: one call at a time, woken by events and by the time that the last decision asked for; deliveries coalesce. */
const openLane = (repository: string, { connect, timers, fault, sweepEvery, firstSweep = FIRST_SWEEP_MS }: Coordinating) => {
  const lane = newLane(timers.now() + firstSweep);
  const wakeLater = (delay: Millis): void => {
    lane.cancelTimer();
    if (lane.open) lane.cancelTimer = timers.after(Math.max(0, delay), () => void receive([{ kind: "woken" }]));
  };

  const handle = async (events: readonly Event[]): Promise<void> => {
    lane.handle ??= openHandle(await connect(repository));
    const isDue = lane.sweepAt <= timers.now();
    const { wakeAt } = await lane.handle(events, isDue);
    if (isDue) lane.sweepAt = timers.now() + sweepEvery;
    lane.faults = 0;
    wakeLater(Math.min(wakeAt ?? Infinity, lane.sweepAt) - timers.now());
  };

  const once = async (): Promise<void> => {
    const events = lane.waiting;
    lane.waiting = [];
    try {
      await handle(events);
    } catch (error) {
      wakeLater(putBack(lane, events));
      throw error;
    }
  };

  const drain = async (): Promise<void> => {
    try {
      do await once();
      while (lane.open && lane.waiting.length > 0);
    } catch (error) {
      fault(repository, error);
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
export const openCoordinator = (coordinating: Coordinating): Coordinator => {
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
    idle,
    close: async () => {
      open = false;
      for (const lane of lanes.values()) lane.close();
      await idle();
    },
  };
};
