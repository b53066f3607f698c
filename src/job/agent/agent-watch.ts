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
};

/** The longest time that an agent may keep trying to reach its model, in milliseconds. Agents themselves would try for many minutes. */
const RETRY_PATIENCE_MS = 30_000;
/** A refused key may be a token that the agent renews once. */
const MAX_AUTH_NOTICES = 2;

/** Stops a session at its time limit, without events for too long, or when its model remains out of reach. */
export const openAgentWatch = ({ timeoutMs, idleMs, after, onStop }: AgentWatchOptions) => {
  let cancelIdle = (): void => undefined;
  let cancelPatience: (() => void) | null = null;
  let authNotices = 0;
  let isOver = false;
  let lastCause: StopCause | null = null;
  const stop = (cause: StopCause): void => {
    if (isOver) return;
    isOver = true;
    onStop(cause);
  };
  const startIdle = (): void => {
    cancelIdle = after(idleMs, () => stop({ failure: { code: "idle" }, detail: "" }));
  };
  const cancelDeadline = after(timeoutMs, () => stop({ failure: { code: "timed-out" }, detail: "" }));
  startIdle();
  return {
    /** The agent made progress. */
    touch: (): void => {
      if (isOver) return;
      cancelIdle();
      startIdle();
      cancelPatience?.();
      cancelPatience = null;
      lastCause = null;
      authNotices = 0;
    },
    /** The agent could not reach its model and tries again. */
    retry: (detail: string): void => {
      if (isOver) return;
      const failure = classifyFailure(detail) ?? { code: "overloaded" };
      if (failure.code === "auth") authNotices += 1;
      if (authNotices >= MAX_AUTH_NOTICES) stop({ failure, detail });
      // The first cause counts, unless a later one says when the quota is renewed.
      const cause: StopCause = lastCause === null || failure.resets !== undefined ? { failure, detail } : lastCause;
      lastCause = cause;
      cancelPatience ??= after(RETRY_PATIENCE_MS, () => stop(lastCause ?? cause));
    },
    /** Ends the session now. */
    stop,
    close: (): void => {
      isOver = true;
      cancelIdle();
      cancelPatience?.();
      cancelDeadline();
    },
  };
};
