import type { RepositoryClone } from "../git/repository-clone.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { emptyLedger, type Ledger, LEDGER_FORMAT } from "../../core/domain/ledger.ts";
import { LEDGER_REF } from "../../core/domain/refs.ts";
import { toLedgerFiles } from "./ledger-files.ts";
import { readWriteInputs, readLedgerAt } from "./load-ledger.ts";

/**
 * A ledger write, and whether repeating its decision gives the same ledger. `fence` and `rebuilt` (the first write after a ledger was
 * deleted) have no inputs. `older`: the inputs have a format that is no longer read.
 */
export type ReplayedWrite =
  | { readonly commit: Sha; readonly subject: string; readonly end: "same" | "fence" | "rebuilt" | "older" }
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
    const again = inputs === null ? parent : decideAgain(parent, inputs);
    const paths = again ? findDifferingFiles(again, stored) : ["(it asked for facts that were not stored)"];
    replayed.push(
      paths.length > 0 ? { commit, subject, end: "differs", paths } : { commit, subject, end: inputs === null ? "fence" : "same" },
    );
    parent = stored;
  }
  return replayed;
};

const findDifferingFiles = (a: Ledger, b: Ledger): string[] => {
  const [left, right] = [toLedgerFiles(null, a), toLedgerFiles(null, b)];
  return [...new Set([...left.keys(), ...right.keys()])].filter((path) => left.get(path) !== right.get(path));
};
