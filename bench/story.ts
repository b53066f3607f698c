// Measures whole runs on this machine beside a bare turn of their agent: `npm run bench -- story [--check] [--fan 12,50] [--root <installation>]`.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { AGENT, TURN } from "./story/agent.ts";
import { DIAMOND, DIAMOND_TURN_MS, type DiamondTimes, measureDiamond } from "./story/diamond.ts";
import { type Call, type Counts, type CpuShares, countProcesses, measureUsage, type Usage } from "./story/measure.ts";

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, fan: { type: "string", default: "12" }, root: { type: "string", default: "." } },
});

const CHAIN = `---
description: Plans, writes and reviews.
roles:
  planner: { tools: [read], output: artifact, tier: light }
  coder: {}
  reviewer: { tools: [read], output: artifact, tier: light }
edges: [planner -> coder, coder -> reviewer]
---

## planner

Plan {{ .Args }}

## coder

Carry out {{ .planner }}

## reviewer

Review {{ .coder }}
`;

const READER = "{ tools: [read], output: artifact, tier: light }";
const fanOf = (size: number): string => {
  const names = Array.from({ length: size }, (_, index) => `reader${index + 1}`);
  const roles = [...names, "join"].map((name) => `  ${name}: ${READER}`);
  const texts = [...names.map((name) => [name, "Look."]), ["join", names.map((name) => `{{ .${name} }}`).join(" ")]];
  return [
    "---\ndescription: Reads side by side.\nroles:",
    ...roles,
    `edges: [${names.map((name) => `${name} -> join`).join(", ")}]\n---\n`,
    ...texts.map(([name = "", text = ""]) => `## ${name}\n\n${text}\n`),
  ].join("\n");
};

type Story = { readonly name: string; readonly steps: number; readonly call: Call };
type Row = Usage & { readonly name: string; readonly steps: number; readonly counts: Counts | null };

const directory = mkdtempSync(join(tmpdir(), "enki-story-"));
const env = { PATH: process.env["PATH"] ?? "", HOME: join(directory, "home"), TMPDIR: tmpdir() };

let diamond: Call | null = null;

const openStories = (): Story[] => {
  const [cwd, agent] = [join(directory, "repository"), join(directory, "agent.mjs")];
  mkdirSync(join(cwd, ".enki", "workflows"), { recursive: true });
  mkdirSync(env.HOME);
  writeFileSync(agent, AGENT);
  writeFileSync(join(cwd, "README.md"), "A repository\n");
  const fans = values.fan.split(",").map(Number);
  const flows = [
    { name: "chain", text: CHAIN, steps: 3 },
    ...fans.map((size) => ({ name: `fan${size}`, text: fanOf(size), steps: size + 1 })),
  ];
  writeFileSync(join(cwd, ".enki", "workflows", "diamond.md"), DIAMOND);
  for (const { name, text } of flows) writeFileSync(join(cwd, ".enki", "workflows", `${name}.md`), text);
  for (const args of [
    ["init", "-q", "-b", "main"],
    ["add", "-A"],
    ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "one"],
  ])
    spawnSync("git", args, { cwd, env });
  const enki = [process.execPath, join(resolve(values.root), "dist", "cli.js"), "run", "--yes", "--verify", "true"];
  const agentCall = `'${process.execPath}' '${agent}'`;
  const run = ["--agent", agentCall, "--workflow"];
  diamond = { words: [...enki, "--json", "--agent", `${agentCall} ${DIAMOND_TURN_MS}`, "--workflow", "diamond", "it"], cwd, env };
  const stories = flows.map(({ name, steps }) => ({ name, steps, call: { words: [...enki, ...run, name, "it"], cwd, env } }));
  return [{ name: "bare turn", steps: 1, call: { words: [process.execPath, agent], cwd, env, input: TURN } }, ...stories];
};

/** Limits of a step and of a whole story: counts and ratios only, because times depend on the machine. */
const LIMITS: Readonly<Record<string, number>> = {
  "forks a step": 44,
  "git a step": 18,
  "node a step": 3,
  "git round trips a step": 1,
  "CPU a step / bare turn": 50,
  "wall a step / bare turn": 50,
  "own peak, MB": 450,
};
/** Limits of the diamond beside the turns of its agents, in bare turns. */
const DIAMOND_LIMITS: Readonly<Record<string, number>> = {
  "beside the turns / bare turn": 120,
  "agent ended to landed / bare turn": 70,
  "agent ended to dependent's agent started / bare turn": 30,
};
/** Processes that wait for a step when a story ends. */
const WAITING_AT_END = 2;

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
const perStep = (count: number | undefined, steps: number, digits = 0): number | null =>
  count === undefined ? null : round(count / steps, digits);

type Figures = Readonly<Record<string, string | number | null>>;

const formatShares = (shares: CpuShares): string =>
  Object.entries(shares)
    .map(([kind, seconds]) => `${kind} ${round(seconds, 1)}`)
    .join(", ");
const formatKinds = (kinds: Counts["kinds"]): string =>
  Object.entries(kinds)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");

const toFigures = ({ name, steps, seconds, cpu, shares, peakMb, ownPeakMb, counts }: Row, turn: Row): Figures => ({
  story: name,
  "wall, s": round(seconds, 2),
  "wall under strace, s": perStep(counts?.seconds, 1, 2),
  "CPU, s": round(cpu, 2),
  "peak, MB": Math.round(peakMb),
  "own peak, MB": ownPeakMb && Math.round(ownPeakMb),
  "CPU a step, s": perStep(cpu, steps, 2),
  "CPU a step / bare turn": round(cpu / steps / turn.cpu, 1),
  "wall a step / bare turn": round(seconds / steps / turn.seconds, 1),
  "CPU by kind, s": formatShares(shares),
  "forks a step": perStep(counts?.forks, steps),
  "forks by kind": counts && formatKinds(counts.kinds),
  "git a step": perStep(counts?.git, steps),
  "node a step": perStep(counts ? Math.max(1, counts.node - WAITING_AT_END) : undefined, steps, 1),
  "git round trips a step": perStep(counts?.trips, steps, 1),
});

/** Agents on the critical path of the diamond. */
const DIAMOND_TURNS = 3;
const TURN_S = DIAMOND_TURN_MS / 1_000;

const toDiamondFigures = (times: DiamondTimes, turn: Row): Figures => ({
  story: `diamond, turns of ${TURN_S} s`,
  "wall, s": times.wall,
  "first agent to end, s": times.fromFirstAgent,
  "last agent ended to first landed, s": times.endedToFirstLanded,
  "last agent ended to landed, s": times.endedToLanded,
  "agent ended to dependent's agent started, s": times.endedToStarted,
  "beside the turns / bare turn": round((times.fromFirstAgent - DIAMOND_TURNS * TURN_S) / turn.seconds, 1),
  "agent ended to landed / bare turn": round(times.endedToLanded / turn.seconds, 1),
  "agent ended to dependent's agent started / bare turn": round(times.endedToStarted / turn.seconds, 1),
});

const findExcess = (figures: Figures, limits: Readonly<Record<string, number>>): string[] =>
  Object.entries(limits).flatMap(([key, limit]) =>
    Number(figures[key] ?? 0) > limit ? [`${figures["story"]}: ${key} is ${figures[key]}, at most ${limit} allowed`] : [],
  );

try {
  const rows: Row[] = [];
  for (const { name, steps, call } of openStories()) {
    const counts = countProcesses(call, directory);
    rows.push({ name, steps, counts, ...(await measureUsage(call, "agent.mjs")) });
  }
  const [turn, ...stories] = rows;
  if (!turn) throw new Error("no story was measured");
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
  );
  const print = (figures: readonly Figures[]): void =>
    console.table(Object.fromEntries(figures.map(({ story, ...rest }) => [story, rest])));
  print(rows.map((row) => toFigures(row, turn)));
  const diamonds = diamond ? [toDiamondFigures(await measureDiamond(diamond), turn)] : [];
  print(diamonds);
  const excess = [
    ...stories.flatMap((row) => findExcess(toFigures(row, turn), LIMITS)),
    ...diamonds.flatMap((figures) => findExcess(figures, DIAMOND_LIMITS)),
  ];
  for (const line of excess) console.error(line);
  if (values.check && excess.length > 0) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
