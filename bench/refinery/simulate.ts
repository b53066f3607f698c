import { type Agenda, agenda } from "./agenda.ts";
import { type Board, board } from "./board.ts";
import { type Commit, commitGraph, type Commits, type Head, path } from "./commits.ts";
import { type Check, type Ejection, type Policy, type Verdict, type View } from "./policy.ts";
import { draw, FOR } from "./random.ts";
import { mean } from "./statistics.ts";
import { union } from "./steps.ts";
import { OUTAGE_RED, OUTAGE_START, TIMES, type Trace } from "./trace.ts";

/**
 * One history of one base branch in virtual time. What holds for every policy:
 * - A run takes a slot and, first come, first served, a runner for `TIMES.check`, or for the time of its slowest step, unless it is cancelled; a cancelled run costs what it used of that.
 * - A run is red when its content is bad: a bad head, or two that are red together. Else it flakes, decided by content and attempt alone.
 * - In an outage nearly every run that ends is red, whatever its content.
 * - A landing takes `TIMES.landing`; meanwhile nobody decides, but runs go on. It moves the base to a commit that was green itself.
 * - An ejected head comes back good after `TIMES.fix`, made on the base of its ejection; one that conflicted comes back merged after `TIMES.merger`. Both are at the end of the queue, and what needs them is held meanwhile.
 * - A person's push moves the base to a commit of theirs; during a landing it comes right after it.
 * - That two heads conflict is known at once and costs no run: `git merge-tree` tells.
 */
export type Outcome = {
  readonly makespan: number;
  /** Mean over the steps, from the first head to the landing. */ readonly turnaround: number;
  /** Mean turnaround of the urgent steps that are good, and of the others; absent if none are urgent. */
  readonly ranked?: { readonly urgent: number; readonly others: number };
  /** Mean turnaround of the good steps in the calm lane; absent if there are no lanes. */
  readonly calm?: number;
  /** Run time over check time and steps. */ readonly runs: number;
  /** Jobs that resolve a conflict. */ readonly resolutions: number;
  /** Merges that git was asked for, a step; 0 where they are not counted. */ readonly merges: number;
  /** Ejections of heads that were not to blame. */ readonly falseEjections: number;
  /** Landings of what was not green, or not good. */ readonly redLandings: number;
  /** Why it did not come to an end: then the times are those at which it was given up. */ readonly stuck: string | null;
};

type Happening =
  | { readonly kind: "ready"; readonly step: number }
  | { readonly kind: "ran"; readonly commit: Commit; readonly run: number }
  | { readonly kind: "landed"; readonly commit: Commit }
  | { readonly kind: "pushed"; readonly red: boolean }
  | { readonly kind: "woken" };

/** What runs, by number, with the time at which it began, or null while it waits for a runner; the oldest first. */
type Record = { readonly verdicts: Verdict[]; readonly runs: Map<number, number | null> };

type World = {
  readonly trace: Trace;
  readonly board: Board;
  readonly commits: Commits;
  readonly agenda: Agenda<Happening>;
  readonly checks: Map<Commit, Record>;
  /** Runs under way, by commit; a commit that does not run is not in it. */ readonly running: Map<Commit, Record>;
  /** Runs that ended, by content. */ readonly attempts: Map<number, number>;
  /** Runs that wait for a runner; cancelled ones stay until it is their turn. */ readonly waiting: {
    readonly commit: Commit;
    readonly run: number;
  }[];
  /** Content that was green. */ readonly green: Set<string>;
  readonly say: (line: string) => void;
  now: number;
  /** Runs that have a runner. */ going: number;
  /** When something last landed, left or came. */ moved: number;
  tip: Commit;
  landing: boolean;
  used: number;
  runs: number;
  resolutions: number;
  falseEjections: number;
  redLandings: number;
};

/** A history in which nothing lands and nobody leaves for so long does not come to an end. */
const STILL = 100;

export const simulate = (trace: Trace, policy: Policy, say: (line: string) => void = () => {}): Outcome => {
  const commits = commitGraph({ ...trace, steps: trace.scene.steps });
  const world: World = {
    trace,
    commits,
    say,
    board: board(trace),
    agenda: agenda(),
    checks: new Map(),
    running: new Map(),
    attempts: new Map(),
    waiting: [],
    green: new Set(),
    going: 0,
    now: 0,
    moved: 0,
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
    if (!next || next.time > world.moved + STILL) {
      stuck = `${world.board.landed()} of ${trace.scene.steps} landed at ${time(world.now)}`;
      break;
    }
    // A cancelled run ends nowhere and wakes nobody.
    const what = next.what.filter((each) => each.kind !== "ran" || isLive(world, each));
    if (what.length === 0) continue;
    world.now = next.time;
    for (const each of what) happen(world, each);
    // Work that takes no time is done before anyone decides.
    if (!world.landing && !world.agenda.isDue(world.now)) stuck = tried(() => consult(world, policy));
    begin(world);
  }
  // The rest of what still runs is nobody's: it is cancelled with the last landing.
  for (const [commit, { runs }] of world.running) for (const run of runs.keys()) cancel(world, commit, run);
  return { ...outcome(world, stuck), merges: (policy.merges?.() ?? 0) / trace.scene.steps };
};

/** What a policy throws ends its history, not those of the others. */
const tried = (consult: () => void): string | null => {
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

const happen = (world: World, event: Happening): void => {
  const { agenda, board, now, tip } = world;
  switch (event.kind) {
    case "ready":
      world.moved = now;
      board.ready(event.step, now);
      return startWork(world);
    case "ran":
      return ran(world, event);
    case "pushed":
      if (world.landing) return agenda.add(now + TIMES.landing, event);
      world.tip = world.commits.push(tip, event.red);
      return world.say(`${time(now)} pushed`);
    case "woken":
      return;
    case "landed":
      world.landing = false;
      world.moved = now;
      for (const { head } of path(tip, event.commit) ?? []) if (head) board.land(head, now);
      world.tip = event.commit;
      world.say(`${time(now)} landed ${names(tip, event.commit)}`);
      return startWork(world);
  }
};

type Ran = Extract<Happening, { kind: "ran" }>;

const isLive = ({ checks }: World, { commit, run }: Ran): boolean => checks.get(commit)?.runs.has(run) ?? false;

const ran = (world: World, { commit, run }: Ran): void => {
  const record = end(world, commit, run);
  const attempt = (world.attempts.get(commit.content) ?? 0) + 1;
  world.attempts.set(commit.content, attempt);
  const { seed, scene } = world.trace;
  const isOut = scene.outage !== undefined && world.now > OUTAGE_START && world.now <= OUTAGE_START + scene.outage;
  const isFlake = draw(seed, FOR.flake, commit.content, attempt) < scene.flakes;
  const isRed = commit.red || isFlake || (isOut && draw(seed, FOR.outage, commit.content, attempt) < OUTAGE_RED);
  record?.verdicts.push(isRed ? "red" : "green");
  if (!isRed) world.green.add(commit.tree);
  world.say(`${time(world.now)} ${isRed ? "red" : "green"} ${names(world.commits.root, commit)}`);
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
          started: [...found.runs.values()].filter((began) => began !== null).length,
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
    if (eject.length === 0) return run(world, want);
  }
  throw new Error(`The policy ejects for ever at ${world.now}.`);
};

const sendBack = (world: World, { head, why, at }: Ejection): void => {
  const { board, agenda, commits, tip, now } = world;
  if (board.head(head.step) !== head || !board.queue.includes(head)) return;
  world.moved = now;
  if (why === "undone") return board.undo(head);
  if (why === "suspected") {
    world.resolutions += 1;
    board.leave(head, { ...head, suspected: true });
    return agenda.add(now + TIMES.merger, { kind: "ready", step: head.step });
  }
  const isGuilty = commits.isGuilty(at, head) || commits.isGuilty(tip, head);
  // Who is resolved again leaves behind what its last resolution had merged.
  const own = head.unresolved ?? head.textual;
  const ahead = (path(tip, at) ?? []).flatMap(({ head: merged }) => merged ?? []);
  world.say(`${time(now)} ejected ${name(head)} (${why})`);
  if (why === "conflict") {
    world.resolutions += 1;
    const resolved = commits.conflicts(at, head);
    board.leave(head, { ...head, textual: union(own, at.steps), unresolved: own, ahead, resolved });
    return agenda.add(now + TIMES.merger, { kind: "ready", step: head.step });
  }
  if (!isGuilty) world.falseEjections += 1;
  // The author starts from the base, and knows which steps were red together with this one.
  const semantic = union(union(head.semantic, at.steps), tip.steps);
  board.leave(head, { step: head.step, version: head.version, bad: false, textual: tip.steps, semantic });
  agenda.add(now + TIMES.fix, { kind: "ready", step: head.step });
};

const landOn = (world: World, commit: Commit): void => {
  const { tip, green, agenda, now } = world;
  if (commit === tip || !path(tip, commit)) throw new Error("A landing that does not go forward from the base.");
  if (commit.red || !green.has(commit.tree)) world.redLandings += 1;
  world.landing = true;
  agenda.add(now + TIMES.landing, { kind: "landed", commit });
};

const run = (world: World, want: readonly Commit[]): void => {
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
  world.say(`${time(world.now)} run ${names(world.commits.root, commit)}`);
};

/** Gives free runners to the runs that wait longest. */
const begin = (world: World): void => {
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

/** How long a run takes: as long as its slowest step that has not landed. */
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
  const began = record?.runs.get(run) ?? null;
  if (began !== null) {
    world.used += world.now - began;
    world.going -= 1;
  }
  record?.runs.delete(run);
  if (record?.runs.size === 0) world.running.delete(commit);
  return record;
};

const cancel = (world: World, commit: Commit, run: number): void => {
  end(world, commit, run);
  world.say(`${time(world.now)} cancel ${names(world.commits.root, commit)}`);
};

const time = (now: number): string => now.toFixed(2);

/** Steps by letter, as the examples of the documentation name them; a new head of a step has a prime. */
const name = ({ step, version }: Head): string => String.fromCodePoint(65 + step) + "'".repeat(version);

const names = (from: Commit, to: Commit): string => (path(from, to) ?? []).map(({ head }) => (head ? name(head) : "")).join("");
