import { type Agenda, agenda } from "./agenda.ts";
import { type Board, board } from "./board.ts";
import { type Commit, commitGraph, type Commits, type Head, path } from "./commits.ts";
import { type Check, type Ejection, type Policy, type Verdict, type View } from "./policy.ts";
import { draw, FOR } from "./random.ts";
import { mean } from "./statistics.ts";
import { union } from "./steps.ts";
import { OUTAGE_RED, OUTAGE_START, TIMES, type Trace } from "./trace.ts";

/**
 * The result of a history of one base branch in virtual time. The same rules apply to every policy:
 * - A run occupies a slot and, first come, first served, a runner for `TIMES.check`, or for the time of its slowest step. A cancelled run costs only its time until then.
 * - A run is red if its content is bad: a bad head, or two heads that are red together. Other runs flake, depending on content and attempt alone.
 * - In an outage, nearly every run that ends is red.
 * - A landing takes `TIMES.landing`. Runs continue in this time, but there are no decisions. The base moves to a commit that was green itself.
 * - An ejected head returns good after `TIMES.fix`, built on the base of its ejection. A conflicting head returns merged after `TIMES.merger`. Both join the end of the queue, and steps that need them are held until then.
 * - A person's push moves the base to a commit of that person. A push during a landing follows right after the landing.
 * - Conflicts between heads are known at once and cost no run, as with `git merge-tree`.
 */
export type Outcome = {
  readonly makespan: number;
  /** Mean time of a step from its first head to its landing. */ readonly turnaround: number;
  /** Mean turnaround of good urgent steps and of the other steps; absent if no step is urgent. */
  readonly ranked?: { readonly urgent: number; readonly others: number };
  /** Mean turnaround of good steps in the calm lane; absent without lanes. */
  readonly calm?: number;
  /** Run time ÷ check time and number of steps. */ readonly runs: number;
  /** Number of jobs that resolved a conflict. */ readonly resolutions: number;
  /** Merges requested from git per step; 0 if they are not counted. */ readonly merges: number;
  /** Number of ejections of good heads. */ readonly falseEjections: number;
  /** Number of landings of commits that were bad or never green. */ readonly redLandings: number;
  /** Reason why the history got stuck, or null. Unfinished steps then count until the time at which it was stopped. */ readonly stuck:
    | string
    | null;
};

type HistoryEvent =
  | { readonly kind: "ready"; readonly step: number }
  | { readonly kind: "ran"; readonly commit: Commit; readonly run: number }
  | { readonly kind: "landed"; readonly commit: Commit }
  | { readonly kind: "pushed"; readonly red: boolean }
  | { readonly kind: "woken" };

/** Verdicts and open runs of a commit. `runs`: start times by number, the oldest run first; null while a run waits for a runner. */
type Record = { readonly verdicts: Verdict[]; readonly runs: Map<number, number | null> };

type World = {
  readonly trace: Trace;
  readonly board: Board;
  readonly commits: Commits;
  readonly agenda: Agenda<HistoryEvent>;
  readonly checks: Map<Commit, Record>;
  /** Commits with open runs. */ readonly running: Map<Commit, Record>;
  /** Number of ended runs by content. */ readonly attempts: Map<number, number>;
  /** Runs that wait for a runner. Cancelled runs stay until their turn. */ readonly waiting: {
    readonly commit: Commit;
    readonly run: number;
  }[];
  /** Trees that were green. */ readonly green: Set<string>;
  readonly log: (line: string) => void;
  now: number;
  /** Number of runs with a runner. */ going: number;
  /** Time of the last head, ejection or landing. */ progressedAt: number;
  tip: Commit;
  landing: boolean;
  used: number;
  runs: number;
  resolutions: number;
  falseEjections: number;
  redLandings: number;
};

/** A history is stuck if no head is published, ejected or landed for this time. */
const STUCK_TIME = 100;

export const simulate = (trace: Trace, policy: Policy, log: (line: string) => void = () => {}): Outcome => {
  const commits = commitGraph({ ...trace, steps: trace.scene.steps });
  const world: World = {
    trace,
    commits,
    log,
    board: board(trace),
    agenda: agenda(),
    checks: new Map(),
    running: new Map(),
    attempts: new Map(),
    waiting: [],
    green: new Set(),
    going: 0,
    now: 0,
    progressedAt: 0,
    tip: commits.root,
    landing: false,
    used: 0,
    runs: 0,
    resolutions: 0,
    falseEjections: 0,
    redLandings: 0,
  };
  for (const { at, red } of trace.pushes) world.agenda.add(at, { kind: "pushed", red });
  startWork(world);
  let stuck: string | null = null;
  while (stuck === null && world.board.landed() < trace.scene.steps) {
    const next = world.agenda.next();
    if (!next || next.time > world.progressedAt + STUCK_TIME) {
      stuck = `${world.board.landed()} of ${trace.scene.steps} landed at ${time(world.now)}`;
      break;
    }
    // Cancelled runs cause no decision.
    const what = next.what.filter((each) => each.kind !== "ran" || isLive(world, each));
    if (what.length === 0) continue;
    world.now = next.time;
    for (const each of what) applyEvent(world, each);
    // Work of no time finishes before the decision.
    if (!world.landing && !world.agenda.isDue(world.now)) stuck = catchError(() => consult(world, policy));
    assignRunners(world);
  }
  // The last landing cancels the remaining runs.
  for (const [commit, { runs }] of world.running) for (const run of runs.keys()) cancel(world, commit, run);
  return { ...outcome(world, stuck), merges: (policy.merges?.() ?? 0) / trace.scene.steps };
};

/** Returns the error of a policy, which ends only its own history; null without an error. */
const catchError = (consult: () => void): string | null => {
  try {
    consult();
    return null;
  } catch (error) {
    return String(error);
  }
};

const outcome = (
  { board, trace, now, used, resolutions, falseEjections, redLandings }: World,
  stuck: string | null,
): Omit<Outcome, "merges"> => {
  const size = trace.scene.steps;
  const ends = board.times.map(({ ready, landed }) => ({ ready: ready < 0 ? now : ready, landed: landed < 0 ? now : landed }));
  const meanTime = (isMeant: (step: number) => boolean): number =>
    mean(ends.flatMap(({ ready, landed }, step) => (isMeant(step) ? [landed - ready] : [])));
  const isUrgent = (step: number): boolean => trace.urgent[step] === true;
  const ranked = trace.urgent.includes(true)
    ? { ranked: { urgent: meanTime((step) => isUrgent(step) && trace.bad[step] !== true), others: meanTime((step) => !isUrgent(step)) } }
    : {};
  const turnaround = meanTime(() => true);
  const calm = trace.lanes ? { calm: meanTime((step) => trace.lanes?.[step] === "calm" && trace.bad[step] !== true) } : {};
  const makespan = ends.reduce((last, { landed }) => Math.max(last, landed), 0);
  return {
    makespan,
    turnaround,
    ...ranked,
    ...calm,
    runs: used / TIMES.check / size,
    resolutions,
    falseEjections,
    redLandings,
    stuck,
  };
};

const startWork = (world: World): void => {
  const { board, agenda, trace } = world;
  for (const step of board.startable()) {
    board.start(step, world.tip);
    agenda.add(world.now + (trace.work[step] ?? 0), { kind: "ready", step });
  }
};

const applyEvent = (world: World, event: HistoryEvent): void => {
  const { agenda, board, now, tip } = world;
  switch (event.kind) {
    case "ready":
      world.progressedAt = now;
      board.ready(event.step, now);
      return startWork(world);
    case "ran":
      return endRun(world, event);
    case "pushed":
      if (world.landing) return agenda.add(now + TIMES.landing, event);
      world.tip = world.commits.push(tip, event.red);
      return world.log(`${time(now)} pushed`);
    case "woken":
      return;
    case "landed":
      world.landing = false;
      world.progressedAt = now;
      for (const { head } of path(tip, event.commit) ?? []) if (head) board.land(head, now);
      world.tip = event.commit;
      world.log(`${time(now)} landed ${names(tip, event.commit)}`);
      return startWork(world);
  }
};

type EndedRun = Extract<HistoryEvent, { kind: "ran" }>;

const isLive = ({ checks }: World, { commit, run }: EndedRun): boolean => checks.get(commit)?.runs.has(run) ?? false;

const endRun = (world: World, { commit, run }: EndedRun): void => {
  const record = end(world, commit, run);
  const attempt = (world.attempts.get(commit.content) ?? 0) + 1;
  world.attempts.set(commit.content, attempt);
  const { seed, scene } = world.trace;
  const isOut = scene.outage !== undefined && world.now > OUTAGE_START && world.now <= OUTAGE_START + scene.outage;
  const isFlake = draw(seed, FOR.flake, commit.content, attempt) < scene.flakes;
  const isRed = commit.red || isFlake || (isOut && draw(seed, FOR.outage, commit.content, attempt) < OUTAGE_RED);
  record?.verdicts.push(isRed ? "red" : "green");
  if (!isRed) world.green.add(commit.tree);
  world.log(`${time(world.now)} ${isRed ? "red" : "green"} ${names(world.commits.root, commit)}`);
};

const timesOf = ({ checks }: Trace): Pick<View, "kindOf" | "usualTimes"> =>
  checks ? { kindOf: (step) => checks[step]?.kind ?? "", usualTimes: new Map(checks.map(({ kind, usual }) => [kind, usual])) } : {};

const consult = (world: World, policy: Policy): void => {
  const { board, checks, commits, trace } = world;
  const view: View = {
    now: world.now,
    slots: trace.scene.slots,
    tip: world.tip,
    queue: board.queue,
    needs: (step) => trace.needs[step] ?? [],
    isUrgent: (step) => trace.urgent[step] === true,
    suspectsResolutions: trace.scene.suspectsResolutions === true,
    ...timesOf(trace),
    ...(trace.lanes && { laneOf: (step: number) => trace.lanes?.[step] ?? "" }),
    check: (commit): Check | undefined => {
      const found = checks.get(commit);
      return (
        found && {
          verdicts: found.verdicts,
          running: found.runs.size,
          started: [...found.runs.values()].filter((startedAt) => startedAt !== null).length,
        }
      );
    },
    merge: commits.merge,
    conflicts: commits.conflicts,
  };
  for (let turn = 0; turn <= 10 * trace.scene.steps + 10; turn += 1) {
    const { land, eject, want, wake } = policy.decide(view);
    if (wake !== undefined && wake !== null) world.agenda.add(wake, { kind: "woken" });
    for (const each of eject) sendBack(world, each);
    if (land) return landOn(world, land);
    if (eject.length === 0) return startRuns(world, want);
  }
  throw new Error(`the policy does not stop ejecting at ${world.now}`);
};

const sendBack = (world: World, { head, why, at }: Ejection): void => {
  const { board, agenda, commits, tip, now } = world;
  if (board.head(head.step) !== head || !board.queue.includes(head)) return;
  world.progressedAt = now;
  if (why === "undone") return board.undo(head);
  if (why === "suspected") {
    world.resolutions += 1;
    board.leave(head, { ...head, suspected: true });
    return agenda.add(now + TIMES.merger, { kind: "ready", step: head.step });
  }
  const isGuilty = commits.isGuilty(at, head) || commits.isGuilty(tip, head);
  // A new resolution replaces the last one with everything that it had merged.
  const own = head.unresolved ?? head.textual;
  const ahead = (path(tip, at) ?? []).flatMap(({ head: merged }) => merged ?? []);
  world.log(`${time(now)} ejected ${name(head)} (${why})`);
  if (why === "conflict") {
    world.resolutions += 1;
    const resolved = commits.conflicts(at, head);
    board.leave(head, { ...head, textual: union(own, at.steps), unresolved: own, ahead, resolved });
    return agenda.add(now + TIMES.merger, { kind: "ready", step: head.step });
  }
  if (!isGuilty) world.falseEjections += 1;
  // The author starts from the base and knows which steps were red together with this head.
  const semantic = union(union(head.semantic, at.steps), tip.steps);
  board.leave(head, { step: head.step, version: head.version, bad: false, textual: tip.steps, semantic });
  agenda.add(now + TIMES.fix, { kind: "ready", step: head.step });
};

const landOn = (world: World, commit: Commit): void => {
  const { tip, green, agenda, now } = world;
  if (commit === tip || !path(tip, commit)) throw new Error("the landed commit does not descend from the base");
  if (commit.red || !green.has(commit.tree)) world.redLandings += 1;
  world.landing = true;
  agenda.add(now + TIMES.landing, { kind: "landed", commit });
};

const startRuns = (world: World, want: readonly Commit[]): void => {
  const wanted = new Map<Commit, number>();
  for (const commit of want) wanted.set(commit, (wanted.get(commit) ?? 0) + 1);
  for (const [commit, { runs }] of world.running) {
    for (const run of [...runs.keys()].slice(wanted.get(commit) ?? 0)) cancel(world, commit, run);
  }
  let free = world.trace.scene.slots - [...world.running.values()].reduce((sum, { runs }) => sum + runs.size, 0);
  for (const [commit, count] of wanted) {
    for (let more = count - (world.running.get(commit)?.runs.size ?? 0); more > 0 && free > 0; more -= 1) {
      start(world, commit);
      free -= 1;
    }
  }
};

const start = (world: World, commit: Commit): void => {
  const record: Record = world.checks.get(commit) ?? { verdicts: [], runs: new Map() };
  world.runs += 1;
  world.checks.set(commit, record);
  world.running.set(commit, record);
  record.runs.set(world.runs, null);
  world.waiting.push({ commit, run: world.runs });
  world.log(`${time(world.now)} run ${names(world.commits.root, commit)}`);
};

/** Assigns free runners to the runs that have waited longest. */
const assignRunners = (world: World): void => {
  const { waiting, trace, now } = world;
  const runners = trace.scene.runners ?? trace.scene.slots;
  while (world.going < runners) {
    const next = waiting.shift();
    if (!next) return;
    const runs = world.checks.get(next.commit)?.runs;
    if (!runs?.has(next.run)) continue;
    runs.set(next.run, now);
    world.going += 1;
    world.agenda.add(now + checkTime(world, next.commit), { kind: "ran", ...next });
  }
};

/** Duration of a run: that of its slowest step that has not landed. */
const checkTime = ({ trace: { checks }, board, commits }: World, commit: Commit): number => {
  if (!checks) return TIMES.check;
  const times = (path(commits.root, commit) ?? []).flatMap(({ head }) =>
    head && (board.times[head.step]?.landed ?? -1) < 0 ? [checks[head.step]?.time ?? TIMES.check] : [],
  );
  return times.length === 0 ? TIMES.check : Math.max(...times);
};

/** Frees the slot and the runner of a run. */
const end = (world: World, commit: Commit, run: number): Record | undefined => {
  const record = world.checks.get(commit);
  const startedAt = record?.runs.get(run) ?? null;
  if (startedAt !== null) {
    world.used += world.now - startedAt;
    world.going -= 1;
  }
  record?.runs.delete(run);
  if (record?.runs.size === 0) world.running.delete(commit);
  return record;
};

const cancel = (world: World, commit: Commit, run: number): void => {
  end(world, commit, run);
  world.log(`${time(world.now)} cancel ${names(world.commits.root, commit)}`);
};

const time = (now: number): string => now.toFixed(2);

/** The letter of a step, as in the examples of the documentation, with a prime for each new head. */
const name = ({ step, version }: Head): string => String.fromCodePoint(65 + step) + "'".repeat(version);

const names = (from: Commit, to: Commit): string => (path(from, to) ?? []).map(({ head }) => (head ? name(head) : "")).join("");
