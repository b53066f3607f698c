import { may, roleOf } from "./access.ts";
import { type Call, type Handler, ok } from "./exchange.ts";
import { Refusal } from "./refusal.ts";
import type { MergeMethod, MergeSettings } from "./merge-methods.ts";
import { mergeSettings } from "./merge-methods.ts";
import { wholeRepository } from "./repository-shape.ts";

const ALLOWED = { merge: "allow_merge_commit", squash: "allow_squash_merge", rebase: "allow_rebase_merge" } as const;
const NAMES = { merge: "Merge commits", squash: "Squash merges", rebase: "Rebase merges" } as const;

/** Refuses a way of merging that the repository does not allow. */
export const demandMethod = (merging: MergeSettings, method: MergeMethod): void => {
  if (!merging[ALLOWED[method]]) throw new Refusal(405, `${NAMES[method]} are not allowed on this repository.`);
};

/** True where the reader may write: GitHub shows how pull requests are merged to nobody else. */
export const mayWrite = ({ reader, repository }: Call): boolean =>
  reader !== null && may(reader, repository, { scope: "contents", level: "write" });

export const patchRepository: Handler = async (call) => {
  const { forge, repository } = call;
  const actor = call.actor();
  if (actor.kind === "user" && roleOf(repository, actor.account.login) !== "admin")
    throw new Refusal(403, "Must have admin rights to Repository.");
  const wanted = { ...repository.merging, ...(await call.input(mergeSettings.partial())) };
  if (!wanted.allow_merge_commit && !wanted.allow_squash_merge && !wanted.allow_rebase_merge)
    throw new Refusal(422, "Validation Failed", [
      { resource: "Repository", code: "custom", message: "At least one merge method must be allowed for pull requests" },
    ]);
  Object.assign(repository.merging, wanted);
  return ok(wholeRepository(forge, repository, mayWrite(call)));
};
