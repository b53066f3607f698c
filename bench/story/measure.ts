import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** CPU seconds by kind of process. */
export type CpuShares = {
  /** The main process of the command. */
  readonly main: number;
  /** Programs of steps without their agents. */
  readonly steps: number;
  readonly agents: number;
  /** All short processes: git, shells, mounts. */
  readonly rest: number;
};

export type Usage = {
  readonly seconds: number;
  readonly cpu: number;
  readonly shares: CpuShares;
  /** All processes, with shared pages counted for each. */
  readonly peakMb: number;
  /** All processes except agents, with shared pages counted once; null where the kernel does not report them. */
  readonly ownPeakMb: number | null;
};
export type Counts = {
  readonly forks: number;
  /** Forks by the last program of the new process. */
  readonly kinds: Readonly<Record<ForkKind, number>>;
  readonly git: number;
  readonly node: number;
  readonly trips: number;
  /** Wall time under strace, which slows down each process start. */
  readonly seconds: number;
};
export type Call = { readonly words: readonly string[]; readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly input?: string };

/** `cells`: programs that create namespaces and mounts; `copies`: forks that executed no program. */
type ForkKind = "git" | "node" | "shells" | "cells" | "copies" | "others";
const KIND_PATTERNS: readonly (readonly [ForkKind, RegExp])[] = [
  ["git", /\/git[^/]*$/],
  ["node", /\/node$/],
  ["shells", /\/(?:ba)?sh$/],
  ["cells", /\/(?:unshare|nsenter|setpriv|mount|mkdir|chown|ln|ip)$/],
];

const SAMPLE_MS = 200;
const KB_PER_MB = 1_024;

const TICKS_PER_SECOND = 100;

type Memory = { readonly all: number; readonly own: number | null };

/** CPU of one process, and the first two words of its command line. */
type ProcessUse = { readonly words: readonly string[]; readonly seconds: number };

const readUse = (pid: number): ProcessUse => {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, 2);
  return { words, seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND };
};

const sumShares = (uses: ReadonlyMap<number, ProcessUse>, agent: string, all: number): CpuShares => {
  const sum = (file: string): number =>
    [...uses.values()].reduce(
      (seconds, use) => seconds + (use.words[0]?.endsWith("node") === true && use.words[1]?.endsWith(file) === true ? use.seconds : 0),
      0,
    );
  const [main, steps, agents] = [sum("cli.js"), sum("foreign-step.js") + sum("action.js"), sum(agent)];
  return { main, steps, agents, rest: Math.max(0, all - main - steps - agents) };
};

const readSize = (pid: number, file: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))?.[1] ?? 0) / KB_PER_MB;

const listDescendants = (root: number): number[] => {
  const parents = new Map<number, number>();
  for (const pid of readdirSync("/proc").map(Number).filter(Number.isInteger)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The second field, the name of the program, may contain any character.
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // The process has ended.
    }
  }
  const isBelow = (pid: number): boolean => pid === root || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  return [...parents.keys()].filter((pid) => isBelow(pid));
};

/** Memory of a process and its descendants in MB. `agent`: the file name of the agent's program. */
const sumMemory = (root: number, agent: string, uses: Map<number, ProcessUse>): Memory => {
  let [all, own]: [number, number | null] = [0, 0];
  for (const pid of listDescendants(root)) {
    try {
      all += readSize(pid, "status", "VmRSS");
      const use = readUse(pid);
      // A zombie has no command line.
      if (use.words[0] !== "") uses.set(pid, use);
      const { words } = use;
      if (words[0]?.endsWith("node") && words[1]?.endsWith(agent)) continue;
      own = own === null ? null : own + readSize(pid, "smaps_rollup", "Pss");
    } catch (error) {
      // The process has ended, or the kernel does not report shared pages.
      if (error instanceof Error && "code" in error && error.code === "EACCES") own = null;
    }
  }
  return { all, own };
};

const TIMED = `TIMEFORMAT='%U %S'; time "$@"`;

/** Runs a command to its end without strace. CPU includes all descendants that were waited for. Throws if the command fails. */
export const measureUsage = async ({ words, cwd, env, input = "" }: Call, agent: string): Promise<Usage> => {
  const startedAt = performance.now();
  const child = spawn("bash", ["-c", TIMED, "bench", ...words], { cwd, env });
  let output = "";
  let peak: Memory = { all: 0, own: 0 };
  const uses = new Map<number, ProcessUse>();
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  const sampler = setInterval(() => {
    const { all, own } = sumMemory(child.pid ?? 0, agent, uses);
    peak = { all: Math.max(peak.all, all), own: peak.own === null || own === null ? null : Math.max(peak.own, own) };
  }, SAMPLE_MS);
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearInterval(sampler);
  const [, user, system] = /(\d+\.\d+) (\d+\.\d+)\s*$/.exec(output) ?? [];
  if (code !== 0 || user === undefined) throw new Error(`${words.join(" ")}: ${output.slice(-2_000)}`);
  const cpu = Number(user) + Number(system);
  const shares = sumShares(uses, agent, cpu);
  return { seconds: (performance.now() - startedAt) / 1_000, cpu, shares, peakMb: peak.all, ownPeakMb: peak.own };
};

const TRACE = ["strace", "-f", "-qq", "-s", "64", "-e", "trace=execve,clone,clone3,fork,vfork", "-o"];

/** Joins the two lines of a call that was interrupted by a call of another process. */
const joinCalls = (lines: readonly string[]): string[] => {
  const starts = new Map<string, string>();
  return lines.flatMap((line) => {
    const [pid = ""] = /^\d+/.exec(line) ?? [];
    const [, start] = /^(.*) <unfinished \.\.\.>$/.exec(line) ?? [];
    if (start !== undefined) starts.set(pid, start);
    const [, rest] = /<\.\.\. \w+ resumed>(.*)$/.exec(line) ?? [];
    return start === undefined ? [rest === undefined ? line : `${starts.get(pid) ?? ""}${rest}`] : [];
  });
};

/** Counts processes by their last program, since shells often become their command. The measured command itself does not count. */
const countKinds = (started: readonly string[], forks: number): Counts["kinds"] => {
  const programs = new Map(started.map((line) => [/^\d+/.exec(line)?.[0], /execve\("([^"]*)"/.exec(line)?.[1] ?? ""]));
  const kinds = [...programs.values()]
    .slice(1)
    .map((program) => KIND_PATTERNS.find(([, pattern]) => pattern.test(program))?.[0] ?? "others");
  const count = (kind: ForkKind): number => kinds.filter((each) => each === kind).length;
  const [git, node, shells, cells, others] = [count("git"), count("node"), count("shells"), count("cells"), count("others")];
  return { git, node, shells, cells, others, copies: Math.max(0, forks - kinds.length) };
};

/** Runs a command under strace and counts the processes that the command and its descendants start; null without strace. */
export const countProcesses = ({ words, cwd, env, input = "" }: Call, directory: string): Counts | null => {
  const file = join(directory, "trace");
  const startedAt = performance.now();
  const ran = spawnSync(TRACE[0] ?? "", [...TRACE.slice(1), file, ...words], { cwd, env, input, maxBuffer: 1 << 28 });
  if (ran.error) return null;
  const seconds = (performance.now() - startedAt) / 1_000;
  const lines = joinCalls(readFileSync(file, "latin1").split("\n"));
  const started = lines.filter((line) => line.includes("execve(") && line.endsWith("= 0"));
  const count = (pattern: RegExp): number => started.filter((line) => pattern.test(line)).length;
  const forks = lines.filter(
    (line) => /\b(?:clone3?|v?fork)\b/.test(line) && !line.includes("CLONE_THREAD") && / = \d+$/.test(line),
  ).length;
  return {
    forks,
    kinds: countKinds(started, forks),
    git: count(/execve\("[^"]*\/git"/),
    node: count(/execve\("[^"]*\/node"/),
    trips: count(/execve\("[^"]*\/git-remote-https?"/),
    seconds,
  };
};
