import type { Clone } from "../git/clone.ts";
import { readTaskId, type Sha } from "../model/ids.ts";
import type { Ledger } from "../model/ledger.ts";
import { readTrailers } from "../render/commits.ts";
import type { ConflictSpec } from "./spec.ts";

type Sources = { readonly clone: Clone; readonly ledger: Ledger };

/** The merge of both sides, and what the landed side was for. */
export const beginConflict = async ({ clone, ledger }: Sources, onto: Sha, conflict: ConflictSpec): Promise<ConflictSpec> => {
  const { head, anew, conflicts, from } = conflict;
  const merge = await clone.beginResolution({ onto, head, anew, from });
  const paths = conflicts.map(({ path }) => path);
  const messages = await clone.missing({ from: head, to: onto, paths });
  return { ...conflict, merge, landed: messages.map((message) => intent(ledger, message)) };
};

/** A landed step's title and task; of a commit that no step made, or none that is known any more, its message. */
const intent = ({ executions, plans }: Ledger, message: string): ConflictSpec["landed"][number] => {
  const [title = "", ...rest] = message.trim().split("\n");
  const id = readTaskId(readTrailers(message)?.task ?? "");
  const plan = plans[executions[id?.execution ?? ""]?.plan ?? ""];
  const step = plan?.steps.find((each) => each.id === id?.step);
  return step ? { title: step.title, task: step.description } : { title, task: rest.join("\n").trim() };
};
