import type { Event } from "../../core/domain/event.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";
import { REQUESTS_PREFIX } from "../../core/domain/refs.ts";
import { readRequest, REQUEST_FILE } from "../../core/events/read-request.ts";
import type { RepositoryClone } from "../git/repository-clone.ts";

const MAX_REQUEST_BYTES = 100_000;
/** Limits the reading of refs that somebody pushed by mistake. */
const MAX_REQUESTS = 100;

/** Unhandled requests of jobs of CI. A ref without a request is ignored. */
export const loadRequests = async (clone: RepositoryClone, refs: RepositoryRefs, ledger: Ledger): Promise<Event[]> => {
  const found = Object.entries(refs).filter(
    ([ref, commit]) => ref.startsWith(REQUESTS_PREFIX) && ledger.handledEvents[`request:${commit}`] === undefined,
  );
  const events: Event[] = [];
  for (const [, commit] of found.slice(0, MAX_REQUESTS)) {
    const text = (await clone.isCommit(commit)) ? await clone.textAt(commit, REQUEST_FILE, MAX_REQUEST_BYTES) : null;
    const event = text === null ? null : readRequest(text, commit);
    if (event) events.push(event);
  }
  return events;
};
