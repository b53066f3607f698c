import type { Execution } from "../domain/execution.ts";
import { toTaskId } from "../domain/ids.ts";
import type { Step } from "../domain/step.ts";
import { toInlineCode } from "./escape.ts";

/** More at once would bury the rest of a comment. */
const MAX_STEPS_WITH_REMARKS = 10;

/** What people wrote on pull requests of steps that no attempt has read, and how it is worked on. */
export const renderUnreadRemarks = ({ id }: Execution, steps: readonly Step[]): string =>
  steps
    .filter(
      ({ unreadRemarks: remarks, pull, head, state }) =>
        (remarks ?? []).length > 0 && pull !== null && head !== null && STATES_AWAITING_RETRY.has(state),
    )
    .slice(0, MAX_STEPS_WITH_REMARKS)
    .map(({ id: step, unreadRemarks: remarks, pull }) => {
      const count = (remarks ?? []).length;
      const wait = count === 1 ? "1 remark waits" : `${count} remarks wait`;
      return `${toInlineCode(step)}: ${wait} on #${pull}. To have Enki address ${count === 1 ? "it" : "them"}, comment ${toInlineCode(`/enki retry ${toTaskId(id, step)}`)} or request changes in a review.`;
    })
    .join("\n\n");

const STATES_AWAITING_RETRY: ReadonlySet<Step["state"]> = new Set(["published", "waiting", "failed"]);
