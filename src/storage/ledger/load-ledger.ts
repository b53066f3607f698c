import type { RepositoryClone } from "../git/repository-clone.ts";
import { GitError } from "../git/run-git.ts";
import type { Event } from "../../core/domain/event.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { emptyLedger, type Ledger } from "../../core/domain/ledger.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";
import { LEDGER_REF, readResultRef } from "../../core/domain/refs.ts";
import { INPUTS_FILE, readLedger } from "./ledger-files.ts";
import { readJobResult } from "./read-job-result.ts";

/** The ledger at its tip in this clone; an empty one where there is none. Throws for one that cannot be read. */
export const loadLedger = async (clone: RepositoryClone, refs: RepositoryRefs): Promise<{ ledger: Ledger; head: Sha | null }> => {
  const head = refs[LEDGER_REF] ?? null;
  return { head, ledger: head === null ? emptyLedger : await readLedgerAt(clone, head) };
};

/** The ledger as a write left it. */
export const readLedgerAt = async (clone: RepositoryClone, commit: Sha): Promise<Ledger> => {
  const read = readLedger(await clone.readFiles(commit));
  if (!read.ok) throw new GitError(read.refusal.message);
  return read.value;
};

/** What led to a write; null for a fence. */
export const readWriteInputs = async (clone: RepositoryClone, commit: Sha): Promise<unknown> => {
  const content = (await clone.readFiles(commit, [INPUTS_FILE])).get(INPUTS_FILE);
  return content ? JSON.parse(content.toString("utf8")) : null;
};

/** Results that jobs left and no write took in yet. A result that is not of our form is left alone. */
export const loadJobResults = async (clone: RepositoryClone, refs: RepositoryRefs, ledger: Ledger): Promise<Event[]> => {
  const events: Event[] = [];
  for (const [ref, commit] of Object.entries(refs)) {
    const job = readResultRef(ref);
    if (!job || ledger.handledEvents[`result:${commit}`] !== undefined) continue;
    // Whoever may push can leave anything here: a tag could not be kept as a parent, a blob has no files.
    if (!(await clone.isCommit(commit))) continue;
    const content = (await clone.readFiles(commit, ["result.json"])).get("result.json");
    const result = content && readJobResult(content.toString("utf8"));
    // The ref says which job it was: a job can create its own result ref only, and publish names it.
    if (result?.job === job) events.push({ kind: "resulted", id: `result:${commit}`, commit, result });
  }
  return events;
};
