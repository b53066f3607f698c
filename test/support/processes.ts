import { readdirSync, readFileSync } from "node:fs";

const readProcessFile = (pid: string, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
};

/** The command lines of this machine's running processes that contain a text. Names a process also from outside of its namespace. */
export const runningWith = (text: string): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => !/^State:\s+[ZX]/m.test(readProcessFile(pid, "status")))
    .map((pid) => readProcessFile(pid, "cmdline").replaceAll("\0", " "))
    .filter((line) => line.includes(text));
