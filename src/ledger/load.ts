import type { Clone } from "../git/clone.ts";
import { GitError } from "../git/run.ts";
import type { Event } from "../model/event.ts";
import type { Sha } from "../model/ids.ts";
import { emptyLedger, type Ledger } from "../model/ledger.ts";
import type { Refs } from "../model/query.ts";
import { LEDGER, readResultRef } from "../model/refs.ts";
import { INPUTS, readLedger } from "./layout.ts";
import { readResult } from "./result.ts";

/** The ledger at its tip in this clone; an empty one where there is none. Throws for one that cannot be read. */
export const loadLedger = async (clone: Clone, refs: Refs): Promise<{ ledger: Ledger; head: Sha | null }> => {
  const head = refs[LEDGER] ?? null;
  return { head, ledger: head === null ? emptyLedger : await readLedgerAt(clone, head) };
};

/** The ledger as a write left it. */
export const readLedgerAt = async (clone: Clone, commit: Sha): Promise<Ledger> => {
  const read = readLedger(await clone.readFiles(commit));
  if (!read.ok) throw new GitError(read.refusal.why);
  return read.value;
};

/** What led to a write; null for a fence. */
export const readInputs = async (clone: Clone, commit: Sha): Promise<unknown> => {
  const content = (await clone.readFiles(commit, [INPUTS])).get(INPUTS);
  return content ? JSON.parse(content.toString("utf8")) : null;
};

/** Results that jobs left and no write took in yet. A result that is not of our form is left alone. */
export const loadResults = async (clone: Clone, refs: Refs, ledger: Ledger): Promise<Event[]> => {
  const events: Event[] = [];
  for (const [ref, commit] of Object.entries(refs)) {
    const job = readResultRef(ref);
    if (!job || ledger.handled[`result:${commit}`] !== undefined) continue;
    // Whoever may push can leave anything here: a tag could not be kept as a parent, a blob has no files.
    if (!(await clone.isCommit(commit))) continue;
    const content = (await clone.readFiles(commit, ["result.json"])).get("result.json");
    const result = content && readResult(content.toString("utf8"));
    // The ref says which job it was: a job can create its own result ref only, and publish names it.
    if (result?.job === job) events.push({ kind: "resulted", id: `result:${commit}`, commit, result });
  }
  return events;
};
