import { z } from "zod";
import { findRole } from "./repository-access.ts";
import { type ApiCall, createdReply, type RouteHandler, NO_CONTENT, okReply, type ApiRoute } from "./api-call.ts";
import { type MovedRef, applyPush } from "./apply-push.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { findMoveRefusal } from "./move-refusal.ts";
import { accountShape } from "./account-shape.ts";
import { type ApiJson, nodeId, repositoryUrl } from "./api-urls.ts";
import { getBranch, listBranches, listBranchRules } from "./branch-handlers.ts";
import { getContents } from "./get-contents.ts";
import { canWriteContents, updateRepository } from "./merge-settings.ts";
import { fullRepositoryShape } from "./repository-shape.ts";

const newRefSchema = z.object({ ref: z.string(), sha: z.string() });
const movedRefSchema = z.object({ sha: z.string(), force: z.boolean().default(false) });

const refShape = async (call: ApiCall, ref: string, sha: string): Promise<ApiJson> => ({
  ref,
  node_id: nodeId("Ref", ref),
  url: `${repositoryUrl(call.forge, call.repository)}/git/${ref}`,
  object: {
    sha,
    type: await call.repository.bare.readObjectType(sha),
    url: `${repositoryUrl(call.forge, call.repository)}/git/commits/${sha}`,
  },
});

const getRef: RouteHandler = async (call) => {
  const ref = `refs/${call.param("ref")}`;
  const sha = (await call.repository.bare.listRefs(ref)).get(ref);
  if (sha === undefined) throw notFoundRefusal();
  return okReply(await refShape(call, ref, sha));
};

const listMatchingRefs: RouteHandler = async (call) => {
  const prefix = `refs/${call.param("ref")}`;
  const found = [...(await call.repository.bare.listRefs())].filter(([ref]) => ref.startsWith(prefix));
  return call.page(await Promise.all(found.map(([ref, sha]) => refShape(call, ref, sha))));
};

/** Throws a refusal if a push of the same ref move would be refused. */
const requireAllowedMove = async (call: ApiCall, move: MovedRef): Promise<void> => {
  const refusal = await findMoveRefusal(call.repository, move, {
    actor: call.actor(),
    mergeOf: null,
    approvals: 0,
    apps: call.forge.apps,
  });
  if (refusal?.kind === "workflows") throw new ApiRefusal(403, "Resource not accessible by integration");
  if (refusal) throw new ApiRefusal(422, `Repository rule violations found\n\n${refusal.reason}\n\n`);
};

const moveRef = async (call: ApiCall, move: MovedRef): Promise<void> => {
  const { forge, repository } = call;
  if (move.ref.startsWith("refs/pull/")) throw new ApiRefusal(422, "Reference cannot be updated");
  if (move.to === null && move.ref === `refs/heads/${repository.defaultBranch}`) throw new ApiRefusal(422, "Cannot delete this branch");
  await requireAllowedMove(call, move);
  if (!(await repository.bare.moveRef(move.ref, move.from, move.to))) throw new ApiRefusal(422, "Reference cannot be updated");
  await applyPush(forge, repository, { actor: call.actor(), moves: [move] });
};

const createRef: RouteHandler = async (call) => {
  const { ref, sha } = await call.input(newRefSchema);
  const { bare } = call.repository;
  if (!/^refs\/[^/]+\/./.test(ref) || !(await bare.isRefName(ref))) throw new ApiRefusal(422, "Reference name is invalid");
  if (ref.startsWith("refs/pull/")) throw new ApiRefusal(422, "Reference name is invalid");
  if ((await bare.resolveCommit(sha)) === null) throw new ApiRefusal(422, "Object does not exist");
  return bare.runExclusively(async () => {
    if ((await bare.readRef(ref)) !== null) throw new ApiRefusal(422, "Reference already exists");
    await moveRef(call, { ref, from: null, to: sha });
    return createdReply(await refShape(call, ref, sha));
  });
};

const updateRef: RouteHandler = async (call) => {
  const { sha, force } = await call.input(movedRefSchema);
  const { bare } = call.repository;
  const ref = `refs/${call.param("ref")}`;
  if ((await bare.resolveCommit(sha)) === null) throw new ApiRefusal(422, "Object does not exist");
  return bare.runExclusively(async () => {
    const from = await bare.readRef(ref);
    if (from === null) throw new ApiRefusal(422, "Reference does not exist");
    if (!force && !(await bare.isAncestor(from, sha))) throw new ApiRefusal(422, "Update is not a fast forward");
    if (from !== sha) await moveRef(call, { ref, from, to: sha });
    return okReply(await refShape(call, ref, sha));
  });
};

const deleteRef: RouteHandler = (call) => {
  const { bare } = call.repository;
  const ref = `refs/${call.param("ref")}`;
  return bare.runExclusively(async () => {
    const from = await bare.readRef(ref);
    if (from === null) throw new ApiRefusal(422, "Reference does not exist");
    await moveRef(call, { ref, from, to: null });
    return NO_CONTENT;
  });
};

const LEGACY_PERMISSIONS: Readonly<Record<string, string>> = {
  admin: "admin",
  maintain: "write",
  write: "write",
  triage: "read",
  read: "read",
};

const getCollaboratorPermission: RouteHandler = (call) => {
  const known = call.forge.accounts.get(call.param("login").toLowerCase());
  if (!known) throw new ApiRefusal(404, `${call.param("login")} is not a user`);
  const role = findRole(call.repository, known.login);
  const role_name = role ?? "none";
  return okReply({
    permission: LEGACY_PERMISSIONS[role_name] ?? "none",
    role_name,
    user: { ...accountShape(call.forge, known), role_name },
  });
};

const METADATA_READ = { scope: "metadata", level: "read" } as const;
const CONTENTS_READ = { scope: "contents", level: "read" } as const;
const CONTENTS_WRITE = { scope: "contents", level: "write" } as const;

export const gitDataRoutes: readonly ApiRoute[] = [
  ["GET", "", METADATA_READ, (call) => okReply(fullRepositoryShape(call.forge, call.repository, canWriteContents(call)))],
  ["PATCH", "", { scope: "administration", level: "write" }, updateRepository],
  ["GET", "/collaborators/:login/permission", METADATA_READ, getCollaboratorPermission],
  ["GET", "/rules/branches/:branch{.+}", METADATA_READ, listBranchRules],
  ["GET", "/branches", CONTENTS_READ, listBranches],
  ["GET", "/branches/:branch{.+}", CONTENTS_READ, getBranch],
  ["GET", "/contents", CONTENTS_READ, getContents],
  ["GET", "/contents/:path{.*}", CONTENTS_READ, getContents],
  ["GET", "/git/ref/:ref{.+}", CONTENTS_READ, getRef],
  ["GET", "/git/matching-refs/:ref{.+}", CONTENTS_READ, listMatchingRefs],
  ["POST", "/git/refs", CONTENTS_WRITE, createRef],
  ["PATCH", "/git/refs/:ref{.+}", CONTENTS_WRITE, updateRef],
  ["DELETE", "/git/refs/:ref{.+}", CONTENTS_WRITE, deleteRef],
];
