import type { Execution } from "../model/execution.ts";
import { taskId } from "../model/ids.ts";
import type { Step } from "../model/step.ts";
import { code } from "./escape.ts";

/** More at once would bury the rest of a comment. */
const MOST = 10;

/** What people wrote on pull requests of steps that no attempt has read, and how it is worked on. */
export const unreadRemarks = ({ id }: Execution, steps: readonly Step[]): string =>
  steps
    .filter(({ remarks, pull, head, state }) => (remarks ?? []).length > 0 && pull !== null && head !== null && WAITING.has(state))
    .slice(0, MOST)
    .map(({ id: step, remarks, pull }) => {
      const count = (remarks ?? []).length;
      const wait = count === 1 ? "1 remark waits" : `${count} remarks wait`;
      return `${code(step)}: ${wait} on #${pull}. To have Enki address ${count === 1 ? "it" : "them"}, comment ${code(`/enki retry ${taskId(id, step)}`)} or request changes in a review.`;
    })
    .join("\n\n");

const WAITING: ReadonlySet<Step["state"]> = new Set(["worker_done", "waiting", "failed"]);
