import type { RepositoryClone } from "../git/repository-clone.ts";
import { GitError } from "../git/run-git.ts";
import type { Event } from "../../core/domain/event.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { emptyLedger, type Ledger } from "../../core/domain/ledger.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";
import type { JobResult } from "../../core/domain/job.ts";
import { LEDGER_REF, readResultRef, RESULTS_PREFIX } from "../../core/domain/refs.ts";
import { redactResult } from "../../core/policy/redact-result.ts";
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

/** The largest `result.json` that is read, in bytes; publish writes far less. */
export const MAX_RESULT_BYTES = 20_000_000;

/** Opens a reader of unhandled results and of refs without a usable result. Remembers earlier ledgers and results. */
export const openResultReader = (clone: RepositoryClone) => {
  const memory = createLedgerMemory(clone);
  const readResult = createResultMemory(clone);
  return async (refs: RepositoryRefs, ledger: Ledger): Promise<Event[]> => {
    const events: Event[] = [];
    const isOwnLedger = memory(refs[LEDGER_REF] ?? null);
    for (const [ref, commit] of Object.entries(refs)) {
      if (!ref.startsWith(RESULTS_PREFIX) || ledger.handledEvents[`result:${commit}`] !== undefined) continue;
      const job = readResultRef(ref);
      const result = job === null ? "malformed" : await readResult(commit);
      if (typeof result === "string") events.push({ kind: "misplaced", ref, commit, job, fault: result });
      // A job creates the ref of its own name only.
      else if (result.job !== job) events.push({ kind: "misplaced", ref, commit, job, fault: "other-job" });
      else if (!(await isOwnLedger(result.ledgers ?? []))) events.push({ kind: "misplaced", ref, commit, job, fault: "foreign-ledger" });
      else events.push({ kind: "resulted", id: `result:${commit}`, commit, result });
    }
    return events;
  };
};

const MAX_KNOWN_LEDGERS = 10_000;

/** Recognizes commits with Enki's ledgers: the tip, an earlier commit, or an earlier tip of the process. */
const createLedgerMemory = (clone: RepositoryClone) => {
  const known = new Set<Sha>();
  const isKnown = async (commit: Sha, tip: Sha | null): Promise<boolean> => {
    if (known.has(commit)) return true;
    if (tip === null || !(await clone.isAncestor(commit, tip))) return false;
    known.add(commit);
    return true;
  };
  return (tip: Sha | null) => {
    if (known.size > MAX_KNOWN_LEDGERS) known.clear();
    if (tip !== null) known.add(tip);
    return async (commits: readonly Sha[]): Promise<boolean> => {
      for (const commit of commits) if (!(await isKnown(commit, tip))) return false;
      return true;
    };
  };
};

const MAX_KNOWN_RESULTS = 100;

/** Reads results without credentials, each commit once: a result waits here until GitHub shows its run. */
const createResultMemory = (clone: RepositoryClone) => {
  const known = new Map<Sha, JobResult>();
  return async (commit: Sha): Promise<JobResult | "not-a-commit" | "malformed"> => {
    const before = known.get(commit);
    if (before) return before;
    const read = await readResultAt(clone, commit);
    if (typeof read === "string") return read;
    const result = redactResult(read);
    if (known.size >= MAX_KNOWN_RESULTS) known.clear();
    known.set(commit, result);
    return result;
  };
};

/** Anyone with push access can create such a ref: a tag cannot become a parent, and a blob has no files. */
const readResultAt = async (clone: RepositoryClone, commit: Sha): Promise<JobResult | "not-a-commit" | "malformed"> => {
  if (!(await clone.isCommit(commit))) return "not-a-commit";
  const text = await clone.textAt(commit, "result.json", MAX_RESULT_BYTES);
  return (text === null ? null : readJobResult(text)) ?? "malformed";
};
