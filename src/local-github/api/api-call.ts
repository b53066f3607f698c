import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ZodType } from "zod";
import { requirePermission, type RequiredPermission, getRepository } from "./repository-access.ts";
import { ApiRefusal } from "./api-refusal.ts";
import { readLinkOrigin } from "./client-host.ts";
import { apiUrl } from "./api-urls.ts";
import type { RequestActor } from "./forge-actor.ts";
import type { ForgeState } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import { findActor, readCredential } from "./access-tokens.ts";
import { HOUR_MS } from "../../core/domain/durations.ts";

/** A JSON answer; null as body means no content. */
export type ApiReply = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

/** An authorized request about one repository. */
export type ApiCall = {
  readonly forge: ForgeState;
  readonly repository: ForgeRepository;
  /** The requester; null if anonymous. */
  readonly reader: RequestActor | null;
  /** Returns the reader; throws a refusal for an anonymous request. */
  readonly actor: () => RequestActor;
  readonly param: (name: string) => string;
  readonly query: (name: string) => string | undefined;
  /** Parses and validates the request's JSON; throws a refusal if it does not match the schema. */
  readonly input: <T>(schema: ZodType<T>) => Promise<T>;
  /** Returns the requested page of a list, with links to the other pages. */
  readonly page: (items: readonly unknown[], wrap?: (items: readonly unknown[]) => unknown) => ApiReply;
};

export const okReply = (body: unknown): ApiReply => ({ status: 200, body });
export const createdReply = (body: unknown): ApiReply => ({ status: 201, body });
export const NO_CONTENT: ApiReply = { status: 204, body: null };

export const DEFAULT_PAGE_ITEMS = 30;
export const MAX_PAGE_ITEMS = 100;
const RATE_LIMIT_WINDOW_MS = HOUR_MS;

export const readPositiveInteger = (text: string | undefined, fallback: number): number => {
  const number = Number(text ?? fallback);
  return Number.isInteger(number) && number > 0 ? number : fallback;
};

/** Returns the requested page of a list, with links to the other pages. */
export const createPager =
  (forge: ForgeState, context: Context): ApiCall["page"] =>
  (items, wrap = (list) => list) => {
    const per = Math.min(MAX_PAGE_ITEMS, readPositiveInteger(context.req.query("per_page"), DEFAULT_PAGE_ITEMS));
    const page = readPositiveInteger(context.req.query("page"), 1);
    const last = Math.max(1, Math.ceil(items.length / per));
    const link = (to: number, rel: string): string => {
      const url = new URL(context.req.url);
      url.searchParams.set("page", String(to));
      return `<${readLinkOrigin(context.req.url, forge.url)}${url.pathname}${url.search}>; rel="${rel}"`;
    };
    const links = [
      ...(page > 1 ? [link(page - 1, "prev")] : []),
      ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
      ...(page > 1 ? [link(1, "first")] : []),
    ];
    const body = wrap(items.slice((page - 1) * per, page * per));
    return { status: 200, body, ...(links.length > 0 && { headers: { link: links.join(", ") } }) };
  };

export const readJsonInput = async <T>(context: Context, schema: ZodType<T>): Promise<T> => {
  const text = await context.req.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new ApiRefusal(400, "Problems parsing JSON");
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const faults = read.error.issues.map((issue) => `"${issue.path.join(".")}": ${issue.message}`);
  throw new ApiRefusal(422, `Invalid request.\n\n${faults.join("\n")}`);
};

/** Returns the actor of a request, null for an anonymous one; throws a refusal for an unknown credential. */
export const readRequestActor = (forge: ForgeState, context: Context): RequestActor | null => {
  const value = readCredential(context.req.header("authorization"));
  if (value === null) return null;
  const actor = findActor(forge, value);
  if (!actor) throw new ApiRefusal(401, "Bad credentials");
  return actor;
};

export const requireActor = (actor: RequestActor | null): RequestActor => {
  if (!actor) throw new ApiRefusal(401, "Requires authentication");
  return actor;
};

const createApiCall = (forge: ForgeState, context: Context, required: RequiredPermission): ApiCall => {
  const reader = readRequestActor(forge, context);
  const repository = getRepository(forge, context.req.param("owner") ?? "", context.req.param("repo") ?? "");
  requirePermission(reader, repository, required);
  return {
    forge,
    repository,
    reader,
    actor: () => requireActor(reader),
    param: (name) => context.req.param(name) ?? "",
    query: (name) => context.req.query(name),
    input: (schema) => readJsonInput(context, schema),
    page: createPager(forge, context),
  };
};

/** Counts a request against the rate limit of its token. The headers report what remains. */
export const countRequest = (forge: ForgeState, credential: string | null): { headers: Record<string, string>; over: boolean } => {
  const key = credential ?? "";
  const now = forge.now();
  const known = forge.requestCounts.get(key);
  const used = known && known.reset > now ? known : { count: 0, reset: now + RATE_LIMIT_WINDOW_MS };
  forge.requestCounts.set(key, used);
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

const uncountRequest = (forge: ForgeState, credential: string | null): void => {
  const used = forge.requestCounts.get(credential ?? "");
  if (used) used.count -= 1;
};

/** Sends an answer. A read with a matching `If-None-Match` is answered 304 and not counted against the rate limit. */
export const sendReply = (forge: ForgeState, context: Context, reply: ApiReply): Response => {
  for (const [name, value] of Object.entries(reply.headers ?? {})) context.header(name, value);
  if (reply.body === null) return context.body(null, reply.status === 204 ? 204 : 205);
  const text = JSON.stringify(reply.body);
  if (context.req.method === "GET" && reply.status === 200) {
    const etag = `W/"${createHash("sha256").update(text).digest("hex")}"`;
    context.header("etag", etag);
    if (context.req.header("if-none-match") === etag) {
      uncountRequest(forge, readCredential(context.req.header("authorization")));
      return context.body(null, 304);
    }
  }
  return context.body(text, reply.status as ContentfulStatusCode, { "content-type": "application/json; charset=utf-8" });
};

export const sendRefusal = (forge: ForgeState, context: Context, refusal: ApiRefusal): Response => {
  const body = {
    message: refusal.message,
    ...(refusal.errors && { errors: refusal.errors }),
    documentation_url: `${apiUrl(forge)}/docs`,
    status: String(refusal.status),
  };
  return context.body(JSON.stringify(body), refusal.status as ContentfulStatusCode, { "content-type": "application/json; charset=utf-8" });
};

/** Method, path below `/repos/:owner/:repo`, required permission and handler. */
export type ApiRoute = readonly ["GET" | "POST" | "PATCH" | "PUT" | "DELETE", string, RequiredPermission, RouteHandler];
export type RouteHandler = (call: ApiCall) => Promise<ApiReply> | ApiReply;

export const createRouteHandler =
  (forge: ForgeState, required: RequiredPermission, handler: RouteHandler) =>
  async (context: Context): Promise<Response> =>
    sendReply(forge, context, await handler(createApiCall(forge, context, required)));
