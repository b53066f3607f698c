import type { ZodType } from "zod";
import { toCanonicalJson, type Millis } from "../core/domain/ids.ts";
import { readThrownAnswer, readHeader } from "./classify-fault.ts";
import { type FailedReply, type RequestMeter, openRequestMeter } from "./request-meter.ts";
import { type GraphQlQuery, findGraphQlRoute, findRateLimit } from "./graphql-route.ts";
import type { GitHubAnswer, GitHubRequester } from "./open-octokit.ts";
import type { GitHubReply } from "./github-ports.ts";

/** https://docs.github.com/rest/about-the-rest-api/api-versions */
const API_VERSION = "2022-11-28";
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_CACHED_ANSWERS = 500;
export const ITEMS_PER_PAGE = 100;

/** What people are told of. */
const CONTENT_ROUTE_PATTERN = /^POST .*\/(?:pulls|issues|comments|replies)$/;

type HttpPage<T> = { readonly value: T; readonly more: boolean };
type HttpRequest<T> = { readonly route: string; readonly parameters?: Readonly<Record<string, unknown>>; readonly schema: ZodType<T> };
type HttpTarget = { readonly octokit: GitHubRequester; readonly owner: string; readonly repo: string; readonly clock: () => Millis };

export type GitHubHttp = ReturnType<typeof openHttp>;

/**
 * Sends requests for one repository, each once. Reads are conditional.
 * While GitHub limits us nothing is sent: what is asked meanwhile is answered `later` with the time it named.
 */
export const openHttp = (repository: HttpTarget) => {
  const meter = openRequestMeter(repository.clock);
  const cache = openAnswerCache();

  const page = async <T>(request: HttpRequest<T>): Promise<GitHubReply<HttpPage<T>>> => {
    const key = toCanonicalJson([request.route, request.parameters]);
    const filed = cache.get(key);
    // Another reader of the same address made something else of it.
    const known = filed?.schema === request.schema ? filed : undefined;
    const answer = await sendRequest(repository, meter, { ...request, etag: known?.etag });
    if ("ok" in answer) return answer;
    if (answer.status === 304 && known) {
      meter.recordSuccess(answer);
      // Read by this schema.
      return { ok: true, value: known.page as HttpPage<T> };
    }
    const value = parseAnswer(meter, request, answer);
    if (!value.ok) return value;
    const read = { value: value.value, more: /rel="next"/.test(readHeader(answer, "link") ?? "") };
    const etag = readHeader(answer, "etag");
    if (etag !== null) cache.put(key, { etag, schema: request.schema, page: read });
    return { ok: true, value: read };
  };

  return {
    /** One page of a list, from the cache when GitHub says that nothing changed. */
    page,
    get: async <T>(request: HttpRequest<T>): Promise<GitHubReply<T>> => {
      const reply = await page(request);
      return reply.ok ? { ok: true, value: reply.value.value } : reply;
    },
    /** Asks for a change. */
    send: async <T>(request: HttpRequest<T>): Promise<GitHubReply<T>> => {
      const answer = await sendRequest(repository, meter, request);
      return "ok" in answer ? answer : parseAnswer(meter, request, answer);
    },
    /** Asks the other API: a read, though it is sent as a POST. */
    query: async <T>({ query, variables }: GraphQlQuery, schema: ZodType<T>): Promise<GitHubReply<T>> => {
      const { owner, repo } = repository;
      const request = {
        route: findGraphQlRoute(repository.octokit),
        parameters: { query, variables: { owner, repo, ...variables } },
        schema,
      };
      const answer = await sendRequest(repository, meter, { ...request, elsewhere: true });
      if ("ok" in answer) return answer;
      // A limit comes as an answer with errors.
      const limit = findRateLimit(answer.data);
      return limit === null
        ? parseAnswer(meter, request, answer)
        : meter.recordFailure({ ...answer, status: 403, data: { message: limit } }, "");
    },
    requests: meter.requests,
    serverTime: meter.serverTime,
  };
};

/** What GitHub answered, "not modified" and refusals too; a failure when nothing came or nothing may be sent. */
const sendRequest = async (
  repository: HttpTarget,
  meter: RequestMeter,
  request: HttpRequest<unknown> & {
    readonly etag?: string | undefined;
    /** Not below the repository's address. */ readonly elsewhere?: true;
  },
): Promise<GitHubAnswer | FailedReply> => {
  const held = meter.checkBlocked() ?? (CONTENT_ROUTE_PATTERN.test(request.route) ? meter.recordContentRequest() : null);
  if (held) return held;
  const { octokit, owner, repo } = repository;
  const headers = { "x-github-api-version": API_VERSION, ...(request.etag === undefined ? {} : { "if-none-match": request.etag }) };
  // `retries`: Probot's Octokit would send a POST again after a 502 that had its effect.
  const options = { retries: 0, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) };
  try {
    const place = request.elsewhere ? {} : { owner, repo };
    const answer = await octokit.request(request.route, { ...place, ...request.parameters, headers, request: options });
    meter.recordRequest(answer);
    return answer;
  } catch (error) {
    const answer = readThrownAnswer(error);
    meter.recordRequest(answer);
    return answer ?? meter.recordFailure(null, error instanceof Error ? error.message : String(error));
  }
};

/** Octokit gives a body that was cut as text: what does not fit its schema may have had its effect. */
const parseAnswer = <T>(meter: RequestMeter, request: HttpRequest<T>, answer: GitHubAnswer): GitHubReply<T> => {
  if (answer.status >= 300) return meter.recordFailure(answer, "");
  const parsed = request.schema.safeParse(answer.data);
  if (!parsed.success) return meter.recordFailure(null, `GitHub's answer to ${request.route} was cut, or is not what it documents`);
  meter.recordSuccess(answer);
  return { ok: true, value: parsed.data };
};

/** All items of a list, page after page; `whole` is false when there are more than `pages` pages. */
export const readAllPages = async <T>(
  http: GitHubHttp,
  request: HttpRequest<readonly T[]>,
  pages: number,
): Promise<GitHubReply<{ items: readonly T[]; whole: boolean }>> => {
  const items: T[] = [];
  for (let page = 1; page <= pages; page += 1) {
    const reply = await http.page({ ...request, parameters: { ...request.parameters, per_page: ITEMS_PER_PAGE, page } });
    if (!reply.ok) return reply;
    items.push(...reply.value.value);
    // A full page may have a successor that its unchanged copy does not know of.
    if (!reply.value.more && reply.value.value.length < ITEMS_PER_PAGE) return { ok: true, value: { items, whole: true } };
  }
  return { ok: true, value: { items, whole: false } };
};

type CachedAnswer = { readonly etag: string; readonly schema: ZodType; readonly page: HttpPage<unknown> };

/** The answers that were read last, the least recently used one dropped first. */
const openAnswerCache = () => {
  const entries = new Map<string, CachedAnswer>();
  return {
    get: (key: string): CachedAnswer | undefined => {
      const entry = entries.get(key);
      if (entry) entries.delete(key);
      if (entry) entries.set(key, entry);
      return entry;
    },
    put: (key: string, entry: CachedAnswer): void => {
      entries.delete(key);
      entries.set(key, entry);
      const [oldest] = entries.keys();
      if (entries.size > MAX_CACHED_ANSWERS && oldest !== undefined) entries.delete(oldest);
    },
  };
};
