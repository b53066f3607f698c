import type { Commit, Head } from "./commits.ts";
import { noSteps, union } from "./steps.ts";
import type { Trace } from "./trace.ts";

/** The state of each step, and the resulting queue. */
export type Board = {
  readonly queue: readonly Head[];
  readonly landed: () => number;
  readonly head: (step: number) => Head;
  /** Returns the steps whose work can start now, each once. */
  readonly startable: () => readonly number[];
  readonly start: (step: number, tip: Commit) => void;
  /** Adds the head of a step after its work or fix. */
  readonly ready: (step: number, time: number) => void;
  /** Removes a head from the queue, with its dependents until the next head. */
  readonly leave: (head: Head, next: Omit<Head, "id">) => void;
  /** Replaces a head by its version before the last resolution, at the end of the queue. */
  readonly undo: (head: Head) => void;
  readonly land: (head: Head, time: number) => void;
  readonly times: readonly { readonly ready: number; readonly landed: number }[];
};

type Place = { stage: "waiting" | "working" | "away" | "ready" | "queued" | "landed"; head: Head; ready: number; landed: number };

export const board = ({ scene, bad, needs }: Trace): Board => {
  let heads = 0;
  let landed = 0;
  const queue: Head[] = [];
  const none = noSteps(scene.steps);
  const places = bad.map((isBad, step): Place => {
    const head = { id: (heads += 1), step, version: 0, bad: isBad, textual: none, semantic: none };
    return { stage: "waiting", head, ready: -1, landed: -1 };
  });
  const place = (step: number): Place => {
    const found = places[step];
    if (!found) throw new Error(`There is no step ${step}.`);
    return found;
  };
  const isMet = (step: number, stages: readonly Place["stage"][]): boolean =>
    needs[step]?.every((need) => stages.includes(place(need).stage)) ?? true;
  /** Dependents have higher numbers, so one pass finds all of them. */
  const enter = (): void => {
    for (const [step, each] of places.entries()) {
      if (each.stage !== "ready" || !isMet(step, ["queued", "landed"])) continue;
      each.stage = "queued";
      queue.push(each.head);
    }
  };
  const remove = (head: Head): void => void queue.splice(queue.indexOf(head), 1);
  /** A new head is built on the current base, so it does not conflict with landed steps. */
  const see = (head: Head, tip: Commit): Head => ({
    ...head,
    textual: union(head.textual, tip.steps),
    semantic: union(head.semantic, tip.steps),
  });
  const began: readonly Place["stage"][] = scene.start === "ready" ? ["away", "ready", "queued", "landed"] : ["landed"];
  return {
    queue,
    times: places,
    landed: () => landed,
    head: (step) => place(step).head,
    startable: () => [...places.keys()].filter((step) => place(step).stage === "waiting" && isMet(step, began)),
    start: (step, tip) => {
      const each = place(step);
      each.stage = "working";
      each.head = see(each.head, tip);
    },
    ready: (step, time) => {
      const each = place(step);
      if (each.ready < 0) each.ready = time;
      each.stage = "ready";
      enter();
    },
    leave: (head, next) => {
      const each = place(head.step);
      remove(head);
      each.stage = "away";
      each.head = { ...next, id: (heads += 1), version: head.version + 1 };
      for (const [step, other] of places.entries()) {
        if (other.stage !== "queued" || isMet(step, ["queued", "landed"])) continue;
        remove(other.head);
        other.stage = "ready";
      }
    },
    undo: (head) => {
      const { unresolved = head.textual, ahead: _, resolved: __, suspected: ___, ...rest } = head;
      remove(head);
      const each = place(head.step);
      each.head = { ...rest, textual: unresolved, id: (heads += 1), version: head.version + 1 };
      queue.push(each.head);
    },
    land: (head, time) => {
      const each = place(head.step);
      if (each.head !== head || each.stage !== "queued") throw new Error(`Step ${head.step} landed with a head that is not in the queue.`);
      if (!isMet(head.step, ["landed"])) throw new Error(`Step ${head.step} landed before what it needs.`);
      remove(head);
      each.stage = "landed";
      each.landed = time;
      landed += 1;
    },
  };
};
