import type { RepositoryClone } from "../git/repository-clone.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { emptyLedger, type Ledger, LEDGER_FORMAT } from "../../core/domain/ledger.ts";
import { LEDGER_REF } from "../../core/domain/refs.ts";
import { toLedgerFiles } from "./ledger-files.ts";
import { readWriteInputs, readLedgerAt } from "./load-ledger.ts";

/**
 * A ledger write, and whether repeating its decision gives the same ledger. `reworded`: the same ledger except for sentences, which other
 * versions word differently. `fence` and `rebuilt` (the first write after a ledger was deleted) have no inputs. `older`: the inputs have a
 * format that is no longer read.
 */
export type ReplayedWrite =
  | { readonly commit: Sha; readonly subject: string; readonly end: "same" | "reworded" | "fence" | "rebuilt" | "older" }
  | { readonly commit: Sha; readonly subject: string; readonly end: "differs"; readonly paths: readonly string[] };

/** Repeats the decision of every ledger write, oldest first. */
export const replayLedger = async (
  clone: RepositoryClone,
  decideAgain: (ledger: Ledger, inputs: unknown) => Ledger | null,
): Promise<ReplayedWrite[]> => {
  const tip = (await clone.refs())[LEDGER_REF];
  const replayed: ReplayedWrite[] = [];
  let parent: Ledger = emptyLedger;
  for (const { commit, message } of tip === undefined ? [] : await clone.history(tip)) {
    const [subject = ""] = message.split("\n");
    const stored = await readLedgerAt(clone, commit);
    if (stored.format < LEDGER_FORMAT) {
      replayed.push({ commit, subject, end: "older" });
      parent = stored;
      continue;
    }
    const inputs = await readWriteInputs(clone, commit);
    if (inputs === null && replayed.length === 0) {
      replayed.push({ commit, subject, end: "rebuilt" });
      parent = stored;
      continue;
    }
    const again = inputs === null ? null : decideAgain(parent, inputs);
    replayed.push({ commit, subject, ...(inputs === null ? toFenceEnd(parent, stored) : compareLedgers(again, stored)) });
    parent = stored;
  }
  return replayed;
};

type ReplayEnd = { readonly end: "same" | "reworded" | "fence" } | { readonly end: "differs"; readonly paths: readonly string[] };

const toFenceEnd = (parent: Ledger, stored: Ledger): ReplayEnd => {
  const paths = findDifferingFiles(parent, stored);
  return paths.length > 0 ? { end: "differs", paths } : { end: "fence" };
};

const compareLedgers = (again: Ledger | null, stored: Ledger): ReplayEnd => {
  if (!again) return { end: "differs", paths: ["(it asked for facts that were not stored)"] };
  if (findDifferingFiles(again, stored).length === 0) return { end: "same" };
  const paths = findDifferingFiles(withoutSentences(again), withoutSentences(stored));
  return paths.length > 0 ? { end: "differs", paths } : { end: "reworded" };
};

const findDifferingFiles = (a: Ledger, b: Ledger): string[] => {
  const [left, right] = [toLedgerFiles(null, a), toLedgerFiles(null, b)];
  return [...new Set([...left.keys(), ...right.keys()])].filter((path) => left.get(path) !== right.get(path));
};

/** Fields with sentences that Enki wrote. Decisions read the codes beside them. */
const SENTENCES: ReadonlySet<string> = new Set(["message", "next", "reason"]);

const withoutSentences = (ledger: Ledger): Ledger => ({
  ...ledger,
  queues: blank(ledger.queues),
  executions: blank(ledger.executions),
  effectRecords: blank(ledger.effectRecords),
  outbox: blank(ledger.outbox, new Set([...SENTENCES, "body"])),
});

const blank = <T>(value: T, fields = SENTENCES): T =>
  JSON.parse(JSON.stringify(value, (key, field: unknown) => (isSentence(field) && fields.has(key) ? "" : field))) as T;

/** A code, such as the reason of a closed issue, is one word. */
const isSentence = (field: unknown): boolean => typeof field === "string" && field.includes(" ");
