import type { RepositoryClone } from "../git/repository-clone.ts";
import { GitError } from "../git/run-git.ts";
import type { Event } from "../../core/domain/event.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { emptyLedger, type Ledger } from "../../core/domain/ledger.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";
import { LEDGER_REF, readResultRef } from "../../core/domain/refs.ts";
import { INPUTS_FILE, readLedger } from "./ledger-files.ts";
import { readJobResult } from "./read-job-result.ts";

/** Loads the ledger at its tip in this clone; an empty ledger if the ref is missing. Throws if the ledger is unreadable. */
export const loadLedger = async (clone: RepositoryClone, refs: RepositoryRefs): Promise<{ ledger: Ledger; head: Sha | null }> => {
  const head = refs[LEDGER_REF] ?? null;
  return { head, ledger: head === null ? emptyLedger : await readLedgerAt(clone, head) };
};

export const readLedgerAt = async (clone: RepositoryClone, commit: Sha): Promise<Ledger> => {
  const read = readLedger(await clone.readFiles(commit));
  if (!read.ok) throw new GitError(read.refusal.message);
  return read.value;
};

/** Inputs of the decision behind a write; null for a fence. */
export const readWriteInputs = async (clone: RepositoryClone, commit: Sha): Promise<unknown> => {
  const content = (await clone.readFiles(commit, [INPUTS_FILE])).get(INPUTS_FILE);
  return content ? JSON.parse(content.toString("utf8")) : null;
};

/** Results that no write includes yet. Malformed results are ignored. */
export const loadJobResults = async (clone: RepositoryClone, refs: RepositoryRefs, ledger: Ledger): Promise<Event[]> => {
  const events: Event[] = [];
  for (const [ref, commit] of Object.entries(refs)) {
    const job = readResultRef(ref);
    if (!job || ledger.handledEvents[`result:${commit}`] !== undefined) continue;
    // Anyone with push access can create such a ref: a tag cannot become a parent, and a blob has no files.
    if (!(await clone.isCommit(commit))) continue;
    const content = (await clone.readFiles(commit, ["result.json"])).get("result.json");
    const result = content && readJobResult(content.toString("utf8"));
    // The ref identifies the job: a job can create only its own result ref, and publish names the ref.
    if (result?.job === job) events.push({ kind: "resulted", id: `result:${commit}`, commit, result });
  }
  return events;
};
