import type { Event, EventId } from "../../domain/event.ts";
import { isMailExpired } from "../../domain/mail.ts";
import { REQUESTS_PREFIX, RESULTS_PREFIX, toRefusedRef } from "../../domain/refs.ts";
import type { LedgerReader, RefWriter, MailWriter, EventWriter } from "../decision-transaction.ts";
import { DAY_MS } from "../../domain/durations.ts";

/** Milliseconds for which event ids are remembered. Comments are listed from the cursor, and the cursor is never older. */
const EVENT_MEMORY_MS = DAY_MS;

type DatedCommand = Pick<Extract<Event, { kind: "commanded" }>, "at" | "edited" | "source">;

/**
 * Whether a text is so old that its event id was deleted, so a webhook may be a repeated delivery. Edited comments are refused anyway;
 * edited reviews are not listed again. A request is read from its ref, which the write that applies it deletes.
 */
export const isForgottenEvent = (tx: LedgerReader, { at, edited, source }: DatedCommand): boolean =>
  (!edited || source.kind === "review") && source.kind !== "request" && at < tx.ledger().cursor && at < tx.now - EVENT_MEMORY_MS;

/** Deletes refs of applied results and requests, expired mail, and event ids that no listing can report again. */
export const reconcileInbox = (tx: RefWriter & MailWriter & EventWriter): void => {
  const { handledEvents } = tx.ledger();
  for (const [ref, commit] of Object.entries(tx.snapshot.refs)) {
    if (ref.startsWith(REQUESTS_PREFIX) && handledEvents[`request:${commit}`] !== undefined) tx.moveRef(ref, null);
    if (!ref.startsWith(RESULTS_PREFIX) || handledEvents[`result:${commit}`] === undefined) continue;
    tx.moveRef(ref, null);
    tx.retainResult(commit);
  }
  for (const mail of tx.mails()) {
    // A person may answer a question as long as its agent waits, even after the question expired.
    const asked = mail.to === "user" && mail.status === "pending";
    if (isMailExpired(mail, tx.now) && !asked) tx.dropMail(mail.id);
  }
  forgetOldEvents(tx);
};

const forgetOldEvents = (tx: EventWriter): void => {
  const { cursor, handledEvents } = tx.ledger();
  for (const [id, at] of Object.entries(handledEvents)) {
    // Keys of `handledEvents` are event ids; Object.entries widens them.
    const listed = isRefusedLedgerKept(tx, id) || (!/^(?:result|ledger|request):/.test(id) && at >= cursor);
    if (at < tx.now - EVENT_MEMORY_MS && !listed) tx.forgetEvent(id as EventId);
  }
};

/** Whether the ref of a refused ledger still exists. If so, its event is read again. */
const isRefusedLedgerKept = (tx: LedgerReader, id: string): boolean =>
  id.startsWith("ledger:") && tx.snapshot.refs[toRefusedRef(id.slice("ledger:".length))] !== undefined;
