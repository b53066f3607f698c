import { agenda } from "./agenda.ts";
import { board } from "./board.ts";
import { type Commit, commitGraph, path } from "./commits.ts";
import { measureOutcome, type Outcome } from "./outcome.ts";
import type { Check, Ejection, Policy, View } from "./policy.ts";
import { assignRunners, cancelRun, endRun, isLive, startRuns } from "./simulated-runs.ts";
import { formatTime, type HistoryEvent, nameHead, nameHeads, type World } from "./simulated-world.ts";
import { union } from "./steps.ts";
import { TIMES, type Trace } from "./trace.ts";

/** A history is stuck if no head is published, ejected or landed for this time. */
const STUCK_TIME = 100;

/** Plays the history of a trace under a policy. `log` receives a line for each event. */
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
      stuck = `${world.board.landed()} of ${trace.scene.steps} landed at ${formatTime(world.now)}`;
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
  for (const [commit, { runs }] of world.running) for (const run of runs.keys()) cancelRun(world, commit, run);
  return { ...measureOutcome(world, stuck), merges: (policy.merges?.() ?? 0) / trace.scene.steps };
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
      return world.log(`${formatTime(now)} pushed`);
    case "woken":
      return;
    case "landed":
      world.landing = false;
      world.progressedAt = now;
      for (const { head } of path(tip, event.commit) ?? []) if (head) board.land(head, now);
      world.tip = event.commit;
      world.log(`${formatTime(now)} landed ${nameHeads(tip, event.commit)}`);
      return startWork(world);
  }
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
  world.log(`${formatTime(now)} ejected ${nameHead(head)} (${why})`);
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
