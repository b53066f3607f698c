import type { Clone } from "../git/clone.ts";
import type { Sha } from "../model/ids.ts";
import { emptyLedger, type Ledger } from "../model/ledger.ts";
import { LEDGER } from "../model/refs.ts";
import { ledgerFiles } from "./layout.ts";
import { readInputs, readLedgerAt } from "./load.ts";

/**
 * One write of the ledger, and what deciding again from its parent and its inputs gives. `fence` led to nothing and has no inputs;
 * nor has `rebuilt`, the first write of a ledger in the place of one that somebody deleted.
 */
export type Replayed =
  | { readonly commit: Sha; readonly subject: string; readonly end: "same" | "fence" | "rebuilt" }
  | { readonly commit: Sha; readonly subject: string; readonly end: "differs"; readonly paths: readonly string[] };

/** Decides every write of the ledger again, oldest first. */
export const replayLedger = async (clone: Clone, decideAgain: (ledger: Ledger, inputs: unknown) => Ledger | null): Promise<Replayed[]> => {
  const tip = (await clone.refs())[LEDGER];
  const replayed: Replayed[] = [];
  let parent: Ledger = emptyLedger;
  for (const { commit, message } of tip === undefined ? [] : await clone.history(tip)) {
    const [subject = ""] = message.split("\n");
    const stored = await readLedgerAt(clone, commit);
    const inputs = await readInputs(clone, commit);
    if (inputs === null && replayed.length === 0) {
      replayed.push({ commit, subject, end: "rebuilt" });
      parent = stored;
      continue;
    }
    const again = inputs === null ? parent : decideAgain(parent, inputs);
    const paths = again ? differences(again, stored) : ["(it asked for facts that were not stored)"];
    replayed.push(
      paths.length > 0 ? { commit, subject, end: "differs", paths } : { commit, subject, end: inputs === null ? "fence" : "same" },
    );
    parent = stored;
  }
  return replayed;
};

const differences = (a: Ledger, b: Ledger): string[] => {
  const [left, right] = [ledgerFiles(null, a), ledgerFiles(null, b)];
  return [...new Set([...left.keys(), ...right.keys()])].filter((path) => left.get(path) !== right.get(path));
};
