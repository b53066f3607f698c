import { type Commit, path } from "./commits.ts";
import { draw, FOR } from "./random.ts";
import { formatTime, type HistoryEvent, nameHeads, type RunRecord, type World } from "./simulated-world.ts";
import { OUTAGE_RED, OUTAGE_START, TIMES } from "./trace.ts";

export type EndedRun = Extract<HistoryEvent, { kind: "ran" }>;

/** Whether a run has not been cancelled. */
export const isLive = ({ checks }: World, { commit, run }: EndedRun): boolean => checks.get(commit)?.runs.has(run) ?? false;

/** Ends a run with its verdict. */
export const endRun = (world: World, { commit, run }: EndedRun): void => {
  const record = freeRunner(world, commit, run);
  const attempt = (world.attempts.get(commit.content) ?? 0) + 1;
  world.attempts.set(commit.content, attempt);
  const { seed, scene } = world.trace;
  const isOut = scene.outage !== undefined && world.now > OUTAGE_START && world.now <= OUTAGE_START + scene.outage;
  const isFlake = draw(seed, FOR.flake, commit.content, attempt) < scene.flakes;
  const isRed = commit.red || isFlake || (isOut && draw(seed, FOR.outage, commit.content, attempt) < OUTAGE_RED);
  record?.verdicts.push(isRed ? "red" : "green");
  if (!isRed) world.green.add(commit.tree);
  world.log(`${formatTime(world.now)} ${isRed ? "red" : "green"} ${nameHeads(world.commits.root, commit)}`);
};

/** Starts the requested runs on free slots and cancels all others. */
export const startRuns = (world: World, want: readonly Commit[]): void => {
  const wanted = new Map<Commit, number>();
  for (const commit of want) wanted.set(commit, (wanted.get(commit) ?? 0) + 1);
  for (const [commit, { runs }] of world.running) {
    for (const run of [...runs.keys()].slice(wanted.get(commit) ?? 0)) cancelRun(world, commit, run);
  }
  let free = world.trace.scene.slots - [...world.running.values()].reduce((sum, { runs }) => sum + runs.size, 0);
  for (const [commit, count] of wanted) {
    for (let more = count - (world.running.get(commit)?.runs.size ?? 0); more > 0 && free > 0; more -= 1) {
      startRun(world, commit);
      free -= 1;
    }
  }
};

const startRun = (world: World, commit: Commit): void => {
  const record: RunRecord = world.checks.get(commit) ?? { verdicts: [], runs: new Map() };
  world.runs += 1;
  world.checks.set(commit, record);
  world.running.set(commit, record);
  record.runs.set(world.runs, null);
  world.waiting.push({ commit, run: world.runs });
  world.log(`${formatTime(world.now)} run ${nameHeads(world.commits.root, commit)}`);
};

/** Assigns free runners to the runs that have waited longest. */
export const assignRunners = (world: World): void => {
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
const freeRunner = (world: World, commit: Commit, run: number): RunRecord | undefined => {
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

export const cancelRun = (world: World, commit: Commit, run: number): void => {
  freeRunner(world, commit, run);
  world.log(`${formatTime(world.now)} cancel ${nameHeads(world.commits.root, commit)}`);
};
