import type { Event, EventId } from "../../domain/event.ts";
import { isMailExpired } from "../../domain/mail.ts";
import { RESULTS_PREFIX } from "../../domain/refs.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";

/** How long ids are remembered after their event; comments are listed from the cursor, which is never older. */
const MEMORY = 24 * 60 * 60_000;

type Written = Pick<Extract<Event, { kind: "commanded" }>, "at" | "edited" | "source">;

/** True for a text that was listed so long ago that its id is forgotten: its webhook is delivered again. An edited comment is refused anyway; an old review that is edited is not listed again. */
export const isForgotten = (tx: DecisionTransaction, { at, edited, source }: Written): boolean =>
  (!edited || source.kind === "review") && at < tx.ledger().cursor && at < tx.now - MEMORY;

/** Removes the refs of results that were taken in, and forgets mail whose time is over and ids that no listing can bring again. */
export const reconcileInbox = (tx: DecisionTransaction): void => {
  const { handledEvents } = tx.ledger();
  for (const [ref, commit] of Object.entries(tx.snapshot.refs)) {
    if (!ref.startsWith(RESULTS_PREFIX) || handledEvents[`result:${commit}`] === undefined) continue;
    tx.moveRef(ref, null);
    tx.retainResult(commit);
  }
  for (const mail of tx.mails()) {
    // A person may still answer a question for as long as its agent waits, whatever time it was given.
    const asked = mail.to === "user" && mail.status === "pending";
    if (isMailExpired(mail, tx.now) && !asked) tx.dropMail(mail.id);
  }
  const { cursor } = tx.ledger();
  for (const [id, at] of Object.entries(handledEvents)) {
    // Keys of `handled` are event ids; Object.entries widens them.
    const listed = !id.startsWith("result:") && at >= cursor;
    if (at < tx.now - MEMORY && !listed) tx.forgetEvent(id as EventId);
  }
};
