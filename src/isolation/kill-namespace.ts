import { readFileSync } from "node:fs";

/** The first process of a namespace: the only child of `unshare`. Null if the system does not show it, or the namespace has ended. */
const findFirstProcess = (unshare: number): number | null => {
  try {
    const children = readFileSync(`/proc/${unshare}/task/${unshare}/children`, "utf8");
    return /^\d+ ?$/.test(children) ? Number(children) : null;
  } catch {
    return null;
  }
};

/**
 * Kills the first process of an `unshare` process's namespace, and thereby the others: the kernel ends them before `unshare` sees the end.
 * Killing `unshare` itself would report the end too early. Returns whether a process was killed.
 */
export const killNamespace = ({ pid }: { readonly pid?: number | undefined }): boolean => {
  const first = pid === undefined ? null : findFirstProcess(pid);
  try {
    return first !== null && process.kill(first, "SIGKILL");
  } catch {
    return false;
  }
};
