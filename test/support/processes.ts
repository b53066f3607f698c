import { readdirSync, readFileSync } from "node:fs";

const readProcessFile = (pid: string, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
};

/** Returns the command lines of running processes with this text, also from outside of a process's namespace. */
export const runningWith = (text: string): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => !/^State:\s+[ZX]/m.test(readProcessFile(pid, "status")))
    .map((pid) => readProcessFile(pid, "cmdline").replaceAll("\0", " "))
    .filter((line) => line.includes(text));
