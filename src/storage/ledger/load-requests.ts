import type { Event } from "../../core/domain/event.ts";
import type { Millis } from "../../core/domain/ids.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";
import { REQUESTS_PREFIX } from "../../core/domain/refs.ts";
import { readRequest, REQUEST_FILE } from "../../core/events/read-request.ts";
import type { RepositoryClone } from "../git/repository-clone.ts";

const MAX_REQUEST_BYTES = 100_000;
/** Limits the reading of refs that somebody pushed by mistake; the others are read after these are deleted. */
const MAX_REQUESTS = 100;

export type RequestState = { readonly refs: RepositoryRefs; readonly ledger: Ledger; readonly now: Millis };

/** Unhandled requests of jobs of CI, and refs without a request in their place. */
export const loadRequests = async (clone: RepositoryClone, { refs, ledger, now }: RequestState): Promise<Event[]> => {
  const found = Object.entries(refs).filter(
    ([ref, commit]) => ref.startsWith(REQUESTS_PREFIX) && ledger.handledEvents[`request:${commit}`] === undefined,
  );
  const events: Event[] = [];
  for (const [ref, commit] of found.slice(0, MAX_REQUESTS)) {
    const text = (await clone.isCommit(commit)) ? await clone.textAt(commit, REQUEST_FILE, MAX_REQUEST_BYTES) : null;
    const event = text === null ? null : readRequest(text, { commit, now });
    events.push(event ?? { kind: "misplaced", ref, commit, job: null, fault: "no-request" });
  }
  return events;
};
