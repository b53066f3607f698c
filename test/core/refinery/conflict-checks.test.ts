import { UNKNOWN } from "../../../src/core/domain/known.ts";
import { describe, expect, test } from "vitest";
import type { Sha, TaskId } from "../../../src/core/domain/ids.ts";
import type { ChainLink } from "../../../src/core/domain/query.ts";
import { emptyQueue, isBeingVerified, type Queue, type QueueItem } from "../../../src/core/domain/queue.ts";
import { planQueue } from "../../../src/core/refinery/plan-queue.ts";
import type { QueueEntrant, RefineryState } from "../../../src/core/refinery/refinery-state.ts";
import { syncQueue } from "../../../src/core/refinery/sync-queue.ts";
import { type Random, random } from "./history.ts";
import { openYard } from "./yard.ts";

const task = (name: string): TaskId => `abcdef-${name}`;

type Waiting = { readonly name: string; readonly paths: readonly string[] };

/** Lists the steps checked again after a landing moved the base. `waiting`: conflicts on the earlier base; `gone`: steps that merge now. */
const checkAfterLanding = (waiting: readonly Waiting[], gone: readonly string[] = [], over: Partial<RefineryState> = {}) => {
  const items = waiting.map(({ name, paths }): QueueItem => ({
    task: task(name),
    head: name,
    state: "resolving",
    refusal: { code: "conflict", message: "", next: "" },
    strikes: 0,
    passedBefore: false,
    mergedAgainst: "earlier",
    conflictPaths: paths,
    failedCommit: null,
    log: "",
  }));
  const entrants = waiting.map(({ name }): QueueEntrant => ({ task: task(name), head: name, message: "", needs: [], refusal: null }));
  const checked: string[] = [];
  const queue = syncQueue({
    ...openYard().state(),
    queue: { ...emptyQueue, items, landedTip: "base" },
    entrants,
    mergeChain: ({ merges }) =>
      merges.map(({ head }): ChainLink => {
        checked.push(head);
        const paths = waiting.find(({ name }) => name === head)?.paths ?? [];
        return gone.includes(head) ? { kind: "merged", commit: head, tree: head } : { kind: "conflict", paths };
      }),
    ...over,
  });
  return { checked, states: queue.items.map(({ head, state }) => `${head} ${state}`) };
};

const LINE: readonly Waiting[] = [
  { name: "a", paths: ["hot"] },
  { name: "b", paths: ["hot"] },
  { name: "c", paths: ["other"] },
  { name: "d", paths: ["hot", "other"] },
];

describe("after a landing", () => {
  test("only the first conflict of each line is checked again", () => {
    expect(checkAfterLanding(LINE).checked).toEqual(["a", "c"]);
  });

  test("the next conflict in a line is checked if the first one is gone", () => {
    const { checked, states } = checkAfterLanding(LINE, ["a", "b", "c"]);
    expect(checked).toEqual(["a", "b", "c", "d"]);
    expect(states).toEqual(["a queued", "b queued", "c queued", "d resolving"]);
  });

  test("all conflicts are checked again by the rules of earlier versions, or if a person pushed", () => {
    expect(checkAfterLanding(LINE, [], { checksLineHeadsOnly: false }).checked).toEqual(["a", "b", "c", "d"]);
    expect(checkAfterLanding(LINE, [], { tip: "pushed" }).checked).toEqual(["a", "b", "c", "d"]);
  });

  test("a line whose first conflict is unknown waits", () => {
    const { checked, states } = checkAfterLanding(LINE, [], { mergeChain: () => UNKNOWN });
    expect(checked).toEqual([]);
    expect(states).toEqual(["a resolving", "b resolving", "c resolving", "d resolving"]);
  });
});

/** Steps that change up to three files. A head conflicts with every step in the same file, except the steps below it. */
class Files {
  private readonly rng: Random;
  private readonly changes: ReadonlyMap<TaskId, readonly string[]>;
  /** The steps below each head. */
  private readonly below = new Map<Sha, ReadonlySet<TaskId>>();
  entrants: QueueEntrant[];
  private version = 0;
  queue: Queue = emptyQueue;
  tip: Sha = "base";
  readonly landed = new Set<TaskId>();
  merges = 0;

  constructor(seed: number) {
    this.rng = random(seed);
    const tasks = Array.from({ length: 4 + Math.floor(this.rng() * 8) }, (_, at) => task(`s${at}`));
    this.changes = new Map(tasks.map((each) => [each, ["f", "g", "h"].filter(() => this.rng() < 0.5)]));
    this.entrants = tasks.map((each) => this.publish(each, new Set()));
  }

  private publish(of: TaskId, below: ReadonlySet<TaskId>): QueueEntrant {
    const head = `${of}.${(this.version += 1)}`;
    this.below.set(head, below);
    return { task: of, head, message: "", needs: [], refusal: null };
  }

  /** Returns the contents of a commit, as its name lists them. */
  private contents(commit: Sha): TaskId[] {
    return commit.split("+").slice(1) as TaskId[];
  }

  /** Returns the files in which a head conflicts with a commit. */
  conflicts(onto: Sha, head: Sha): string[] {
    const own = this.changes.get(head.slice(0, head.lastIndexOf(".")) as TaskId) ?? [];
    const foreign = this.contents(onto).filter((each) => !(this.below.get(head)?.has(each) ?? false));
    return own.filter((file) => foreign.some((each) => this.changes.get(each)?.includes(file)));
  }

  state(): RefineryState {
    return {
      ...openYard({ parallel: 4 }).state(),
      queue: this.queue,
      tip: this.tip,
      entrants: this.entrants,
      mergeChain: ({ onto, merges }) => {
        let at = onto;
        return merges.map((each): ChainLink => {
          this.merges += 1;
          const paths = this.conflicts(at, each.head);
          if (paths.length > 0) return { kind: "conflict", paths };
          at = `${at}+${each.task}`;
          return { kind: "merged", commit: at, tree: at };
        });
      },
    };
  }

  /** Plans until nothing changes. Checks that each conflict to resolve exists on the current base. */
  plan(): void {
    for (let before: Queue | null = null; before !== this.queue;) {
      before = this.queue;
      const { queue, effects } = planQueue(this.state());
      this.queue = queue;
      for (const effect of effects) {
        if (effect.kind === "land") {
          this.tip = effect.candidate.commit;
          for (const item of effect.candidate.items) this.landed.add(item.task);
          const needs = (each: QueueEntrant): TaskId[] => each.needs.filter((need) => !this.landed.has(need));
          this.entrants = this.entrants.filter((each) => !this.landed.has(each.task)).map((each) => ({ ...each, needs: needs(each) }));
        } else if (effect.kind === "resolve") {
          const item = queue.items.find((each) => each.task === effect.task);
          expect(item?.mergedAgainst).toBe(this.tip);
          expect(this.conflicts(this.tip, effect.head)).toEqual(item?.conflictPaths);
          this.replace(effect.task, (each) => ({ ...each, isBeingResolved: true }));
          this.onto.set(effect.task, {
            commit: effect.onto,
            ahead: effect.ahead.map((each) => each.task),
            paths: item?.conflictPaths ?? [],
          });
        }
      }
    }
  }

  private readonly onto = new Map<TaskId, { commit: Sha; ahead: readonly TaskId[]; paths: readonly string[] }>();

  private replace(of: TaskId, by: (entrant: QueueEntrant) => QueueEntrant): void {
    this.entrants = this.entrants.map((each) => (each.task === of ? by(each) : each));
  }

  /** Ends a resolution or a run. Returns false if neither is open. */
  goOn(): boolean {
    const resolving = this.entrants.filter(({ isBeingResolved }) => isBeingResolved === true);
    const running = this.queue.candidates.filter((each) => isBeingVerified(each));
    const next = Math.floor(this.rng() * (resolving.length + running.length));
    const entrant = resolving[next];
    const run = running[next - resolving.length];
    const made = entrant && this.onto.get(entrant.task);
    if (entrant && made) {
      const needs = made.ahead.filter((each) => !this.landed.has(each));
      const below = new Set(this.contents(made.commit));
      this.replace(entrant.task, () => ({ ...this.publish(entrant.task, below), needs, resolvedPaths: made.paths }));
    } else if (run) {
      const green = run.runs.map((each) => ({ ...each, verdict: "green" as const, deadline: null }));
      this.queue = { ...this.queue, candidates: this.queue.candidates.map((each) => (each === run ? { ...each, runs: green } : each)) };
    }
    return Boolean(entrant ?? run);
  }
}

test("resolves only conflicts that exist on the present base, and every step lands, in 100 random histories", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const files = new Files(seed);
    const steps = files.entrants.length;
    files.plan();
    for (let count = 0; files.goOn(); count += 1) {
      if (count > 20 * steps) throw new Error(`seed ${seed} does not end`);
      files.plan();
    }
    expect([seed, files.landed.size]).toEqual([seed, steps]);
  }
});
