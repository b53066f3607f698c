import { gunzipSync } from "node:zlib";
import type { Context, Hono } from "hono";
import { runGit } from "../git/run.ts";
import { may, repositoryNamed } from "./access.ts";
import { needActor } from "./exchange.ts";
import { readPush, tellWhy } from "./git-report.ts";
import { type Move, movesBetween, pushed } from "./pushes.ts";
import { Refusal } from "./refusal.ts";
import { type Broken, brokenBy } from "./rules.ts";
import { type Actor, type Forge, keyOf, type Repository } from "./state.ts";
import { actorOf, credentialOf } from "./tokens.ts";

const LIMIT = 600_000;
const SERVICES = ["git-upload-pack", "git-receive-pack"] as const;
type Service = (typeof SERVICES)[number];

type Asked = {
  readonly forge: Forge;
  readonly repository: Repository;
  readonly actor: Actor | null;
  readonly protocol: string;
  /** Why refs are refused, by ref. */
  readonly refused: ReadonlyMap<string, Broken>;
};

const readActor = (forge: Forge, context: Context): Actor | null => {
  const value = credentialOf(context.req.header("authorization"));
  if (value === null) return null;
  const actor = actorOf(forge, value);
  if (!actor) throw new Refusal(401, "Invalid username or token. Password authentication is not supported for Git operations.");
  return actor;
};

/** Refuses as GitHub's git does: who is unknown may sign in, who may not read sees nothing, who may not write is told so. */
const ask = (forge: Forge, context: Context, service: Service): Asked => {
  const actor = readActor(forge, context);
  const [owner, name] = [context.req.param("owner") ?? "", (context.req.param("name") ?? "").replace(/\.git$/, "")];
  // A stranger is not told what is there and what is not.
  if (!actor && !forge.repositories.has(keyOf(owner, name))) throw new Refusal(401, "Authentication required");
  const repository = repositoryNamed(forge, owner, name);
  const reads = may(actor, repository, { scope: "contents", level: "read" });
  const writes = service === "git-upload-pack" || may(actor, repository, { scope: "contents", level: "write" });
  if (!actor && !(reads && writes)) throw new Refusal(401, "Authentication required");
  if (!reads) throw new Refusal(404, "Repository not found.");
  if (!writes) throw new Refusal(403, "Write access to repository not granted.");
  return { forge, repository, actor, protocol: context.req.header("git-protocol") ?? "", refused: new Map() };
};

/** Runs a service of git; the update hook declines what is refused, and repeats the words. */
const serve = async (asked: Asked, args: readonly string[], body: Buffer): Promise<Buffer> => {
  const { forge, repository, protocol, refused } = asked;
  const lines = [...refused].map(([ref, broken]) => `${ref} ${remark(ref, broken)}`);
  const env = { GIT_PROTOCOL: protocol, FORGE_REFUSED: lines.join("\n") };
  const at = { directory: repository.bare.directory, after: forge.after, limit: LIMIT, env };
  const hooks = refused.size > 0 ? ["-c", "core.hooksPath=hooks"] : [];
  const ran = await runGit(at, [...hooks, ...args, "."], body);
  // What git has to say about a request that it cannot read is in the answer already.
  return ran.stdout;
};

const remark = (ref: string, { kind, why }: Broken): string =>
  kind === "rules" ? `error: GH013: Repository rule violations found for ${ref}. ${why}` : why;

const wordsFor = ({ kind, why }: Broken): string => (kind === "rules" ? "push declined due to repository rule violations" : why);

/** Refusals by ref. Objects of what is refused stay behind, as loose ones that nothing names. */
const judge = async ({ forge, repository }: Asked, actor: Actor, body: Buffer): Promise<ReadonlyMap<string, Broken>> => {
  const { moves, pack } = readPush(body);
  const refused = new Map<string, Broken>();
  if (pack.length > 0 && !(await repository.bare.unpack(pack))) return refused;
  const now = await repository.bare.refs();
  const isNew = ({ ref, to }: Move): boolean => (now.get(ref) ?? null) !== to;
  for (const move of moves.filter(isNew)) {
    const broken = await brokenBy(
      repository,
      { ...move, from: now.get(move.ref) ?? null },
      { actor, mergeOf: null, approvals: 0, apps: forge.apps },
    );
    if (broken) refused.set(move.ref, broken);
  }
  return refused;
};

const receive = (asked: Asked, body: Buffer): Promise<Buffer> => {
  const { forge, repository } = asked;
  const actor = needActor(asked.actor);
  const { bare } = repository;
  return bare.alone(async () => {
    const refused = await judge(asked, actor, body);
    const before = await bare.refs();
    const answer = await serve({ ...asked, refused }, ["receive-pack", "--stateless-rpc"], body);
    const moves = movesBetween(before, await bare.refs());
    if (moves.length > 0) await pushed(forge, repository, { actor, moves });
    return tellWhy(answer, new Map([...refused].map(([ref, broken]) => [ref, wordsFor(broken)])));
  });
};

const bodyOf = async (context: Context): Promise<Buffer> => {
  const body = Buffer.from(await context.req.arrayBuffer());
  return context.req.header("content-encoding") === "gzip" ? gunzipSync(body) : body;
};

const refuse = (context: Context, refusal: Refusal): Response => {
  if (refusal.status === 401) context.header("www-authenticate", 'Basic realm="GitHub"');
  return context.body(`${refusal.message}\n`, refusal.status === 401 ? 401 : refusal.status === 403 ? 403 : 404, {
    "content-type": "text/plain",
  });
};

const answer = async (context: Context, type: string, work: () => Promise<Buffer>): Promise<Response> => {
  try {
    const bytes = await work();
    return context.body(new Uint8Array(bytes), 200, { "content-type": type, "cache-control": "no-cache" });
  } catch (error) {
    if (error instanceof Refusal) return refuse(context, error);
    throw error;
  }
};

const advertise = async (forge: Forge, context: Context, service: Service): Promise<Buffer> => {
  const asked = ask(forge, context, service);
  const first = `# service=${service}\n`;
  const head = `${(first.length + 4).toString(16).padStart(4, "0")}${first}0000`;
  const refs = await serve(asked, [service.slice("git-".length), "--stateless-rpc", "--advertise-refs"], Buffer.alloc(0));
  return Buffer.concat([Buffer.from(head), refs]);
};

/** git over HTTP, smart protocol only, under `/<owner>/<name>.git` and without the suffix. */
export const gitRoutes = (forge: Forge, app: Hono): void => {
  app.get("/:owner/:name/info/refs", (context) => {
    const service = SERVICES.find((known) => known === context.req.query("service"));
    if (!service) return refuse(context, new Refusal(403, "Please upgrade your git client."));
    return answer(context, `application/x-${service}-advertisement`, () => advertise(forge, context, service));
  });
  app.post("/:owner/:name/git-upload-pack", (context) =>
    answer(context, "application/x-git-upload-pack-result", async () =>
      serve(ask(forge, context, "git-upload-pack"), ["upload-pack", "--stateless-rpc"], await bodyOf(context)),
    ),
  );
  app.post("/:owner/:name/git-receive-pack", (context) =>
    answer(context, "application/x-git-receive-pack-result", async () =>
      receive(ask(forge, context, "git-receive-pack"), await bodyOf(context)),
    ),
  );
};
