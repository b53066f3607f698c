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

/** Requests with notifications for people. */
const CONTENT_ROUTE_PATTERN = /^POST .*\/(?:pulls|issues|comments|replies|requested_reviewers)$/;

type HttpPage<T> = { readonly value: T; readonly more: boolean };
type HttpRequest<T> = { readonly route: string; readonly parameters?: Readonly<Record<string, unknown>>; readonly schema: ZodType<T> };
type HttpTarget = { readonly octokit: GitHubRequester; readonly owner: string; readonly repo: string; readonly clock: () => Millis };

export type GitHubHttp = ReturnType<typeof openHttp>;

/**
 * Sends each request for a repository once. Reads are conditional.
 * During a rate limit nothing is sent: requests receive `later` with the time that GitHub named.
 */
export const openHttp = (repository: HttpTarget) => {
  const meter = openRequestMeter(repository.clock);
  const cache = openAnswerCache();

  const page = async <T>(request: HttpRequest<T>): Promise<GitHubReply<HttpPage<T>>> => {
    const key = toCanonicalJson([request.route, request.parameters]);
    const filed = cache.get(key);
    // Another reader parsed the same address with a different schema.
    const known = filed?.schema === request.schema ? filed : undefined;
    const answer = await sendRequest(repository, meter, { ...request, etag: known?.etag });
    if ("ok" in answer) return answer;
    if (answer.status === 304 && known) {
      meter.recordSuccess(answer);
      // The schema comparison above proves the type.
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
    /** Reads one page of a list, from the cache if GitHub reports no change. */
    page,
    get: async <T>(request: HttpRequest<T>): Promise<GitHubReply<T>> => {
      const reply = await page(request);
      return reply.ok ? { ok: true, value: reply.value.value } : reply;
    },
    send: async <T>(request: HttpRequest<T>): Promise<GitHubReply<T>> => {
      const answer = await sendRequest(repository, meter, request);
      return "ok" in answer ? answer : parseAnswer(meter, request, answer);
    },
    /** Sends a GraphQL query: a read, although the method is POST. */
    query: async <T>({ query, variables }: GraphQlQuery, schema: ZodType<T>): Promise<GitHubReply<T>> => {
      const { owner, repo } = repository;
      const request = {
        route: findGraphQlRoute(repository.octokit),
        parameters: { query, variables: { owner, repo, ...variables } },
        schema,
      };
      const answer = await sendRequest(repository, meter, { ...request, elsewhere: true });
      if ("ok" in answer) return answer;
      // GraphQL reports a rate limit as an answer with errors.
      const limit = findRateLimit(answer.data);
      return limit === null
        ? parseAnswer(meter, request, answer)
        : meter.recordFailure({ ...answer, status: 403, data: { message: limit } }, "");
    },
    requests: meter.requests,
    serverTime: meter.serverTime,
  };
};

/** Returns every answer of GitHub, including "not modified" and refusals; a failure if no answer arrived or sending is blocked. */
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
  // Without `retries: 0`, Probot's Octokit would repeat a POST after a 502, although the first POST may have succeeded.
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

/** Octokit returns a truncated body as text. A request whose answer does not match the schema may have succeeded. */
const parseAnswer = <T>(meter: RequestMeter, request: HttpRequest<T>, answer: GitHubAnswer): GitHubReply<T> => {
  if (answer.status >= 300) return meter.recordFailure(answer, "");
  const parsed = request.schema.safeParse(answer.data);
  if (!parsed.success) return meter.recordFailure(null, `GitHub's answer to ${request.route} was cut, or is not what it documents`);
  meter.recordSuccess(answer);
  return { ok: true, value: parsed.data };
};

/** Reads all pages of a list; `whole` is false if the list has more than `pages` pages. */
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
    // A full page is always followed: its cached copy may predate the next page.
    if (!reply.value.more && reply.value.value.length < ITEMS_PER_PAGE) return { ok: true, value: { items, whole: true } };
  }
  return { ok: true, value: { items, whole: false } };
};

type CachedAnswer = { readonly etag: string; readonly schema: ZodType; readonly page: HttpPage<unknown> };

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
