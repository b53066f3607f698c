import type { RepositoryPorts } from "../../src/coordinator/repository-loop.ts";
import { type Effect, rankEffect } from "../../src/core/domain/effect.ts";
import { readTaskId } from "../../src/core/domain/ids.ts";

/** A place in a story where a coordinator may die: a save or an effect, counted by kind from 1, either before or after its completion. */
export type Point = { readonly kind: "save" | "effect"; readonly number: number; readonly side: "before" | "after"; readonly name: string };

export const pointText = ({ kind, number, side, name }: Point): string => `${side} ${kind} ${number}: ${name}`;

/** A dead coordinator throws this error on every call. */
class Dead extends Error {}

/** Passed points and deaths of the coordinators of a story, whether sequential or parallel. */
export type Fate = {
  readonly points: Point[];
  /** Asked at each point in order: whether the coordinator dies here. */
  readonly dies: (point: Point, coordinator: number) => boolean;
  readonly died: (point: Point, coordinator: number) => void;
};

type Life = { dead: boolean };

/** Names an effect the same way in each telling of a story: without ids of executions, commits and comments. */
const effectName = (effect: Effect): string => {
  if (effect.kind === "start-job") return `start-job ${effect.inputs.kind} ${effect.inputs.step || "plan"}/${effect.inputs.attempt}`;
  if (effect.kind === "open-pull") return `open-pull ${readTaskId(effect.task)?.step ?? ""}`;
  if (effect.kind === "write-comment") return `say ${effect.comment === null ? "first" : "again"}`;
  return effect.kind === "react" ? `react ${effect.reaction}` : effect.kind;
};

const saveName = (notes: readonly string[]): string =>
  notes.length === 0 ? "(what became of effects)" : notes.map((note) => note.replaceAll(/\b[0-9a-f]{8,40}\b-?/g, "").trim()).join("; ");

/** Orders effects like `perform`, and drops duplicates. */
const inOrder = (effects: readonly Effect[]): Effect[] =>
  [...new Map(effects.map((effect) => [effect.key, effect])).values()].sort((a, b) => rankEffect(a.kind) - rankEffect(b.kind));

/** Wraps the ports of a process that can die: after its death no port reads, saves or performs anything. */
export const mortal = (fate: Fate, coordinator: number) => {
  const life: Life = { dead: false };
  const alive = (): void => {
    if (life.dead) throw new Dead("this coordinator is dead");
  };
  const pass = (of: Omit<Point, "number">): void => {
    alive();
    const numbers = fate.points.filter(({ kind, side }) => kind === of.kind && side === of.side).length;
    const point = { ...of, number: numbers + 1 };
    fate.points.push(point);
    if (!fate.dies(point, coordinator)) return;
    life.dead = true;
    fate.died(point, coordinator);
    alive();
  };
  const living =
    <A extends readonly unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      alive();
      const done = await act(...args);
      alive();
      return done;
    };
  return (world: RepositoryPorts): RepositoryPorts => ({
    ...world,
    load: living(world.load),
    sweep: living(world.sweep),
    answerQueries: living(world.answerQueries),
    save: async (act, before, inputs) => {
      const name = saveName(act.notes);
      pass({ kind: "save", side: "before", name });
      const saved = await world.save(act, before, inputs);
      if (saved.kind === "saved") pass({ kind: "save", side: "after", name });
      return saved;
    },
    performEffects: async (effects, again, decidedAt) => {
      const events = [];
      for (const effect of inOrder(effects)) {
        const name = effectName(effect);
        pass({ kind: "effect", side: "before", name });
        events.push(...(await world.performEffects([effect], again, decidedAt)));
        pass({ kind: "effect", side: "after", name });
      }
      return events;
    },
  });
};
