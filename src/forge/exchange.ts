import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ZodType } from "zod";
import { demand, type Need, repositoryNamed } from "./access.ts";
import { Refusal } from "./refusal.ts";
import { apiUrl } from "./addresses.ts";
import type { Actor, Forge, Repository } from "./state.ts";
import { actorOf, credentialOf } from "./tokens.ts";

/** An answer: its status and JSON; null for no content. */
export type Reply = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

/** A request about one repository, by somebody who may do it. */
export type Call = {
  readonly forge: Forge;
  readonly repository: Repository;
  /** Null for an anonymous reader. */
  readonly reader: Actor | null;
  /** Who asks; refuses the anonymous. */
  readonly actor: () => Actor;
  readonly param: (name: string) => string;
  readonly query: (name: string) => string | undefined;
  /** The request's JSON, checked; refuses what does not fit. */
  readonly input: <T>(schema: ZodType<T>) => Promise<T>;
  /** A page of a list, with links to the others. */
  readonly page: (items: readonly unknown[], wrap?: (items: readonly unknown[]) => unknown) => Reply;
};

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const created = (body: unknown): Reply => ({ status: 201, body });
export const nothing: Reply = { status: 204, body: null };

const PER_PAGE = 30;
const MOST = 100;
const HOUR = 3_600_000;

const whole = (text: string | undefined, otherwise: number): number => {
  const number = Number(text ?? otherwise);
  return Number.isInteger(number) && number > 0 ? number : otherwise;
};

const pageOf =
  (forge: Forge, context: Context): Call["page"] =>
  (items, wrap = (list) => list) => {
    const per = Math.min(MOST, whole(context.req.query("per_page"), PER_PAGE));
    const page = whole(context.req.query("page"), 1);
    const last = Math.max(1, Math.ceil(items.length / per));
    const link = (to: number, rel: string): string => {
      const url = new URL(context.req.url);
      url.searchParams.set("page", String(to));
      return `<${forge.url}${url.pathname}${url.search}>; rel="${rel}"`;
    };
    const links = [
      ...(page > 1 ? [link(page - 1, "prev")] : []),
      ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
      ...(page > 1 ? [link(1, "first")] : []),
    ];
    const body = wrap(items.slice((page - 1) * per, page * per));
    return { status: 200, body, ...(links.length > 0 && { headers: { link: links.join(", ") } }) };
  };

export const readInput = async <T>(context: Context, schema: ZodType<T>): Promise<T> => {
  const text = await context.req.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new Refusal(400, "Problems parsing JSON");
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const faults = read.error.issues.map((issue) => `"${issue.path.join(".")}": ${issue.message}`);
  throw new Refusal(422, `Invalid request.\n\n${faults.join("\n")}`);
};

/** Who a request is by; refuses a credential that nobody knows. */
export const readActor = (forge: Forge, context: Context): Actor | null => {
  const value = credentialOf(context.req.header("authorization"));
  if (value === null) return null;
  const actor = actorOf(forge, value);
  if (!actor) throw new Refusal(401, "Bad credentials");
  return actor;
};

export const needActor = (actor: Actor | null): Actor => {
  if (!actor) throw new Refusal(401, "Requires authentication");
  return actor;
};

const callOf = (forge: Forge, context: Context, need: Need): Call => {
  const reader = readActor(forge, context);
  const repository = repositoryNamed(forge, context.req.param("owner") ?? "", context.req.param("repo") ?? "");
  demand(reader, repository, need);
  return {
    forge,
    repository,
    reader,
    actor: () => needActor(reader),
    param: (name) => context.req.param(name) ?? "",
    query: (name) => context.req.query(name),
    input: (schema) => readInput(context, schema),
    page: pageOf(forge, context),
  };
};

/** Counts a request against its token's limit; headers tell what is left. */
export const meter = (forge: Forge, credential: string | null): { headers: Record<string, string>; over: boolean } => {
  const key = credential ?? "";
  const now = forge.now();
  const known = forge.used.get(key);
  const used = known && known.reset > now ? known : { count: 0, reset: now + HOUR };
  forge.used.set(key, used);
  const over = used.count >= forge.rateLimit;
  if (!over) used.count += 1;
  const headers = {
    "x-ratelimit-limit": String(forge.rateLimit),
    "x-ratelimit-remaining": String(forge.rateLimit - used.count),
    "x-ratelimit-used": String(used.count),
    "x-ratelimit-reset": String(Math.ceil(used.reset / 1_000)),
    "x-ratelimit-resource": "core",
  };
  return { headers, over };
};

const unmeter = (forge: Forge, credential: string | null): void => {
  const used = forge.used.get(credential ?? "");
  if (used) used.count -= 1;
};

/** Sends an answer; a read that the client has already is answered 304, and costs nothing. */
export const send = (forge: Forge, context: Context, reply: Reply): Response => {
  for (const [name, value] of Object.entries(reply.headers ?? {})) context.header(name, value);
  if (reply.body === null) return context.body(null, reply.status === 204 ? 204 : 205);
  const text = JSON.stringify(reply.body);
  if (context.req.method === "GET" && reply.status === 200) {
    const etag = `W/"${createHash("sha256").update(text).digest("hex")}"`;
    context.header("etag", etag);
    if (context.req.header("if-none-match") === etag) {
      unmeter(forge, credentialOf(context.req.header("authorization")));
      return context.body(null, 304);
    }
  }
  return context.body(text, reply.status as ContentfulStatusCode, { "content-type": "application/json; charset=utf-8" });
};

export const sendRefusal = (forge: Forge, context: Context, refusal: Refusal): Response => {
  const body = {
    message: refusal.message,
    ...(refusal.errors && { errors: refusal.errors }),
    documentation_url: `${apiUrl(forge)}/docs`,
    status: String(refusal.status),
  };
  return context.body(JSON.stringify(body), refusal.status as ContentfulStatusCode, { "content-type": "application/json; charset=utf-8" });
};

/** Method, path below `/repos/:owner/:repo`, what it needs, and what it does. */
export type Route = readonly ["GET" | "POST" | "PATCH" | "PUT" | "DELETE", string, Need, Handler];
export type Handler = (call: Call) => Promise<Reply> | Reply;

/** A handler of a route below `/repos/:owner/:repo`. */
export const handle =
  (forge: Forge, need: Need, handler: Handler) =>
  async (context: Context): Promise<Response> =>
    send(forge, context, await handler(callOf(forge, context, need)));
