import type { EventId } from "../../model/event.ts";
import { RESULTS } from "../../model/refs.ts";
import type { Draft } from "../draft.ts";

/** How long ids are remembered after their event; comments are listed from the cursor, which is never older. */
const MEMORY = 24 * 60 * 60_000;

/** Removes the refs of results that were taken in, and forgets ids that no listing can bring again. */
export const reconcileInbox = (draft: Draft): void => {
  const { handled } = draft.ledger();
  for (const [ref, commit] of Object.entries(draft.snapshot.refs)) {
    if (!ref.startsWith(RESULTS) || handled[`result:${commit}`] === undefined) continue;
    draft.move(ref, null);
    draft.keep(commit);
  }
  const { cursor } = draft.ledger();
  for (const [id, at] of Object.entries(handled)) {
    // Keys of `handled` are event ids; Object.entries widens them.
    const listed = id.startsWith("comment:") && at >= cursor;
    if (at < draft.now - MEMORY && !listed) draft.forget(id as EventId);
  }
};
