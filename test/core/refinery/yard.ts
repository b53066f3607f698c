import { applyVerdict } from "../../../src/core/decisions/apply/verify-result.ts";
import type { JobEnd } from "../../../src/core/domain/job.ts";
import type { TaskId } from "../../../src/core/domain/ids.ts";
import type { ChainLink, ChainMerge } from "../../../src/core/domain/query.ts";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import { planQueue } from "../../../src/core/refinery/plan-queue.ts";
import type { QueueEntrant, RefineryPlan, RefineryState } from "../../../src/core/refinery/refinery-state.ts";

const task = (name: string): TaskId => `abcdef-${name}`;
const nameOf = (of: string): string => of.slice("abcdef-".length);

type Wanted = {
  readonly needs?: readonly string[];
  readonly head?: string;
  readonly held?: boolean;
  readonly rank?: number;
  readonly kind?: string;
  readonly lane?: string;
};

/** Opens a plan to play by hand. A commit's name lists its contents (`base+a+b`), and a step's name is a letter. */
export const openYard = (over: Partial<RefineryState> = {}, conflicts: readonly string[] = []) => {
  const asked = new Set<string>();
  const clashes = new Set(conflicts.flatMap((pair) => [pair, pair.charAt(1) + pair.charAt(0)]));
  const merge = (onto: string, { task: of }: ChainMerge): ChainLink => {
    const there = onto.split("+").slice(1);
    if (there.some((each) => clashes.has(each + nameOf(of)))) return { kind: "conflict", paths: ["a.txt"] };
    return { kind: "merged", commit: `${onto}+${nameOf(of)}`, tree: `tree of ${[...there, nameOf(of)].sort().join()}` };
  };
  let state: RefineryState = {
    now: 1_000,
    baseBranch: "main",
    tip: "base",
    queue: emptyQueue,
    entrants: [],
    parallel: 8,
    retries: 1,
    maxFaults: 3,
    timeoutMs: 60_000,
    reusesVerdicts: false,
    landsTogether: true,
    stacksResolutions: true,
    checksLineHeadsOnly: true,
    attemptsOf: (commit) => [...asked].filter((each) => each.startsWith(`${commit}/`)).length,
    mergeChain: ({ onto, merges }) => {
      const out = new Set<TaskId>();
      let tip = onto;
      return merges.map((each): ChainLink => {
        const link: ChainLink = each.needs.some((need) => out.has(need)) ? { kind: "left-out" } : merge(tip, each);
        if (link.kind === "merged") tip = link.commit;
        else out.add(each.task);
        return link;
      });
    },
    ...over,
  };
  const lands: string[] = [];
  const leaves: string[] = [];
  let last: RefineryPlan | null = null;
  const take = (effect: RefineryPlan["effects"][number]): void => {
    if (effect.kind === "verify" && effect.notBefore <= state.now) asked.add(`${effect.commit}/${effect.attempt}`);
    if (effect.kind === "eject" || effect.kind === "resolve") leaves.push(`${nameOf(effect.task)}: ${effect.refusal.code}`);
    const gone = new Set(
      effect.kind === "land"
        ? effect.candidate.items.map((each) => each.task)
        : effect.kind === "eject" || effect.kind === "resolve"
          ? [effect.task]
          : [],
    );
    if (effect.kind === "land") {
      lands.push(effect.candidate.commit);
      state = { ...state, tip: effect.candidate.commit };
    }
    const isOut = ({ task: of, needs }: QueueEntrant): boolean =>
      gone.has(of) || (effect.kind !== "land" && needs.some((need) => gone.has(need)));
    const left = state.entrants.filter((each) => !isOut(each));
    state = { ...state, entrants: left.map((each) => ({ ...each, needs: each.needs.filter((need) => !gone.has(need)) })) };
  };
  const yard = {
    lands,
    leaves,
    state: (): RefineryState => state,
    set: (next: Partial<RefineryState>): void => void (state = { ...state, ...next }),
    want: (name: string, { needs = [], head = `${name}1`, held = false, rank = 0, kind, lane }: Wanted = {}): void => {
      const why = held ? { code: "hold", message: "A person holds it.", next: "release it" } : null;
      const own = { task: task(name), head, message: name, needs: needs.map((each) => task(each)), refusal: why, rank };
      const entrant: QueueEntrant = {
        ...own,
        ...(kind !== undefined && { verifyKind: kind }),
        ...(lane !== undefined && { lane }),
      };
      const at = state.entrants.findIndex((each) => each.task === entrant.task);
      state = { ...state, entrants: at < 0 ? [...state.entrants, entrant] : state.entrants.with(at, entrant) };
    },
    /** Plans until nothing changes. Throws after a few plans. */
    rest: (): RefineryPlan => {
      for (let count = 0; count < 8; count += 1) {
        const next = planQueue(state);
        const isQuiet = next.queue === state.queue;
        state = { ...state, queue: next.queue };
        for (const effect of next.effects) take(effect);
        last = next;
        if (isQuiet) return next;
      }
      throw new Error("the plan does not come to rest");
    },
    /** Plans once, and changes nothing. */
    once: (): RefineryPlan => planQueue(state),
    /** Lists the open runs as commit/attempt. */
    open: (): string[] =>
      state.queue.candidates.flatMap(({ commit, runs }) =>
        runs.flatMap(({ attempt, verdict }) => (verdict === null ? [`${commit}/${attempt}`] : [])),
      ),
    stops: (): string[] =>
      (last?.effects ?? []).flatMap((effect) => (effect.kind === "stop" ? [`${effect.commit}/${effect.attempt}`] : [])),
    /** Reports a verdict, and plans again. */
    ends: (commit: string, end: JobEnd, attempt?: number): void => {
      const runs = state.queue.candidates.find((each) => each.commit === commit)?.runs ?? [];
      const at = attempt ?? runs.find(({ verdict }) => verdict === null)?.attempt;
      if (at === undefined) throw new Error(`${commit} has no run under way; ${yard.open().join(" ")}`);
      const result = { end, reason: end, output: end === "failed" ? "$ npm test\nnot ok" : "" };
      state = {
        ...state,
        queue: applyVerdict(state, state.queue, { job: { target: commit, attempt: at }, result }),
      };
      yard.rest();
    },
  };
  return yard;
};
