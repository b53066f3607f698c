import type { ExecutionTimeline, StateSpan } from "../domain/execution-timeline.ts";
import { type ExecutionState, hasEnded } from "../domain/execution.ts";
import type { Millis, StepId } from "../domain/ids.ts";
import { isTerminalState, type StepState } from "../domain/step.ts";

/** A period from the first activity to an end; a person's retry starts the next one. `count`: from 1. */
export type StateLife = { readonly count: number; readonly from: Millis };

type LifeRules<State> = { readonly isEnd: (state: State) => boolean; readonly isIdle: (state: State) => boolean };

const listLives = <State extends string>(spans: readonly StateSpan<State>[], { isEnd, isIdle }: LifeRules<State>): StateLife[] => {
  const lives: StateLife[] = [];
  let isOpen = false;
  for (const { state, from } of spans) {
    if (isEnd(state)) isOpen = false;
    else if (!isOpen && !isIdle(state)) {
      isOpen = true;
      lives.push({ count: lives.length + 1, from });
    }
  }
  return lives;
};

export const listExecutionLives = ({ states }: ExecutionTimeline): StateLife[] =>
  listLives<ExecutionState>(states, { isEnd: (state) => hasEnded({ state }), isIdle: () => false });

/** A step that waits for its needs has not begun. */
export const listStepLives = ({ steps }: ExecutionTimeline, id: StepId): StateLife[] =>
  listLives<StepState>(steps[id] ?? [], { isEnd: isTerminalState, isIdle: (state) => state === "pending" });

const FIRST_LIFE: StateLife = { count: 1, from: 0 };

/** The life at a time; the first if the history does not reach back so far. */
export const findLifeAt = (lives: readonly StateLife[], at: Millis): StateLife =>
  lives.findLast(({ from }) => from <= at) ?? lives[0] ?? FIRST_LIFE;
