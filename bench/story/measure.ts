import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Usage = { readonly seconds: number; readonly cpu: number; readonly peakMb: number };
export type Counts = { readonly forks: number; readonly git: number; readonly node: number; readonly trips: number };
export type Call = { readonly words: readonly string[]; readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly input?: string };

const SAMPLE_MS = 100;

/** Resident memory of a process and its descendants, in MB; shared pages count for each. */
const sumMemory = (root: number): number => {
  const parents = new Map<number, number>();
  const sizes = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0));
      sizes.set(Number(name), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // The process ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => pid === root || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  return [...sizes].reduce((sum, [pid, size]) => sum + (isBelow(pid) ? size : 0), 0) / 1024;
};

const TIMED = `TIMEFORMAT='%U %S'; time "$@"`;

/** Runs a command to its end. Throws if it fails. CPU is that of all its waited-for descendants. */
export const measureUsage = async ({ words, cwd, env, input = "" }: Call): Promise<Usage> => {
  const begun = performance.now();
  const child = spawn("bash", ["-c", TIMED, "bench", ...words], { cwd, env });
  let [told, peakMb] = ["", 0];
  child.stdout.on("data", (chunk: Buffer) => (told += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (told += chunk.toString()));
  child.stdin.end(input);
  const sampler = setInterval(() => (peakMb = Math.max(peakMb, sumMemory(child.pid ?? 0))), SAMPLE_MS);
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearInterval(sampler);
  const [, user, system] = /(\d+\.\d+) (\d+\.\d+)\s*$/.exec(told) ?? [];
  if (code !== 0 || user === undefined) throw new Error(`${words.join(" ")}: ${told.slice(-2_000)}`);
  return { seconds: (performance.now() - begun) / 1_000, cpu: Number(user) + Number(system), peakMb };
};

const TRACE = ["strace", "-f", "-qq", "-s", "64", "-e", "trace=execve,clone,clone3,fork,vfork", "-o"];

/** Runs a command under strace and counts what it and its descendants start; null without strace. */
export const countProcesses = ({ words, cwd, env, input = "" }: Call, directory: string): Counts | null => {
  const file = join(directory, "trace");
  const ran = spawnSync(TRACE[0] ?? "", [...TRACE.slice(1), file, ...words], { cwd, env, input, maxBuffer: 1 << 28 });
  if (ran.error) return null;
  const lines = readFileSync(file, "latin1").split("\n");
  const started = lines.filter((line) => line.includes("execve(") && line.endsWith("= 0"));
  const count = (pattern: RegExp): number => started.filter((line) => pattern.test(line)).length;
  return {
    forks: lines.filter((line) => /\b(?:clone3?|v?fork)\b/.test(line) && !line.includes("CLONE_THREAD") && / = \d+$/.test(line)).length,
    git: count(/execve\("[^"]*\/git"/),
    node: count(/execve\("[^"]*\/node"/),
    trips: count(/execve\("[^"]*\/git-remote-https?"/),
  };
};
