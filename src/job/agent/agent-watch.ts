import type { AgentFailure } from "../../core/domain/agent-failure.ts";
import type { TimerStarter } from "../../storage/git/run-git.ts";
import { classifyFailure } from "./classify-failure.ts";

/** Why a session is stopped before it ends. */
export type StopCause = { readonly failure: AgentFailure; readonly detail: string };

export type AgentWatchOptions = {
  readonly timeoutMs: number;
  readonly idleMs: number;
  readonly after: TimerStarter;
  readonly onStop: (cause: StopCause) => void;
  /** The time limit passed while the watch rested. */
  readonly onLate?: () => void;
};

/** The longest time that an agent may keep trying to reach its model, in milliseconds. Agents themselves would try for many minutes. */
const RETRY_PATIENCE_MS = 30_000;
/** A refused key may be a token that the agent renews once. */
const MAX_AUTH_NOTICES = 2;

/** Stops a session whose agent tries to reach its model for too long. */
const openPatience = (after: TimerStarter, stop: (cause: StopCause) => void) => {
  let cancel: (() => void) | null = null;
  let authNotices = 0;
  let lastCause: StopCause | null = null;
  return {
    retry: (detail: string): void => {
      const failure = classifyFailure(detail) ?? { code: "overloaded" };
      if (failure.code === "auth") authNotices += 1;
      if (authNotices >= MAX_AUTH_NOTICES) stop({ failure, detail });
      // The first cause counts, unless a later one says when the quota is renewed.
      const cause: StopCause = lastCause === null || failure.resets !== undefined ? { failure, detail } : lastCause;
      lastCause = cause;
      cancel ??= after(RETRY_PATIENCE_MS, () => stop(lastCause ?? cause));
    },
    renew: (): void => {
      cancel?.();
      cancel = null;
      lastCause = null;
      authNotices = 0;
    },
  };
};

/** Stops a session at its time limit, without events for too long, or when its model remains out of reach. */
export const openAgentWatch = ({ timeoutMs, idleMs, after, onStop, onLate }: AgentWatchOptions) => {
  let cancelIdle = (): void => undefined;
  let isOver = false;
  let isResting = false;
  let isLate = false;
  const stop = (cause: StopCause): void => {
    if (isOver) return;
    isOver = true;
    onStop(cause);
  };
  const patience = openPatience(after, stop);
  const startIdle = (): void => {
    cancelIdle = after(idleMs, () => stop({ failure: { code: "idle" }, detail: "" }));
  };
  const cancelDeadline = after(timeoutMs, () => {
    isLate = true;
    if (isResting) onLate?.();
    else stop({ failure: { code: "timed-out" }, detail: "" });
  });
  startIdle();
  return {
    /** The agent made progress. */
    touch: (): void => {
      if (isOver || isResting) return;
      cancelIdle();
      startIdle();
      patience.renew();
    },
    /** The agent waits for Enki, so only its time limit runs on. */
    rest: (): void => {
      isResting = true;
      cancelIdle();
      patience.renew();
    },
    /** The agent may work again. Returns false if it has no time left. */
    wake: (): boolean => {
      isResting = false;
      if (isOver || isLate) return false;
      startIdle();
      return true;
    },
    /** The agent could not reach its model and tries again. */
    retry: (detail: string): void => {
      if (!isOver && !isResting) patience.retry(detail);
    },
    /** Ends the session now. */
    stop,
    close: (): void => {
      isOver = true;
      cancelIdle();
      patience.renew();
      cancelDeadline();
    },
  };
};
