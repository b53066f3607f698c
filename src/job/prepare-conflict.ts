import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { readTaskId, type Sha } from "../core/domain/ids.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { readLandingTrailers } from "../core/messages/commit-messages.ts";
import type { ConflictSpec } from "./job-spec.ts";

type ConflictSources = { readonly clone: RepositoryClone; readonly ledger: Ledger };

/** Builds the partial merge of both sides and describes what landed on the base. */
export const prepareConflict = async ({ clone, ledger }: ConflictSources, onto: Sha, conflict: ConflictSpec): Promise<ConflictSpec> => {
  const { head, regenerated, conflicts, forkPoint } = conflict;
  const merge = await clone.startResolution({ onto, head, regenerated, forkPoint });
  const paths = conflicts.map(({ path }) => path);
  const messages = await clone.missingMessages({ from: head, to: onto, paths });
  return { ...conflict, merge, landed: messages.map((message) => describeLandedCommit(ledger, message)) };
};

/** A landed step's title and description; the commit's message if no known step made it. */
const describeLandedCommit = ({ executions, plans }: Ledger, message: string): ConflictSpec["landed"][number] => {
  const [title = "", ...rest] = message.trim().split("\n");
  const id = readTaskId(readLandingTrailers(message)?.task ?? "");
  const plan = plans[executions[id?.execution ?? ""]?.plan ?? ""];
  const step = plan?.steps.find((each) => each.id === id?.step);
  return step ? { title: step.title, task: step.description } : { title, task: rest.join("\n").trim() };
};
