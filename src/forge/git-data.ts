import { z } from "zod";
import { roleOf } from "./access.ts";
import { type Call, created, type Handler, nothing, ok, type Route } from "./exchange.ts";
import { type Move, pushed } from "./pushes.ts";
import { notFound, Refusal } from "./refusal.ts";
import { brokenBy } from "./rules.ts";
import { account } from "./account-shape.ts";
import { type Json, nodeId, repositoryUrl } from "./addresses.ts";
import { branch, branches, rules } from "./branches.ts";
import { contents } from "./contents.ts";
import { mayWrite, patchRepository } from "./merge-settings.ts";
import { wholeRepository } from "./repository-shape.ts";

const newRef = z.object({ ref: z.string(), sha: z.string() });
const movedRef = z.object({ sha: z.string(), force: z.boolean().default(false) });

const refShape = async (call: Call, ref: string, sha: string): Promise<Json> => ({
  ref,
  node_id: nodeId("Ref", ref),
  url: `${repositoryUrl(call.forge, call.repository)}/git/${ref}`,
  object: { sha, type: await call.repository.bare.typeOf(sha), url: `${repositoryUrl(call.forge, call.repository)}/git/commits/${sha}` },
});

const getRef: Handler = async (call) => {
  const ref = `refs/${call.param("ref")}`;
  const sha = (await call.repository.bare.refs(ref)).get(ref);
  if (sha === undefined) throw notFound();
  return ok(await refShape(call, ref, sha));
};

const matching: Handler = async (call) => {
  const prefix = `refs/${call.param("ref")}`;
  const found = [...(await call.repository.bare.refs())].filter(([ref]) => ref.startsWith(prefix));
  return call.page(await Promise.all(found.map(([ref, sha]) => refShape(call, ref, sha))));
};

/** Refuses what a push would be refused too. */
const demandUnbroken = async (call: Call, moving: Move): Promise<void> => {
  const broken = await brokenBy(call.repository, moving, { actor: call.actor(), mergeOf: null, approvals: 0, apps: call.forge.apps });
  if (broken?.kind === "workflows") throw new Refusal(403, "Resource not accessible by integration");
  if (broken) throw new Refusal(422, `Repository rule violations found\n\n${broken.why}\n\n`);
};

const move = async (call: Call, moving: Move): Promise<void> => {
  const { forge, repository } = call;
  if (moving.ref.startsWith("refs/pull/")) throw new Refusal(422, "Reference cannot be updated");
  if (moving.to === null && moving.ref === `refs/heads/${repository.defaultBranch}`) throw new Refusal(422, "Cannot delete this branch");
  await demandUnbroken(call, moving);
  if (!(await repository.bare.move(moving.ref, moving.from, moving.to))) throw new Refusal(422, "Reference cannot be updated");
  await pushed(forge, repository, { actor: call.actor(), moves: [moving] });
};

const createRef: Handler = async (call) => {
  const { ref, sha } = await call.input(newRef);
  const { bare } = call.repository;
  if (!/^refs\/[^/]+\/./.test(ref) || !(await bare.isRefName(ref))) throw new Refusal(422, "Reference name is invalid");
  if (ref.startsWith("refs/pull/")) throw new Refusal(422, "Reference name is invalid");
  if ((await bare.commit(sha)) === null) throw new Refusal(422, "Object does not exist");
  return bare.alone(async () => {
    if ((await bare.ref(ref)) !== null) throw new Refusal(422, "Reference already exists");
    await move(call, { ref, from: null, to: sha });
    return created(await refShape(call, ref, sha));
  });
};

const updateRef: Handler = async (call) => {
  const { sha, force } = await call.input(movedRef);
  const { bare } = call.repository;
  const ref = `refs/${call.param("ref")}`;
  if ((await bare.commit(sha)) === null) throw new Refusal(422, "Object does not exist");
  return bare.alone(async () => {
    const from = await bare.ref(ref);
    if (from === null) throw new Refusal(422, "Reference does not exist");
    if (!force && !(await bare.isAncestor(from, sha))) throw new Refusal(422, "Update is not a fast forward");
    if (from !== sha) await move(call, { ref, from, to: sha });
    return ok(await refShape(call, ref, sha));
  });
};

const deleteRef: Handler = (call) => {
  const { bare } = call.repository;
  const ref = `refs/${call.param("ref")}`;
  return bare.alone(async () => {
    const from = await bare.ref(ref);
    if (from === null) throw new Refusal(422, "Reference does not exist");
    await move(call, { ref, from, to: null });
    return nothing;
  });
};

const PERMISSIONS: Readonly<Record<string, string>> = { admin: "admin", maintain: "write", write: "write", triage: "read", read: "read" };

const permission: Handler = (call) => {
  const known = call.forge.accounts.get(call.param("login").toLowerCase());
  if (!known) throw new Refusal(404, `${call.param("login")} is not a user`);
  const role = roleOf(call.repository, known.login);
  const role_name = role ?? "none";
  return ok({ permission: PERMISSIONS[role_name] ?? "none", role_name, user: { ...account(call.forge, known), role_name } });
};

const METADATA = { scope: "metadata", level: "read" } as const;
const READ = { scope: "contents", level: "read" } as const;
const WRITE = { scope: "contents", level: "write" } as const;

/** Routes of a repository, its files, branches and refs, and who may do what in it. */
export const gitDataRoutes: readonly Route[] = [
  ["GET", "", METADATA, (call) => ok(wholeRepository(call.forge, call.repository, mayWrite(call)))],
  ["PATCH", "", { scope: "administration", level: "write" }, patchRepository],
  ["GET", "/collaborators/:login/permission", METADATA, permission],
  ["GET", "/rules/branches/:branch{.+}", METADATA, rules],
  ["GET", "/branches", READ, branches],
  ["GET", "/branches/:branch{.+}", READ, branch],
  ["GET", "/contents", READ, contents],
  ["GET", "/contents/:path{.*}", READ, contents],
  ["GET", "/git/ref/:ref{.+}", READ, getRef],
  ["GET", "/git/matching-refs/:ref{.+}", READ, matching],
  ["POST", "/git/refs", WRITE, createRef],
  ["PATCH", "/git/refs/:ref{.+}", WRITE, updateRef],
  ["DELETE", "/git/refs/:ref{.+}", WRITE, deleteRef],
];
