import { isPermitted, findRole } from "./repository-access.ts";
import { type ApiCall, type RouteHandler, okReply } from "./api-call.ts";
import { ApiRefusal } from "./api-refusal.ts";
import type { PullMergeMethod, MergeSettings } from "./merge-methods.ts";
import { mergeSettingsSchema } from "./merge-methods.ts";
import { fullRepositoryShape } from "./repository-shape.ts";

const ALLOW_SETTINGS = { merge: "allow_merge_commit", squash: "allow_squash_merge", rebase: "allow_rebase_merge" } as const;
const MERGE_METHOD_LABELS = { merge: "Merge commits", squash: "Squash merges", rebase: "Rebase merges" } as const;

/** Throws a refusal if the repository does not allow the merge method. */
export const requireMergeMethod = (settings: MergeSettings, method: PullMergeMethod): void => {
  if (!settings[ALLOW_SETTINGS[method]]) throw new ApiRefusal(405, `${MERGE_METHOD_LABELS[method]} are not allowed on this repository.`);
};

/** Whether the reader has write access. GitHub shows the merge settings only to writers. */
export const canWriteContents = ({ reader, repository }: ApiCall): boolean =>
  reader !== null && isPermitted(reader, repository, { scope: "contents", level: "write" });

export const updateRepository: RouteHandler = async (call) => {
  const { forge, repository } = call;
  const actor = call.actor();
  if (actor.kind === "user" && findRole(repository, actor.account.login) !== "admin")
    throw new ApiRefusal(403, "Must have admin permissions to Repository.");
  const settings = { ...repository.mergeSettings, ...(await call.input(mergeSettingsSchema.partial())) };
  if (!settings.allow_merge_commit && !settings.allow_squash_merge && !settings.allow_rebase_merge)
    throw new ApiRefusal(422, "Validation Failed", [
      { resource: "Repository", code: "custom", message: "At least one merge method must be allowed for pull requests" },
    ]);
  Object.assign(repository.mergeSettings, settings);
  return okReply(fullRepositoryShape(forge, repository, canWriteContents(call)));
};
