import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Usage = {
  readonly seconds: number;
  readonly cpu: number;
  /** Of all processes, with shared pages counted for each. */
  readonly peakMb: number;
  /** Of all processes but the agents, with shared pages counted once; null where the kernel does not tell. */
  readonly ownPeakMb: number | null;
};
export type Counts = {
  readonly forks: number;
  readonly git: number;
  readonly node: number;
  readonly trips: number;
  /** Wall time under strace, which slows each start of a process. */
  readonly seconds: number;
};
export type Call = { readonly words: readonly string[]; readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly input?: string };

const SAMPLE_MS = 200;
const KB_PER_MB = 1_024;

type Memory = { readonly all: number; readonly own: number | null };

const readSize = (pid: number, file: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))?.[1] ?? 0) / KB_PER_MB;

const listDescendants = (root: number): number[] => {
  const parents = new Map<number, number>();
  for (const pid of readdirSync("/proc").map(Number).filter(Number.isInteger)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The second field, a program's name, may hold anything.
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // The process ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => pid === root || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  return [...parents.keys()].filter((pid) => isBelow(pid));
};

/** The memory of a process and its descendants, in MB. `agent` is a word in the command lines of agents and of no other program in Node. */
const sumMemory = (root: number, agent: string): Memory => {
  let [all, own]: [number, number | null] = [0, 0];
  for (const pid of listDescendants(root)) {
    try {
      all += readSize(pid, "status", "VmRSS");
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (words[0]?.endsWith("node") && words[1]?.endsWith(agent)) continue;
      own = own === null ? null : own + readSize(pid, "smaps_rollup", "Pss");
    } catch (error) {
      // The process ended meanwhile, or the kernel does not tell.
      if (error instanceof Error && "code" in error && error.code === "EACCES") own = null;
    }
  }
  return { all, own };
};

const TIMED = `TIMEFORMAT='%U %S'; time "$@"`;

/** Runs a command to its end, without strace. Throws if it fails. CPU is that of all its waited-for descendants. */
export const measureUsage = async ({ words, cwd, env, input = "" }: Call, agent: string): Promise<Usage> => {
  const begun = performance.now();
  const child = spawn("bash", ["-c", TIMED, "bench", ...words], { cwd, env });
  let told = "";
  let peak: Memory = { all: 0, own: 0 };
  child.stdout.on("data", (chunk: Buffer) => (told += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (told += chunk.toString()));
  child.stdin.end(input);
  const sampler = setInterval(() => {
    const { all, own } = sumMemory(child.pid ?? 0, agent);
    peak = { all: Math.max(peak.all, all), own: peak.own === null || own === null ? null : Math.max(peak.own, own) };
  }, SAMPLE_MS);
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearInterval(sampler);
  const [, user, system] = /(\d+\.\d+) (\d+\.\d+)\s*$/.exec(told) ?? [];
  if (code !== 0 || user === undefined) throw new Error(`${words.join(" ")}: ${told.slice(-2_000)}`);
  return { seconds: (performance.now() - begun) / 1_000, cpu: Number(user) + Number(system), peakMb: peak.all, ownPeakMb: peak.own };
};

const TRACE = ["strace", "-f", "-qq", "-s", "64", "-e", "trace=execve,clone,clone3,fork,vfork", "-o"];

/** Runs a command under strace and counts what it and its descendants start; null without strace. */
export const countProcesses = ({ words, cwd, env, input = "" }: Call, directory: string): Counts | null => {
  const file = join(directory, "trace");
  const begun = performance.now();
  const ran = spawnSync(TRACE[0] ?? "", [...TRACE.slice(1), file, ...words], { cwd, env, input, maxBuffer: 1 << 28 });
  if (ran.error) return null;
  const seconds = (performance.now() - begun) / 1_000;
  const lines = readFileSync(file, "latin1").split("\n");
  const started = lines.filter((line) => line.includes("execve(") && line.endsWith("= 0"));
  const count = (pattern: RegExp): number => started.filter((line) => pattern.test(line)).length;
  return {
    forks: lines.filter((line) => /\b(?:clone3?|v?fork)\b/.test(line) && !line.includes("CLONE_THREAD") && / = \d+$/.test(line)).length,
    git: count(/execve\("[^"]*\/git"/),
    node: count(/execve\("[^"]*\/node"/),
    trips: count(/execve\("[^"]*\/git-remote-https?"/),
    seconds,
  };
};
