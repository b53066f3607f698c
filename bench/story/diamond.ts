import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";

const STEPS = ["a", "b", "c", "d"] as const;
type StepName = (typeof STEPS)[number];
const NEEDS: Readonly<Record<StepName, readonly StepName[]>> = { a: [], b: ["a"], c: ["a"], d: ["b", "c"] };

/** Duration of each agent's turn. */
export const DIAMOND_TURN_MS = 2_000;

export const DIAMOND = `---
description: One step, two that need it, and one that needs both.
roles: { a: {}, b: {}, c: {}, d: {} }
edges: [a -> b, a -> c, b -> d, c -> d]
---
${STEPS.map((name) => `\n## ${name}\n\nCarry out ${name}\n`).join("")}`;

/** Times of a diamond of four writing steps with a verify command that always passes, in seconds. */
export type DiamondTimes = {
  readonly wall: number;
  /** From the first agent's start to the end of the run. */
  readonly fromFirstAgent: number;
  /** From the end of the last agent to the landing of its step. A workflow lands after its end, so all four steps land in this time. */
  readonly endedToLanded: number;
  /** From the end of the last agent to the first landing. */
  readonly endedToFirstLanded: number;
  /** The longest time from the end of the last needed agent to the start of a step's own agent. Steps start before their needs land. */
  readonly endedToStarted: number;
};

type Call = { readonly words: readonly string[]; readonly cwd: string; readonly env: NodeJS.ProcessEnv };
type Times = { readonly started: number; readonly ended: number };
type StepEvent = {
  readonly at?: string;
  readonly step?: StepName;
  readonly state?: string;
  readonly landed?: unknown;
  readonly branch?: string;
};

/** Runs the diamond with `--json` and reads the times that its agents wrote from the resulting branch. */
export const measureDiamond = async ({ words, cwd, env }: Call): Promise<DiamondTimes> => {
  const startedAt = Date.now();
  const child = spawn(words[0] ?? "", words.slice(1), { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  const landed = new Map<StepName, number>();
  let branch = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as StepEvent;
    branch = event.branch ?? branch;
    if (event.step !== undefined && event.landed && !landed.has(event.step)) landed.set(event.step, Date.parse(event.at ?? ""));
  });
  await once(child, "close");
  const ended = Date.now();
  if (branch === "") throw new Error("the diamond did not land");
  const read = (name: StepName): Times =>
    JSON.parse(spawnSync("git", ["show", `${branch}:done-${name}.txt`], { cwd, env, encoding: "utf8" }).stdout) as Times;
  const times = new Map(STEPS.map((name) => [name, read(name)]));
  const seconds = (from: number, to: number): number => (to - from) / 1_000;
  const landedAt = (name: StepName): number => landed.get(name) ?? ended;
  const endOf = (name: StepName): number => times.get(name)?.ended ?? Number.NaN;
  const startOf = (name: StepName): number => times.get(name)?.started ?? Number.NaN;
  return {
    wall: seconds(startedAt, ended),
    fromFirstAgent: seconds(startOf("a"), ended),
    endedToLanded: seconds(endOf("d"), landedAt("d")),
    endedToFirstLanded: seconds(endOf("d"), Math.min(...STEPS.map(landedAt))),
    endedToStarted: Math.max(
      ...STEPS.flatMap((name) => (NEEDS[name].length === 0 ? [] : [seconds(Math.max(...NEEDS[name].map(endOf)), startOf(name))])),
    ),
  };
};
