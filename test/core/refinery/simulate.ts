import { type History, isPlain, makeHistory, shrink, type What } from "./history.ts";
import { INVARIANTS, type InvariantId } from "./invariants.ts";
import { openWatch, type Watch } from "./watch.ts";
import { World } from "./world.ts";

/** Number of plans at one moment without news, after which the queue must be quiet. */
const RESTLESS = 12;
const CHANGES: ReadonlySet<What> = new Set([
  "publish",
  "push-base",
  "break-base",
  "mend-base",
  "rewind",
  "push-task",
  "force-task",
  "hold",
  "release",
  "close",
  "reopen",
  "retry",
  "thaw",
  "slots",
]);

type Run = { readonly world: World; readonly watch: Watch };

/** Plays a history to its end: its events, then a calm phase with correct verdicts, in which people fix their own mistakes. */
const play = (history: History, only?: ReadonlySet<InvariantId>): Run => {
  const watch = openWatch(only);
  const world = new World(history, watch);
  for (const happening of history.happenings) {
    if (CHANGES.has(happening.what)) watch.happened();
    world.happen(happening);
    if (history.setting.awake && happening.what !== "tick") world.tick();
  }
  try {
    settle(world, watch);
  } catch (error) {
    watch.threw(error);
  }
  return { world, watch };
};

/** Whether plans stop changing. */
const isQuiet = (world: World): boolean => {
  for (let count = 0; count < RESTLESS; count += 1) {
    const before = world.version;
    world.tick();
    if (world.version === before) return true;
  }
  return false;
};

const settle = (world: World, watch: Watch): void => {
  world.calm = true;
  while (world.authors.some(({ task }) => !world.ledger.steps.has(task))) world.publish();
  const clean = world.history.happenings.length === 0;
  for (let rounds = 0; rounds < 400; rounds += 1) {
    if (!isQuiet(world)) {
      watch.say("L2", `after ${RESTLESS} plans at one moment it still changes`);
      return;
    }
    if (!goOn(world, watch)) {
      watch.settled(world);
      if (clean && rounds > 2 * world.history.steps.length + 4) watch.say("L2", `it took ${rounds} rounds`);
      return;
    }
  }
  watch.say("L1", "it does not come to an end");
};

/** Plays one more event: a run ends, time passes, or people fix their own mistakes. Returns false if none is left. */
const goOn = (world: World, watch: Watch): boolean => {
  for (const [base, { frozen }] of Object.entries(world.ledger.queues)) {
    if (!frozen) continue;
    if (!world.goodCommit(world.bases[base] ?? "")) {
      world.mend(base);
      watch.happened();
    }
    world.thaw(base);
    return true;
  }
  const running = world.running();
  if (running.length > 0) {
    for (const job of world.history.happenings.length % 2 === 0 ? running : running.slice(0, 1)) world.end(job, 1);
    return true;
  }
  const times = Object.values(world.ledger.queues).flatMap(({ candidates }) =>
    candidates.flatMap(({ runs }) => runs.flatMap(({ verdict, deadline, notBefore }) => (verdict === null ? [deadline ?? notBefore] : []))),
  );
  if (times.length === 0) return false;
  world.now = Math.max(world.now + 1, Math.min(...times));
  return true;
};

/** Changes a history for a coordinator that is never woken and looks only after all events. */
const polled = (history: History): History => ({
  ...history,
  setting: { ...history.setting, awake: false },
  happenings: history.happenings.filter(({ what }) => what !== "tick"),
});

const landedOf = ({ ledger }: World): string => [...ledger.steps.values()].flatMap(({ task, landed }) => (landed ? [task] : [])).join(" ");

/** Finds the violations in a history, by invariant. */
const violationsOf = (history: History, only?: ReadonlySet<InvariantId>): ReadonlyMap<InvariantId, string> => {
  const { world, watch } = play(history, only);
  if ((only === undefined || only.has("L4")) && isPlain(history)) {
    const other = play(polled(history), only);
    const [told, found] = [landedOf(world), landedOf(other.world)];
    if (told !== found) watch.say("L4", `woken by events it lands ${told}, by polling ${found}`);
  }
  return watch.violations;
};

export type Failure = { readonly seed: number; readonly says: string; readonly history: History };

/** Plays histories from their seeds, and keeps the first violation of each invariant. */
export const search = (options: {
  readonly histories: number;
  readonly seed: number;
  readonly only?: ReadonlySet<InvariantId>;
}): Map<InvariantId, Failure> => {
  const failures = new Map<InvariantId, Failure>();
  for (let at = 0; at < options.histories; at += 1) {
    const seed = options.seed + at;
    const history = makeHistory(seed);
    for (const [id, says] of violationsOf(history, options.only)) if (!failures.has(id)) failures.set(id, { seed, says, history });
    if (options.only && options.only.size === failures.size) break;
  }
  return failures;
};

/** Describes a failure: its seed, the violation, and the shrunk history. */
export const explain = (id: InvariantId, { seed, says, history }: Failure): string => {
  const only = new Set([id]);
  const least = shrink(history, (each) => violationsOf(each, only).has(id));
  const { setting, steps, textual, semantic, happenings } = least;
  return [
    `${id} ${INVARIANTS.find((each) => each.id === id)?.says ?? ""}: ${says}`,
    `seed ${seed}; shrunk: ${violationsOf(least, only).get(id) ?? ""}`,
    JSON.stringify(setting),
    ...steps.map((step, at) => `s${at} ${JSON.stringify(step)}`),
    ...(textual.length + semantic.length > 0 ? [`conflicts ${JSON.stringify({ textual, semantic })}`] : []),
    ...happenings.map(({ what, which, luck }) => `${what} ${which} ${luck.toFixed(3)}`),
    `replay: ${JSON.stringify(least)}`,
  ].join("\n");
};
