import type { BranchName, Sha, TaskId } from "../../../src/core/domain/ids.ts";
import type { Ledger, Turn } from "./coordinator.ts";
import { INVARIANTS, type InvariantId } from "./invariants.ts";
import type { Job, World } from "./world.ts";

/** Observations from outside. The checks rely on them, not on the queue's own records. */
export type Evidence = {
  readonly greenCommits: Set<Sha>;
  readonly greenTrees: Set<Sha>;
  /** Number of red runs of each commit. */
  readonly reds: Map<Sha, number>;
  /** Base tips set by the coordinator. */
  readonly ours: Set<Sha>;
  /** First parents removed by a rewind, until a person lets the queue continue. */
  readonly removed: Map<BranchName, Set<Sha>>;
  /** Bases that lost landed work or their last seen tip, until a person lets the queue continue. */
  readonly rewound: Set<BranchName>;
  /** Landings that any rewind removed. */
  readonly lost: Set<Sha>;
  readonly overtaken: Map<TaskId, number>;
  starts: number;
  /** Number of reasons for more runs: new heads, moves of a base, red runs, faults, and changes to the work that may land. */
  causes: number;
};

/** Observes every event in a world, and keeps the first violation of each invariant. */
export type Watch = ReturnType<typeof openWatch>;

export const openWatch = (only?: ReadonlySet<InvariantId>) => {
  const seen: Evidence = {
    greenCommits: new Set(),
    greenTrees: new Set(),
    reds: new Map(),
    ours: new Set(),
    removed: new Map(),
    rewound: new Set(),
    lost: new Set(),
    overtaken: new Map(),
    starts: 0,
    causes: 0,
  };
  const violations = new Map<InvariantId, string>();
  const say = (id: InvariantId, text: string | null | undefined): void => {
    if (text && !violations.has(id)) violations.set(id, text);
  };
  const table = INVARIANTS.filter(({ id }) => only === undefined || only.has(id));
  const planners = table.filter(({ planned }) => planned);
  const savers = table.filter(({ saved }) => saved);
  return {
    seen,
    violations,
    say,
    planned: (world: World, turn: Turn): void => {
      for (const { id, planned } of planners) say(id, planned?.(world, turn, seen));
    },
    saved: (world: World, turn: Turn, before: Ledger): void => {
      for (const { id, saved } of savers) say(id, saved?.({ world, turn, before, seen }));
      for (const { to } of turn.moves) seen.ours.add(to);
      seen.causes += turn.moves.length;
    },
    settled: (world: World): void => {
      for (const { id, settled } of table) say(id, settled?.(world, seen));
    },
    started: (): void => {
      seen.starts += 1;
    },
    ended: (world: World, { commit, end }: Job): void => {
      if (end === "success") {
        seen.greenCommits.add(commit);
        seen.greenTrees.add(world.graph.at(commit).tree);
      } else {
        seen.causes += 1;
        if (end === "failed") seen.reds.set(commit, (seen.reds.get(commit) ?? 0) + 1);
      }
    },
    rewound: (world: World, base: BranchName, from: Sha): void => {
      const left = new Set(world.graph.line(world.bases[base] ?? ""));
      const gone = world.graph.line(from).filter((each) => !left.has(each));
      const { landedTip = null, seenTip = null } = world.ledger.queues[base] ?? {};
      seen.removed.set(base, new Set([...(seen.removed.get(base) ?? []), ...gone]));
      for (const each of gone) if (seen.ours.has(each)) seen.lost.add(each);
      for (const { landed } of world.ledger.steps.values()) if (landed !== null && gone.includes(landed)) seen.lost.add(landed);
      if ([landedTip, seenTip].some((each) => each !== null && gone.includes(each))) seen.rewound.add(base);
    },
    thawed: (base: BranchName): void => {
      seen.removed.delete(base);
      seen.rewound.delete(base);
    },
    happened: (): void => {
      seen.causes += 1;
    },
    threw: (error: unknown): void => say("L1", `the plan throws: ${error instanceof Error ? error.stack?.slice(0, 600) : String(error)}`),
  };
};
