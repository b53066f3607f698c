import { applyVerdict } from "../../../src/core/decisions/apply/verify-result.ts";
import type { Sha, TaskId } from "../../../src/core/domain/ids.ts";
import { isGreen, type Queue } from "../../../src/core/domain/queue.ts";
import { toCandidateRef, readCandidateRef } from "../../../src/core/domain/refs.ts";
import { planQueue } from "../../../src/core/refinery/plan-queue.ts";
import type { RefineryPlan } from "../../../src/core/refinery/refinery-state.ts";
import { type Ledger, jobOf, takeTurn, TIMEOUT, type Turn } from "./coordinator.ts";
import type { Evidence } from "./watch.ts";
import type { World } from "./world.ts";

/** The invariants that are visible in memory. I6 and I16 belong to git and to the API. */
export type InvariantId = `I${1 | 2 | 3 | 4 | 5 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 17 | 18}` | `L${1 | 2 | 3 | 4 | 5 | 6}`;

type Saved = { readonly world: World; readonly turn: Turn; readonly before: Ledger; readonly seen: Evidence };

/** Each check returns the violation, or nothing. */
type Invariant = {
  readonly id: InvariantId;
  readonly says: string;
  /** Runs after each plan, saved or not. */
  readonly planned?: (world: World, turn: Turn, seen: Evidence) => string | null | undefined;
  /** Runs after each write of the ledger. */
  readonly saved?: (saved: Saved) => string | null | undefined;
  /** Runs when no more events happen. */
  readonly settled?: (world: World, seen: Evidence) => string | null | undefined;
};

type Landing = Extract<RefineryPlan["effects"][number], { kind: "land" }>["candidate"];

const first = <T>(from: Iterable<T>, wrong: (each: T, at: number) => string | null | undefined): string | null => {
  let at = 0;
  for (const each of from) {
    const text = wrong(each, at);
    if (text) return text;
    at += 1;
  }
  return null;
};

const landings = ({ plans }: Turn): { readonly base: string; readonly landing: Landing }[] =>
  plans.flatMap(({ base, plan: { effects } }) =>
    effects.flatMap((effect) => (effect.kind === "land" ? [{ base, landing: effect.candidate }] : [])),
  );

const landedItems = (turn: Turn): Landing["items"][number][] => landings(turn).flatMap(({ landing }) => [...landing.items]);

const isKnownGreen = ({ history, graph }: World, seen: Evidence, commit: Sha): boolean =>
  seen.greenCommits.has(commit) || (history.setting.reuse && seen.greenTrees.has(graph.at(commit).tree));

/** Counts the red runs of commits that contain a head. */
const redsOf = ({ graph }: World, { reds }: Evidence, head: Sha): number => {
  let count = 0;
  for (const [commit, times] of reds) if (graph.contains(head, commit)) count += times;
  return count;
};

/** Whether a step or a step that it needs was part of a red run. */
const hasReds = (world: World, seen: Evidence, task: TaskId): boolean => {
  const step = world.ledger.steps.get(task);
  return Boolean(step) && (redsOf(world, seen, step?.head ?? "") > 0 || (step?.needs ?? []).some((need) => hasReds(world, seen, need)));
};

/** Counts the red runs of a head as the only addition to a green or landed commit. */
const blameOf = (world: World, seen: Evidence, head: Sha): number => {
  let count = 0;
  for (const [commit, times] of seen.reds) {
    const [context, merged] = world.graph.at(commit).parents;
    if (merged === head && context !== undefined && isKnownGreen(world, seen, context)) count += times;
  }
  return count;
};

const text = (value: unknown): string => JSON.stringify(value);

/** Returns a plan as text, without functions. */
const told = ({ queue, refs, effects }: RefineryPlan): string => text([queue, refs, effects]);

/** Whether a step, or a step that it needs, waits for a person. */
const isWaiting = (world: World, task: TaskId): boolean => {
  const step = world.ledger.steps.get(task);
  if (!step || step.state === "landed") return false;
  return step.state !== "published" || world.held.has(task) || step.needs.some((need) => isWaiting(world, need));
};

/** Whether a step is good by itself and with all others in any order, and has only good heads below it. */
const isSurelyGood = (world: World, task: TaskId): boolean => {
  const { steps, textual, semantic, setting, happenings } = world.history;
  const at = world.authors.findIndex((each) => each.task === task);
  const plot = steps[at];
  const alone = [...textual, ...semantic].every((pair) => !pair.includes(at));
  const clashing = happenings.some(({ what, luck }) => what.endsWith("-base") && luck > 0.85);
  return (
    Boolean(plot) &&
    plot?.bad === 0 &&
    alone &&
    setting.flaky === 0 &&
    !clashing &&
    (plot?.needs ?? []).every((need) => isSurelyGood(world, world.authors[need]?.task ?? task))
  );
};

const NOWHERE: Sha = "0".repeat(40);

/** Number of later steps that may land before a step for no reason of its own. */
const PATIENCE = 3;

export const INVARIANTS: readonly Invariant[] = [
  {
    id: "I1",
    says: "every new base commit was verified exactly as it is, and is good",
    saved: ({ world, turn, seen }) =>
      first(turn.moves, ({ to }) => {
        if (!isKnownGreen(world, seen, to)) return `${to} landed, and no run of it was green`;
        return world.goodCommit(to) ? null : `${to} landed, and is red`;
      }),
  },
  {
    id: "I2",
    says: "a base only grows from the value that was read; a commit that a person removed does not return",
    saved: ({ world, turn, seen }) =>
      first(turn.moves, ({ base, from, to }) => {
        const line = world.graph.line(to);
        const at = line.indexOf(from);
        if (at < 1) return `${base} went from ${from} to ${to}, which is not on top of it`;
        if (turn.read.bases[base] !== from) return `${base} was planned on ${from} and is ${turn.read.bases[base]}`;
        if (seen.rewound.has(base)) return `${base} was rewound and grows before a person says so`;
        return first(line.slice(0, at), (each) => (seen.removed.get(base)?.has(each) ? `${each} comes back to ${base}` : null));
      }),
  },
  {
    id: "I3",
    says: "a step lands with or after everything that it needs",
    saved: ({ world, turn }) =>
      first(landings(turn), ({ base, landing }) =>
        first(landing.items, ({ task }) =>
          first(world.ledger.steps.get(task)?.needs ?? [], (need) => {
            const needed = world.ledger.steps.get(need);
            if (needed?.landed === null || needed?.landed === undefined) return `${task} landed on ${base} without ${need}`;
            return world.graph.contains(needed.head, landing.commit) ? null : `${task} landed and ${need} is not below it`;
          }),
        ),
      ),
  },
  {
    id: "I4",
    says: "a step lands once, and every landed step is recorded as landed",
    saved: ({ turn, before }) =>
      first(landedItems(turn), ({ task }) => {
        if (before.steps.get(task)?.landed) return `${task} lands again`;
        return landedItems(turn).filter((each) => each.task === task).length === 1 ? null : `${task} lands twice at once`;
      }),
    settled: (world, { lost }) =>
      first(world.ledger.steps.values(), ({ task, base, state, landed }) => {
        if (state !== "landed") return null;
        const there = landed !== null && world.graph.line(world.bases[base] ?? "").includes(landed);
        return there || (landed !== null && lost.has(landed)) ? null : `${task} is recorded as landed and is not in ${base}`;
      }),
  },
  {
    id: "I5",
    says: "a step lands with the head that was verified and that is still its head",
    saved: ({ world, turn }) =>
      first(landedItems(turn), ({ task, head, merge }) => {
        if (world.heads.get(task) !== head) return `${task} landed at ${head}, its head is ${world.heads.get(task)}`;
        return world.graph.at(merge).parents[1] === head ? null : `${merge} does not merge ${head}`;
      }),
  },
  {
    id: "I7",
    says: "a step is ejected after more red runs than are tolerated, each on a green context",
    saved: ({ world, turn, seen }) =>
      first(turn.plans, ({ state, plan: { effects } }) =>
        first(effects, (effect) => {
          if (effect.kind !== "eject") return null;
          const count = blameOf(world, seen, effect.head);
          return count > state.retries
            ? null
            : `${effect.task} was ejected after ${count} red runs on green ground, ${state.retries} are forgiven`;
        }),
      ),
  },
  {
    id: "I8",
    says: "a run without a verdict never counts against a step",
    saved: ({ world, seen }) => {
      const total = [...seen.reds.values()].reduce((sum, times) => sum + times, 0);
      return first(Object.values(world.ledger.queues), ({ items, failedGroups, strikesSinceGreen }) => {
        if (strikesSinceGreen > total) return `${strikesSinceGreen} red runs are counted, ${total} were seen`;
        return first(items, ({ task, head, strikes }) => {
          const isSuspect = failedGroups.some((group) => group.includes(task));
          if (strikes === 0 && !isSuspect) return null;
          const count = redsOf(world, seen, head);
          if (strikes > count) return `${task} has ${strikes} strikes and was in ${count} red runs`;
          return isSuspect && count === 0 ? `${task} is suspected and was in no red run` : null;
        });
      });
    },
  },
  {
    id: "I9",
    says: "an unexpected verdict changes nothing; a candidate holds current heads only",
    planned: (_, { read, plans }) =>
      first(Object.values(read.ledger.queues), (queue) =>
        first(read.results, ({ commit, attempt, end }) => {
          const open = queue.candidates.some(
            (each) => each.commit === commit && each.runs.some((run) => run.attempt === attempt && run.verdict === null),
          );
          if (open) return null;
          const next = applyVerdict({ now: read.now, timeoutMs: 0, attemptsOf: () => 0 }, queue, {
            job: { target: commit, attempt },
            result: { end, reason: "", output: "" },
          });
          return next === queue || text(next) === text(queue) ? null : `${end} of ${jobOf(commit, attempt)} changed the queue`;
        }),
      ) ??
      first(plans, ({ state, plan: { queue, effects } }) => {
        const heads = new Map(state.entrants.map(({ task, head }) => [task, head]));
        const landed = effects.flatMap((effect) => (effect.kind === "land" ? [effect.candidate] : []));
        return first([...queue.candidates, ...landed], ({ commit, items }) =>
          first(items, ({ task, head }) =>
            heads.get(task) === head ? null : `${commit} holds ${task} at ${head}, not at ${heads.get(task)}`,
          ),
        );
      }),
  },
  {
    id: "I10",
    says: "a landed step stays landed",
    planned: (_, { read, plans }) =>
      first(plans, ({ plan: { effects } }) =>
        first(effects, (effect) => {
          const named = effect.kind === "land" ? effect.candidate.items.map(({ task }) => task) : "task" in effect ? [effect.task] : [];
          return first(named, (task) => (read.ledger.steps.get(task)?.landed ? `${effect.kind} of ${task}, which landed` : null));
        }),
      ),
    saved: ({ world, before }) =>
      first(before.steps.values(), ({ task, landed }) =>
        landed === null || world.ledger.steps.get(task)?.landed === landed ? null : `${task} is not landed any more`,
      ),
  },
  {
    id: "I11",
    says: "a commit counts as green only after a green run",
    saved: ({ world, seen }) =>
      first(Object.values(world.ledger.queues), ({ candidates, greenCommits, verifiedTrees }) => {
        const vacuous = candidates.find((each) => isGreen(each) && !isKnownGreen(world, seen, each.commit));
        if (vacuous) return `${vacuous.commit} counts as green`;
        const ground = greenCommits.find((each) => !isKnownGreen(world, seen, each));
        if (ground) return `${ground} is remembered as green`;
        const tree = verifiedTrees.find((each) => !seen.greenTrees.has(each));
        return tree ? `${tree} is remembered as green` : null;
      }),
  },
  {
    id: "I12",
    says: "each save replaces exactly the state that its plan was made from",
    saved: ({ turn, before }) => (turn.read.ledger === before ? null : "a plan was saved over another one"),
  },
  {
    id: "I13",
    says: "planning again without news requests nothing more; no run is started twice",
    saved: ({ world, turn }) =>
      first(turn.starts, ({ commit, attempt }) => {
        const waits = world.results.some((each) => each.commit === commit && each.attempt === attempt);
        const { end = null, stopped = false } = world.jobs.get(jobOf(commit, attempt)) ?? {};
        return (end === null && !stopped) || waits ? null : `${jobOf(commit, attempt)} is wanted, and was run before`;
      }),
    settled: (world) => {
      const again = takeTurn(world.snapshot());
      return again && (again.urgent || again.starts.length > 0) ? `at rest it starts ${text(again.starts)}` : null;
    },
  },
  {
    id: "I14",
    says: "each landed commit is the merge of its parents, one step after the other on the base",
    saved: ({ world, turn }) =>
      first(turn.moves, ({ base, from, to }) => {
        const { graph } = world;
        const landing = landings(turn).find((each) => each.base === base)?.landing;
        const line = graph.line(to);
        const merges = line.slice(0, line.indexOf(from)).reverse();
        if (text(merges) !== text(landing?.items.map(({ merge }) => merge))) return `${to} brings ${text(merges)}`;
        const holds = (landing?.items ?? []).reduce((all, { head }) => all | graph.at(head).holds, graph.at(from).holds);
        return graph.at(to).holds === holds ? null : `${to} holds something else than its parents`;
      }),
  },
  {
    id: "I15",
    says: "a held or closed step does not land, and nothing lands on a frozen base",
    saved: ({ turn, before }) =>
      first(landings(turn), ({ base, landing }) => {
        if (before.queues[base]?.frozen && turn.ledger.queues[base]?.frozen) return `${base} is frozen`;
        return first(landing.items, ({ task }) => {
          if (turn.read.held.has(task)) return `${task} is held`;
          return before.steps.get(task)?.state === "published" ? null : `${task} is ${before.steps.get(task)?.state}`;
        });
      }),
  },
  {
    id: "I17",
    says: "the same state results in the same plan, also after the queue was written and read",
    // The check costs three plans, so it skips most plans.
    planned: ({ now, version }, { plans }) =>
      (version + now / 60_000) % 4 >= 1
        ? null
        : first(plans, ({ state, plan: was }) => {
            const before = text(state.queue);
            const same = told(planQueue(state));
            if (same !== told(was)) return `once ${told(was)}, then ${same}`;
            if (before !== text(state.queue)) return "the plan changed the queue that it was given";
            const read = told(planQueue({ ...state, queue: JSON.parse(before) }));
            return read === same ? null : `after reading ${read}, before ${same}`;
          }),
  },
  {
    id: "I18",
    says: "two bases do not affect each other",
    planned: (_, { ledger, plans, stops }) =>
      first(plans, ({ base, plan: { queue, effects } }) => {
        const foreign = (task: TaskId): boolean => ledger.steps.get(task)?.base !== base;
        const item = queue.items.find(({ task }) => foreign(task));
        if (item) return `${item.task} is in the queue of ${base}`;
        const ref = toCandidateRef(base, NOWHERE);
        if (readCandidateRef(ref)?.base !== base) return `candidates of ${base} are kept as ${ref}`;
        return first(effects, (effect) =>
          "task" in effect && foreign(effect.task) ? `${base} says ${effect.kind} of ${effect.task}` : null,
        );
      }) ??
      first(stops, ({ base, commit, attempt }) =>
        first(Object.entries(ledger.queues), ([other, { candidates }]) => {
          const waits = candidates.some(
            (each) => each.commit === commit && each.runs.some((run) => run.attempt === attempt && run.verdict === null),
          );
          return other !== base && waits ? `${base} stops ${jobOf(commit, attempt)}, for which ${other} waits` : null;
        }),
      ),
  },
  {
    id: "L1",
    says: "every good step lands, and every step ends in a documented state",
    settled: (world) =>
      first(world.ledger.steps.values(), ({ task, base, state, refusal }) => {
        if (state === "landed") return null;
        if (state === "failed" && refusal === null) return `${task} failed, and nothing says why`;
        if (state === "failed")
          return isSurelyGood(world, task) && world.authors.find((each) => each.task === task)?.version === 0
            ? `${task} is good and failed: ${refusal?.code}`
            : null;
        if (isWaiting(world, task)) return null;
        return `${task} does not land; ${text(world.ledger.queues[base])}`;
      }),
  },
  {
    id: "L2",
    says: "the number of runs and plans is bounded by the events, and concurrent runs by the slots",
    planned: (_, { plans }) =>
      first(plans, ({ base, state, plan: { queue } }) => {
        const open = (of: Queue): number =>
          of.candidates.reduce((sum, { runs }) => sum + runs.filter(({ verdict }) => verdict === null).length, 0);
        return open(queue) <= Math.max(state.parallel, open(state.queue))
          ? null
          : `${open(queue)} runs on ${base}, in ${state.parallel} slots`;
      }),
    settled: (world, seen) => {
      const heads = world.ledger.steps.size;
      const most = 4 + 2 * heads + Math.min(heads, 4) * seen.causes;
      return seen.starts <= most ? null : `${seen.starts} runs for ${heads} steps and ${seen.causes} causes`;
    },
  },
  {
    id: "L3",
    says: "a step is overtaken only a few times by steps of its lane, and never by a dependent",
    saved: ({ world, turn, before, seen }) =>
      first(landings(turn), ({ base, landing }) => {
        const items = before.queues[base]?.items ?? [];
        const landed = new Set(landing.items.map(({ task }) => task));
        return first(items, (item, at) => {
          if (!items.slice(at + 1).some(({ task, lane }) => landed.has(task) && lane === item.lane)) return null;
          if (landed.has(item.task) || item.state !== "queued" || isWaiting(world, item.task)) return null;
          if (hasReds(world, seen, item.task)) return null;
          const times = (seen.overtaken.get(item.task) ?? 0) + 1;
          seen.overtaken.set(item.task, times);
          return times > PATIENCE ? `${item.task} was overtaken ${times} times` : null;
        });
      }),
  },
  { id: "L4", says: "polling alone leads to the same end state" },
  {
    id: "L5",
    says: "every run has a deadline or a start time",
    saved: ({ world }) =>
      first(Object.values(world.ledger.queues), ({ candidates, frozen }) =>
        first(candidates, ({ commit, runs }) =>
          first(runs, ({ attempt, verdict, deadline, notBefore }) => {
            if (verdict !== null || frozen) return null;
            if (deadline === null) return notBefore > world.now ? null : `${jobOf(commit, attempt)} has no deadline`;
            return deadline <= world.now + 2 * TIMEOUT ? null : `${jobOf(commit, attempt)} may take for ever`;
          }),
        ),
      ),
    settled: (world) => {
      const open = Object.values(world.ledger.queues).flatMap(({ candidates }) =>
        candidates.filter(({ runs }) => runs.some(({ verdict }) => verdict === null)),
      );
      return open.length === 0 ? null : `nothing happens any more, and ${text(open)} is open`;
    },
  },
  {
    id: "L6",
    says: "a plan sees every earlier change; the lost tip of a rewound base stays known",
    planned: (_, { plans, read }) =>
      first(plans, ({ base, state, plan: { queue, effects } }) => {
        const out = new Set(
          effects.flatMap((effect) => {
            if (effect.kind === "land") return effect.candidate.items.map(({ task }) => task);
            return effect.kind === "eject" ? [effect.task] : [];
          }),
        );
        const landed = effects.find((effect) => effect.kind === "land");
        if (queue.frozen?.code !== "base-rewound" && queue.seenTip !== (landed?.candidate.commit ?? read.bases[base]))
          return `${base} was planned on ${queue.seenTip}, it is at ${read.bases[base]}`;
        const there = new Map(queue.items.map(({ task, head }) => [task, head]));
        const missed = state.entrants.find(({ task, head }) => there.get(task) !== head && !out.has(task));
        if (missed) return `${missed.task} at ${missed.head} is not in the queue`;
        const wanted = new Set(state.entrants.map(({ task }) => task));
        const left = queue.items.find(({ task }) => !wanted.has(task));
        return left ? `${left.task} is in the queue and left it` : null;
      }),
  },
];
