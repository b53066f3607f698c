// What a story costs on this machine beside a bare turn of its agent: `npm run bench -- story [--check] [--fan 12,50] [--root <installation>]`.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { AGENT, TURN } from "./story/agent.ts";
import { DIAMOND, DIAMOND_TURN_MS, measureDiamond } from "./story/diamond.ts";
import { type Call, type Counts, countProcesses, measureUsage, type Usage } from "./story/measure.ts";

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

/** What one step may cost at most; counts and ratios only, because times depend on the machine. */
const LIMITS = { forks: 80, git: 35, node: 3, trips: 1, cpuRatio: 70 } as const;

const toFigures = ({ name, steps, seconds, cpu, peakMb, counts }: Row, turn: Row) => ({
  story: name,
  "wall, s": Number(seconds.toFixed(2)),
  "CPU, s": Number(cpu.toFixed(2)),
  "peak, MB": Math.round(peakMb),
  "CPU a step, s": Number((cpu / steps).toFixed(2)),
  "CPU a step / bare turn": Number((cpu / steps / turn.cpu).toFixed(1)),
  "forks a step": counts && Math.round(counts.forks / steps),
  "git a step": counts && Math.round(counts.git / steps),
  "node a step": counts && Number((counts.node / steps).toFixed(1)),
  "git round trips a step": counts && Number((counts.trips / steps).toFixed(1)),
});

const findExcess = (row: Row, turn: Row): string[] => {
  const { counts, steps, cpu, name } = row;
  const found = {
    forks: (counts?.forks ?? 0) / steps,
    git: (counts?.git ?? 0) / steps,
    node: (counts?.node ?? 0) / steps,
    trips: (counts?.trips ?? 0) / steps,
    cpuRatio: cpu / steps / turn.cpu,
  };
  return (["forks", "git", "node", "trips", "cpuRatio"] as const).flatMap((key) =>
    found[key] > LIMITS[key] ? [`${name}: ${key} a step is ${found[key].toFixed(1)}, at most ${LIMITS[key]} allowed`] : [],
  );
};

try {
  const rows: Row[] = [];
  for (const { name, steps, call } of openStories()) {
    const counts = countProcesses(call, directory);
    rows.push({ name, steps, counts, ...(await measureUsage(call)) });
  }
  const [turn, ...stories] = rows;
  if (!turn) throw new Error("no story was told");
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
  );
  console.table(rows.map((row) => toFigures(row, turn)));
  if (diamond) {
    const { wall, fromFirstAgent, endedToLanded, endedToStarted } = await measureDiamond(diamond);
    console.table([
      {
        story: `diamond, turns of ${DIAMOND_TURN_MS / 1_000} s`,
        "wall, s": wall,
        "first agent to end, s": fromFirstAgent,
        "agent ended to landed, s": endedToLanded,
        "agent ended to dependent's agent started, s": endedToStarted,
      },
    ]);
  }
  const excess = stories.flatMap((row) => findExcess(row, turn));
  for (const line of excess) console.error(line);
  if (values.check && excess.length > 0) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
