import type { Event, EventId } from "../../domain/event.ts";
import { isMailExpired } from "../../domain/mail.ts";
import { RESULTS_PREFIX } from "../../domain/refs.ts";
import type { Draft } from "../draft.ts";

/** How long ids are remembered after their event; comments are listed from the cursor, which is never older. */
const MEMORY = 24 * 60 * 60_000;

type Written = Pick<Extract<Event, { kind: "commanded" }>, "at" | "edited" | "source">;

/** True for a text that was listed so long ago that its id is forgotten: its webhook is delivered again. An edited comment is refused anyway; an old review that is edited is not listed again. */
export const isForgotten = (draft: Draft, { at, edited, source }: Written): boolean =>
  (!edited || source.kind === "review") && at < draft.ledger().cursor && at < draft.now - MEMORY;

/** Removes the refs of results that were taken in, and forgets mail whose time is over and ids that no listing can bring again. */
export const reconcileInbox = (draft: Draft): void => {
  const { handledEvents } = draft.ledger();
  for (const [ref, commit] of Object.entries(draft.snapshot.refs)) {
    if (!ref.startsWith(RESULTS_PREFIX) || handledEvents[`result:${commit}`] === undefined) continue;
    draft.move(ref, null);
    draft.keep(commit);
  }
  for (const mail of draft.mails()) {
    // A person may still answer a question for as long as its agent waits, whatever time it was given.
    const asked = mail.to === "user" && mail.status === "pending";
    if (isMailExpired(mail, draft.now) && !asked) draft.dropMail(mail.id);
  }
  const { cursor } = draft.ledger();
  for (const [id, at] of Object.entries(handledEvents)) {
    // Keys of `handled` are event ids; Object.entries widens them.
    const listed = !id.startsWith("result:") && at >= cursor;
    if (at < draft.now - MEMORY && !listed) draft.forget(id as EventId);
  }
};
