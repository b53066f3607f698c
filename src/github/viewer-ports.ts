import { z } from "zod";
import type { Millis } from "../core/domain/ids.ts";
import type {
  CodeFields,
  LoginFields,
  LoginPort,
  NamedRepository,
  TokenReply,
  ViewerPort,
  ViewerReply,
  ViewerToken,
} from "../core/domain/viewer-port.ts";
import { classifyFault, readThrownAnswer } from "./classify-fault.ts";
import type { GitHubRequester } from "./open-octokit.ts";
import { SECOND_MS } from "../core/domain/durations.ts";

export type ViewerTimers = { readonly now: () => Millis; readonly after: (delay: Millis, call: () => void) => () => void };

/** A page waits no longer for GitHub. */
const VIEWER_TIMEOUT_MS = 10_000;
const MAX_PER_PAGE = 100;
/** Bounds the list of a viewer who may read thousands of repositories. */
const MAX_LIST_REQUESTS = 10;

/** Sends a request that ends in time. */
const openTimedRequests = (anonymous: GitHubRequester, { after }: ViewerTimers) => {
  return async (route: string, parameters: Record<string, unknown>): Promise<unknown> => {
    const stop = new AbortController();
    const cancel = after(VIEWER_TIMEOUT_MS, () => stop.abort());
    try {
      return (await anonymous.request(route, { ...parameters, request: { signal: stop.signal } })).data;
    } finally {
      cancel();
    }
  };
};

const describeError = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const toFailure = (error: unknown): Extract<ViewerReply<never>, { ok: false }> => {
  const answer = readThrownAnswer(error);
  if (answer?.status === 401) return { ok: false, why: "ended" };
  const { failure } = classifyFault(answer, describeError(error), { now: 0, faults: 0 });
  return { ok: false, why: failure.kind === "refused" ? "hidden" : "unavailable" };
};

const loginSchema = z.object({ login: z.string() });
const repositorySchema = z.object({ id: z.number(), full_name: z.string(), default_branch: z.string() });
const installationsSchema = z.object({ installations: z.array(z.object({ id: z.number() })) });
const repositoriesSchema = z.object({ repositories: z.array(z.object({ id: z.number(), full_name: z.string() })) });

/** Reads pages until the last one, or until no request is left. */
const readPages = async <T>(budget: { requests: number }, readPage: (page: number) => Promise<readonly T[]>): Promise<T[]> => {
  const all: T[] = [];
  for (let page = 1; budget.requests > 0; page += 1) {
    budget.requests -= 1;
    const items = await readPage(page);
    all.push(...items);
    if (items.length < MAX_PER_PAGE) return all;
  }
  return all;
};

/** The answer; empty if GitHub hides it. An organisation may hide its installation, for example until the viewer signs in to it. */
const skipHidden = async <T>(asked: Promise<T[]>): Promise<T[]> =>
  asked.catch((error: unknown) => {
    if (toFailure(error).why === "hidden") return [];
    throw error;
  });

/** Asks GitHub with the token of a viewer. An answer of another form counts as none. */
export const openViewerPort = (anonymous: GitHubRequester, timers: ViewerTimers): ViewerPort => {
  const request = openTimedRequests(anonymous, timers);
  const read = async <T>(token: ViewerToken, schema: z.ZodType<T>, [route, parameters]: readonly [string, object]): Promise<T> =>
    schema.parse(await request(route, { ...parameters, headers: { authorization: `token ${token.value}` } }));
  const reply = async <T>(ask: () => Promise<T>): Promise<ViewerReply<T>> => {
    try {
      return { ok: true, value: await ask() };
    } catch (error) {
      return toFailure(error);
    }
  };
  return {
    readLogin: (token) => reply(async () => (await read(token, loginSchema, ["GET /user", {}])).login),
    readRepository: (token, name) =>
      reply(async () => {
        const [owner, repo] = name.split("/");
        const found = await read(token, repositorySchema, ["GET /repos/{owner}/{repo}", { owner, repo }]);
        return { id: found.id, name: found.full_name, defaultBranch: found.default_branch };
      }),
    listRepositories: (token) =>
      reply(async () => {
        const budget = { requests: MAX_LIST_REQUESTS };
        const at = (page: number) => ({ per_page: MAX_PER_PAGE, page });
        const installed = await readPages(budget, async (page) => {
          return (await read(token, installationsSchema, ["GET /user/installations", at(page)])).installations;
        });
        const repositories: NamedRepository[] = [];
        for (const { id: installation_id } of installed) {
          const route = "GET /user/installations/{installation_id}/repositories";
          const own = await skipHidden(
            readPages(budget, async (page) => {
              return (await read(token, repositoriesSchema, [route, { installation_id, ...at(page) }])).repositories;
            }),
          );
          repositories.push(...own.map(({ id, full_name: name }) => ({ id, name })));
        }
        return { repositories, isComplete: budget.requests > 0 };
      }),
  };
};

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().optional() });
const tokenErrorSchema = z.object({ error: z.string(), error_description: z.string().optional() });

export type LoginClient = { readonly id: string; readonly secret: string; readonly serverUrl: string };

/** https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app */
export const openLoginPort = (anonymous: GitHubRequester, { id, secret, serverUrl }: LoginClient, timers: ViewerTimers): LoginPort => {
  const request = openTimedRequests(anonymous, timers);
  const readToken = (data: unknown): TokenReply => {
    const token = tokenSchema.safeParse(data);
    if (token.success) {
      const { access_token: value, expires_in: seconds } = token.data;
      return { ok: true, value: { value, expires: seconds === undefined ? null : timers.now() + seconds * SECOND_MS } };
    }
    const fault = tokenErrorSchema.safeParse(data);
    return { ok: false, reason: fault.data?.error_description ?? fault.data?.error ?? "the answer holds no token" };
  };
  return {
    toAddress: ({ state, challenge, redirectUri }: LoginFields) => {
      const address = new URL("/login/oauth/authorize", serverUrl);
      const fields = { client_id: id, redirect_uri: redirectUri, state, code_challenge: challenge, code_challenge_method: "S256" };
      for (const [name, value] of Object.entries(fields)) address.searchParams.set(name, value);
      return address.href;
    },
    exchange: async ({ code, verifier, redirectUri }: CodeFields) => {
      const fields = { client_id: id, client_secret: secret, code, code_verifier: verifier, redirect_uri: redirectUri };
      const headers = { accept: "application/json" };
      try {
        return readToken(await request("POST /login/oauth/access_token", { baseUrl: serverUrl, headers, ...fields }));
      } catch (error) {
        return {
          ok: false,
          reason: readThrownAnswer(error) ? `GitHub answered ${readThrownAnswer(error)?.status}` : "GitHub does not answer",
        };
      }
    },
  };
};

const hookSchema = z.object({ url: z.string() });

/** The address of the App's webhooks; null if GitHub does not know it. */
export const readHookUrl = async (asApp: GitHubRequester): Promise<string | null> => {
  const answer = await asApp.request("GET /app/hook/config").catch(() => null);
  return hookSchema.safeParse(answer?.data).data?.url ?? null;
};
