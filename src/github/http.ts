import type { ZodType } from "zod";
import { canonical, type Millis } from "../model/ids.ts";
import { answerIn, header } from "./failure.ts";
import { type Failed, type Meter, openMeter } from "./meter.ts";
import { type GraphQl, graphqlRoute, limitIn } from "./graphql.ts";
import type { Answer, Requester } from "./octokit.ts";
import type { Reply } from "./ports.ts";

/** https://docs.github.com/rest/about-the-rest-api/api-versions */
const API_VERSION = "2022-11-28";
const TIME_OUT = 30_000;
const CACHED = 500;
export const PER_PAGE = 100;

/** What people are told of. */
const TEXT = /^POST .*\/(?:pulls|issues|comments|replies)$/;

type Page<T> = { readonly value: T; readonly more: boolean };
type Request<T> = { readonly route: string; readonly parameters?: Readonly<Record<string, unknown>>; readonly schema: ZodType<T> };
type Repository = { readonly octokit: Requester; readonly owner: string; readonly repo: string; readonly clock: () => Millis };

export type Http = ReturnType<typeof openHttp>;

/**
 * Sends requests for one repository, each once. Reads are conditional.
 * While GitHub limits us nothing is sent: what is asked meanwhile is answered `later` with the time it named.
 */
export const openHttp = (repository: Repository) => {
  const meter = openMeter(repository.clock);
  const cache = openCache();

  const page = async <T>(request: Request<T>): Promise<Reply<Page<T>>> => {
    const key = canonical([request.route, request.parameters]);
    const filed = cache.get(key);
    // Another reader of the same address made something else of it.
    const known = filed?.schema === request.schema ? filed : undefined;
    const answer = await exchange(repository, meter, { ...request, etag: known?.etag });
    if ("ok" in answer) return answer;
    if (answer.status === 304 && known) {
      meter.succeeded(answer);
      // Read by this schema.
      return { ok: true, value: known.page as Page<T> };
    }
    const value = parse(meter, request, answer);
    if (!value.ok) return value;
    const read = { value: value.value, more: /rel="next"/.test(header(answer, "link") ?? "") };
    const etag = header(answer, "etag");
    if (etag !== null) cache.put(key, { etag, schema: request.schema, page: read });
    return { ok: true, value: read };
  };

  return {
    /** One page of a list, from the cache when GitHub says that nothing changed. */
    page,
    get: async <T>(request: Request<T>): Promise<Reply<T>> => {
      const reply = await page(request);
      return reply.ok ? { ok: true, value: reply.value.value } : reply;
    },
    /** Asks for a change. */
    send: async <T>(request: Request<T>): Promise<Reply<T>> => {
      const answer = await exchange(repository, meter, request);
      return "ok" in answer ? answer : parse(meter, request, answer);
    },
    /** Asks the other API: a read, though it is sent as a POST. */
    query: async <T>({ query, variables }: GraphQl, schema: ZodType<T>): Promise<Reply<T>> => {
      const { owner, repo } = repository;
      const request = { route: graphqlRoute(repository.octokit), parameters: { query, variables: { owner, repo, ...variables } }, schema };
      const answer = await exchange(repository, meter, { ...request, elsewhere: true });
      if ("ok" in answer) return answer;
      // A limit comes as an answer with errors.
      const limit = limitIn(answer.data);
      return limit === null ? parse(meter, request, answer) : meter.failed({ ...answer, status: 403, data: { message: limit } }, "");
    },
    requests: meter.requests,
    serverTime: meter.serverTime,
  };
};

/** What GitHub answered, "not modified" and refusals too; a failure when nothing came or nothing may be sent. */
const exchange = async (
  repository: Repository,
  meter: Meter,
  request: Request<unknown> & { readonly etag?: string | undefined; /** Not below the repository's address. */ readonly elsewhere?: true },
): Promise<Answer | Failed> => {
  const held = meter.held() ?? (TEXT.test(request.route) ? meter.paced() : null);
  if (held) return held;
  const { octokit, owner, repo } = repository;
  const headers = { "x-github-api-version": API_VERSION, ...(request.etag === undefined ? {} : { "if-none-match": request.etag }) };
  // `retries`: Probot's Octokit would send a POST again after a 502 that had its effect.
  const options = { retries: 0, signal: AbortSignal.timeout(TIME_OUT) };
  try {
    const place = request.elsewhere ? {} : { owner, repo };
    const answer = await octokit.request(request.route, { ...place, ...request.parameters, headers, request: options });
    meter.count(answer);
    return answer;
  } catch (error) {
    const answer = answerIn(error);
    meter.count(answer);
    return answer ?? meter.failed(null, error instanceof Error ? error.message : String(error));
  }
};

/** Octokit gives a body that was cut as text: what does not fit its schema may have had its effect. */
const parse = <T>(meter: Meter, request: Request<T>, answer: Answer): Reply<T> => {
  if (answer.status >= 300) return meter.failed(answer, "");
  const parsed = request.schema.safeParse(answer.data);
  if (!parsed.success) return meter.failed(null, `GitHub's answer to ${request.route} was cut, or is not what it documents`);
  meter.succeeded(answer);
  return { ok: true, value: parsed.data };
};

/** All items of a list, page after page; `whole` is false when there are more than `pages` pages. */
export const readAll = async <T>(
  http: Http,
  request: Request<readonly T[]>,
  pages: number,
): Promise<Reply<{ items: readonly T[]; whole: boolean }>> => {
  const items: T[] = [];
  for (let page = 1; page <= pages; page += 1) {
    const reply = await http.page({ ...request, parameters: { ...request.parameters, per_page: PER_PAGE, page } });
    if (!reply.ok) return reply;
    items.push(...reply.value.value);
    // A full page may have a successor that its unchanged copy does not know of.
    if (!reply.value.more && reply.value.value.length < PER_PAGE) return { ok: true, value: { items, whole: true } };
  }
  return { ok: true, value: { items, whole: false } };
};

type Entry = { readonly etag: string; readonly schema: ZodType; readonly page: Page<unknown> };

/** The answers that were read last, the least recently used one dropped first. */
const openCache = () => {
  const entries = new Map<string, Entry>();
  return {
    get: (key: string): Entry | undefined => {
      const entry = entries.get(key);
      if (entry) entries.delete(key);
      if (entry) entries.set(key, entry);
      return entry;
    },
    put: (key: string, entry: Entry): void => {
      entries.delete(key);
      entries.set(key, entry);
      const [oldest] = entries.keys();
      if (entries.size > CACHED && oldest !== undefined) entries.delete(oldest);
    },
  };
};
