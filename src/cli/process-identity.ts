import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";

/** The outermost namespace: https://man7.org/linux/man-pages/man7/pid_namespaces.7.html */
const INITIAL_NAMESPACE = "pid:[4026531836]";

/**
 * The start time of a process, in ticks since the boot, from `/proc/<pid>/stat`; null if the process has ended, even if its parent has
 * not waited for it yet.
 */
const readStartTicks = async (pid: number | string): Promise<string | null> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The program's name is in brackets and may contain spaces and brackets.
  const [state = "", ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const start = rest[18];
  return start === undefined || state === "Z" || state === "X" ? null : start;
};

const readBootId = async (): Promise<string> => (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim();

const readNamespace = (pid: number | "self"): Promise<string> => readlink(`/proc/${pid}/ns/pid`).catch(() => "");

/** From `ps`, for systems without `/proc`. The same process must always have the same text, whatever the person's language and time zone are. */
export const readListedStart = async (pid: number): Promise<string | null> => {
  const ended = { stdout: "Z" };
  const env = { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
  const { stdout } = await promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { env }).catch(() => ended);
  const [, state = "Z", start = ""] = /^\s*(\S+)\s+(.*\S)/.exec(stdout) ?? [];
  return state.startsWith("Z") ? null : start;
};

/** Tells a process apart from earlier, later and other containers' processes with the same number; null without a process. */
export const identifyProcess = async (pid: number): Promise<string | null> => {
  if (process.platform !== "linux") {
    const start = await readListedStart(pid);
    return start === null ? null : `${pid} ${start}`;
  }
  const start = await readStartTicks(pid);
  return start === null ? null : `${pid} ${start} ${await readBootId()} ${await readNamespace(pid)}`.trim();
};

/** Whether a visible process has the given number in its own namespace and the given start. */
const isVisibleFromHere = async (pid: string, start: string): Promise<boolean> => {
  for (const name of (await readdir("/proc")).filter((each) => /^\d+$/.test(each))) {
    const status = await readFile(`/proc/${name}/status`, "utf8").catch(() => "");
    const numbers = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    if (numbers.length > 1 && numbers.at(-1) === pid && (await readStartTicks(name)) === start) return true;
  }
  return false;
};

/**
 * Whether the identified process still runs. A process of another container may be invisible from here, and then counts as running
 * until the machine starts again.
 */
export const isProcessAlive = async (identity: string): Promise<boolean> => {
  const [pid = "", start = "", boot = "", namespace = ""] = identity.split(" ");
  const own = process.platform === "linux" ? await readNamespace("self") : "";
  if (own === "" || !namespace.startsWith("pid:[") || namespace === own) {
    const found = await identifyProcess(Number(pid));
    // Earlier versions wrote no namespace.
    return [identity, `${identity} ${own}`].some((each) => each === found);
  }
  if (boot !== (await readBootId())) return false;
  return own !== INITIAL_NAMESPACE || isVisibleFromHere(pid, start);
};
