import type { Execution } from "../domain/execution.ts";
import { toTaskId } from "../domain/ids.ts";
import type { Step } from "../domain/step.ts";
import { toInlineCode } from "./escape.ts";

const MAX_STEPS_WITH_REMARKS = 10;

/** Remarks on pull requests that no attempt has read, with the command to address them. */
export const renderUnreadRemarks = ({ id }: Execution, steps: readonly Step[]): string =>
  steps
    .filter(
      ({ unreadRemarks: remarks, pull, head, state }) =>
        (remarks ?? []).length > 0 && pull !== null && head !== null && STATES_AWAITING_RETRY.has(state),
    )
    .slice(0, MAX_STEPS_WITH_REMARKS)
    .map(({ id: step, unreadRemarks: remarks, pull }) => {
      const count = (remarks ?? []).length;
      const unread = count === 1 ? "1 unread remark" : `${count} unread remarks`;
      return `${toInlineCode(step)} has ${unread} on #${pull}. To have Enki address ${count === 1 ? "it" : "them"}, comment ${toInlineCode(`/enki retry ${toTaskId(id, step)}`)} or request changes in a review.`;
    })
    .join("\n\n");

const STATES_AWAITING_RETRY: ReadonlySet<Step["state"]> = new Set(["published", "waiting", "failed"]);
