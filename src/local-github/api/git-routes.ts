import { gunzipSync } from "node:zlib";
import type { Context, Hono } from "hono";
import { runGit } from "../../storage/git/run-git.ts";
import { isPermitted, getRepository } from "./repository-access.ts";
import { requireActor } from "./api-call.ts";
import { type ReadPush, readPush, addRefusalReasons, countObjects, formatPushReport } from "./git-report.ts";
import { type MovedRef, diffRefs, applyPush } from "./apply-push.ts";
import { ApiRefusal } from "./api-refusal.ts";
import { type MoveRefusal, findMoveRefusal } from "./move-refusal.ts";
import { type RequestActor } from "./forge-actor.ts";
import { type ForgeState } from "./forge-state.ts";
import { formatRepositoryKey, type ForgeRepository } from "./forge-repository.ts";
import { findActor, readCredential } from "./access-tokens.ts";

const GIT_SERVICE_TIMEOUT_MS = 600_000;
const GIT_SERVICES = ["git-upload-pack", "git-receive-pack"] as const;
type GitService = (typeof GIT_SERVICES)[number];

type GitRequest = {
  readonly forge: ForgeState;
  readonly repository: ForgeRepository;
  readonly actor: RequestActor | null;
  readonly protocol: string;
  /** The refused refs with their refusals. */
  readonly refusedRefs: ReadonlyMap<string, MoveRefusal>;
};

const readGitActor = (forge: ForgeState, context: Context): RequestActor | null => {
  const value = readCredential(context.req.header("authorization"));
  if (value === null) return null;
  const actor = findActor(forge, value);
  if (!actor) throw new ApiRefusal(401, "Invalid username or token. Password authentication is not supported for Git operations.");
  return actor;
};

/**
 * Authorizes a git request like GitHub: asks anonymous clients to sign in, hides what the actor may not read, and
 * refuses writes with 403.
 */
const authorizeGitRequest = (forge: ForgeState, context: Context, service: GitService): GitRequest => {
  const actor = readGitActor(forge, context);
  const [owner, name] = [context.req.param("owner") ?? "", (context.req.param("name") ?? "").replace(/\.git$/, "")];
  // Hide from anonymous clients whether a repository exists.
  if (!actor && !forge.repositories.has(formatRepositoryKey(owner, name))) throw new ApiRefusal(401, "Authentication required");
  const repository = getRepository(forge, owner, name);
  const canRead = isPermitted(actor, repository, { scope: "contents", level: "read" });
  const canWrite = service === "git-upload-pack" || isPermitted(actor, repository, { scope: "contents", level: "write" });
  if (!actor && !(canRead && canWrite)) throw new ApiRefusal(401, "Authentication required");
  if (!canRead) throw new ApiRefusal(404, "Repository not found.");
  if (!canWrite) throw new ApiRefusal(403, "Write access to repository not granted.");
  return { forge, repository, actor, protocol: context.req.header("git-protocol") ?? "", refusedRefs: new Map() };
};

/** Runs a git service. The update hook rejects the refused refs with their reasons. */
const runGitService = async (request: GitRequest, args: readonly string[], body: Buffer): Promise<Buffer> => {
  const { forge, repository, protocol, refusedRefs } = request;
  const lines = [...refusedRefs].map(([ref, refusal]) => `${ref} ${formatHookRemark(ref, refusal)}`);
  const env = { GIT_PROTOCOL: protocol, FORGE_REFUSED: lines.join("\n") };
  const at = { directory: repository.bare.directory, after: forge.after, timeoutMs: GIT_SERVICE_TIMEOUT_MS, env };
  const hooks = refusedRefs.size > 0 ? ["-c", "core.hooksPath=hooks"] : [];
  const ran = await runGit(at, [...hooks, ...args, "."], body);
  // The answer already contains git's message about a malformed request.
  return ran.stdout;
};

const formatHookRemark = (ref: string, { kind, reason }: MoveRefusal): string =>
  kind === "rules" ? `error: GH013: Repository rule violations found for ${ref}. ${reason}` : reason;

const formatPushRefusal = ({ kind, reason }: MoveRefusal): string =>
  kind === "rules" ? "push declined due to repository rule violations" : reason;

/** Finds the refused moves of a push. The objects of refused moves stay in the repository, unreferenced. */
const findRefusedMoves = async (
  { forge, repository }: GitRequest,
  actor: RequestActor,
  { moves, pack }: ReadPush,
): Promise<ReadonlyMap<string, MoveRefusal>> => {
  const refused = new Map<string, MoveRefusal>();
  if (countObjects(pack) > 0 && !(await repository.bare.storePack(pack))) return refused;
  for (const move of moves) {
    const from = await repository.bare.readRef(move.ref);
    if (from === move.to) continue;
    const refusal = await findMoveRefusal(repository, { ...move, from }, { actor, mergeOf: null, approvals: 0, apps: forge.apps });
    if (refusal) refused.set(move.ref, refusal);
  }
  return refused;
};

/** Whether the forge may do the moves of a push itself: they need no object, and no rule of receive-pack applies to them. */
const isDirectPush = ({ defaultBranch }: ForgeRepository, { moves, pack, capabilities, isPlain }: ReadPush): boolean => {
  const isDirect = ({ ref, from, to }: MovedRef): boolean =>
    from !== to && !ref.startsWith("refs/pull/") && (to !== null || ref !== `refs/heads/${defaultBranch}`);
  return (
    isPlain &&
    countObjects(pack) === 0 &&
    ["report-status", "side-band-64k"].every((name) => capabilities.includes(name)) &&
    (moves.length === 1 || capabilities.includes("atomic")) &&
    new Set(moves.map(({ ref }) => ref)).size === moves.length &&
    moves.every(isDirect)
  );
};

const receivePush = (request: GitRequest, body: Buffer): Promise<Buffer> => {
  const { forge, repository } = request;
  const actor = requireActor(request.actor);
  const { bare } = repository;
  return bare.runExclusively(async () => {
    const push = readPush(body);
    const refused = await findRefusedMoves(request, actor, push);
    if (refused.size === 0 && isDirectPush(repository, push) && bare.moveRefsDirectly(push.moves)) {
      await applyPush(forge, repository, { actor, moves: push.moves });
      return formatPushReport(push.moves);
    }
    const before = await bare.listRefs();
    const answer = await runGitService({ ...request, refusedRefs: refused }, ["receive-pack", "--stateless-rpc"], body);
    const moves = diffRefs(before, await bare.listRefs());
    if (moves.length > 0) await applyPush(forge, repository, { actor, moves });
    return addRefusalReasons(answer, new Map([...refused].map(([ref, refusal]) => [ref, formatPushRefusal(refusal)])));
  });
};

const readGitBody = async (context: Context): Promise<Buffer> => {
  const body = Buffer.from(await context.req.arrayBuffer());
  return context.req.header("content-encoding") === "gzip" ? gunzipSync(body) : body;
};

const sendGitRefusal = (context: Context, refusal: ApiRefusal): Response => {
  if (refusal.status === 401) context.header("www-authenticate", 'Basic realm="GitHub"');
  return context.body(`${refusal.message}\n`, refusal.status === 401 ? 401 : refusal.status === 403 ? 403 : 404, {
    "content-type": "text/plain",
  });
};

const answerGitRequest = async (context: Context, type: string, work: () => Promise<Buffer>): Promise<Response> => {
  try {
    const bytes = await work();
    return context.body(new Uint8Array(bytes), 200, { "content-type": type, "cache-control": "no-cache" });
  } catch (error) {
    if (error instanceof ApiRefusal) return sendGitRefusal(context, error);
    throw error;
  }
};

const advertiseRefs = async (forge: ForgeState, context: Context, service: GitService): Promise<Buffer> => {
  const request = authorizeGitRequest(forge, context, service);
  const first = `# service=${service}\n`;
  const head = `${(first.length + 4).toString(16).padStart(4, "0")}${first}0000`;
  const refs = await runGitService(request, [service.slice("git-".length), "--stateless-rpc", "--advertise-refs"], Buffer.alloc(0));
  return Buffer.concat([Buffer.from(head), refs]);
};

/** Serves git's smart HTTP protocol under `/<owner>/<name>`, with and without the suffix `.git`. */
export const gitRoutes = (forge: ForgeState, app: Hono): void => {
  app.get("/:owner/:name/info/refs", (context) => {
    const service = GIT_SERVICES.find((known) => known === context.req.query("service"));
    if (!service) return sendGitRefusal(context, new ApiRefusal(403, "Please upgrade your git client."));
    return answerGitRequest(context, `application/x-${service}-advertisement`, () => advertiseRefs(forge, context, service));
  });
  app.post("/:owner/:name/git-upload-pack", (context) =>
    answerGitRequest(context, "application/x-git-upload-pack-result", async () =>
      runGitService(authorizeGitRequest(forge, context, "git-upload-pack"), ["upload-pack", "--stateless-rpc"], await readGitBody(context)),
    ),
  );
  app.post("/:owner/:name/git-receive-pack", (context) =>
    answerGitRequest(context, "application/x-git-receive-pack-result", async () =>
      receivePush(authorizeGitRequest(forge, context, "git-receive-pack"), await readGitBody(context)),
    ),
  );
};
