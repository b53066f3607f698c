import { expect, test } from "vitest";
import type { GitHubRequester } from "../../src/github/open-octokit.ts";
import { openLoginPort, openViewerPort, readHookUrl } from "../../src/github/viewer-ports.ts";

const TOKEN = { value: "ghu_x", expires: null };
const timers = { now: () => 1_000, after: () => () => undefined };
type Call = { readonly route: string; readonly parameters: Record<string, unknown> };

const openGitHub = (answer: (call: Call) => unknown) => {
  const calls: Call[] = [];
  const anonymous: GitHubRequester = {
    request: async (route, parameters = {}) => {
      calls.push({ route, parameters });
      return { status: 200, headers: {}, data: await answer({ route, parameters }) };
    },
  };
  return { calls, anonymous };
};
const failWith = (status: number, headers: Record<string, string> = {}, data: unknown = { message: "no" }): never => {
  throw Object.assign(new Error("no"), { status, response: { status, headers, data } });
};

test.each([
  [401, {}, "ended"],
  [404, {}, "hidden"],
  [403, {}, "hidden"],
  [451, {}, "hidden"],
  [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" }, "unavailable"],
  [403, { "retry-after": "60" }, "unavailable"],
  [429, {}, "unavailable"],
  [500, {}, "unavailable"],
  [502, {}, "unavailable"],
] as const)("an answer %i with %o means %s", async (status, headers, why) => {
  const { anonymous } = openGitHub(() => failWith(status, headers));
  expect(await openViewerPort(anonymous, timers).readRepository(TOKEN, "octo/demo")).toEqual({ ok: false, why });
});

test("no answer, a late one and one of another form show no repository", async () => {
  const none = openGitHub(() => Promise.reject(new Error("connect ECONNREFUSED")));
  expect(await openViewerPort(none.anonymous, timers).readLogin(TOKEN)).toEqual({ ok: false, why: "unavailable" });
  const other = openGitHub(() => ({ id: "7", full_name: null }));
  expect(await openViewerPort(other.anonymous, timers).readRepository(TOKEN, "octo/demo")).toEqual({ ok: false, why: "unavailable" });
  let wake = (): void => undefined;
  const slow = openGitHub(
    ({ parameters }) =>
      new Promise((_, reject) => {
        const { signal } = parameters["request"] as { readonly signal: AbortSignal };
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        wake();
      }),
  );
  const late = { ...timers, after: (_: number, call: () => void) => ((wake = call), () => undefined) };
  expect(await openViewerPort(slow.anonymous, late).readLogin(TOKEN)).toEqual({ ok: false, why: "unavailable" });
});

test("the list of a viewer ends after ten requests, and says that it is not complete", async () => {
  const { anonymous, calls } = openGitHub(({ route, parameters }) =>
    route.endsWith("/installations")
      ? { installations: [{ id: 1 }, { id: 2 }] }
      : { repositories: Array.from({ length: 100 }, (_, id) => ({ id, full_name: `octo/${String(parameters["page"])}-${id}` })) },
  );
  const listed = await openViewerPort(anonymous, timers).listRepositories(TOKEN);
  expect(calls).toHaveLength(10);
  expect(listed).toMatchObject({ ok: true, value: { isComplete: false } });
  expect(listed.ok && listed.value.repositories).toHaveLength(900);
  expect(calls.map(({ parameters }) => parameters["headers"])).toEqual(
    Array.from({ length: 10 }, () => ({ authorization: "token ghu_x" })),
  );
});

test("an installation that GitHub hides from the viewer is left out of the list, and any other failure ends the list", async () => {
  const listWith = (status: number) =>
    openViewerPort(
      openGitHub(({ route, parameters }) => {
        if (route === "GET /user/installations") return { installations: [{ id: 1 }, { id: 2 }] };
        return parameters["installation_id"] === 1 ? failWith(status) : { repositories: [{ id: 7, full_name: "octo/demo" }] };
      }).anonymous,
      timers,
    ).listRepositories(TOKEN);
  expect(await listWith(403)).toMatchObject({ ok: true, value: { repositories: [{ id: 7, name: "octo/demo" }] } });
  expect(await listWith(502)).toEqual({ ok: false, why: "unavailable" });
});

test("a token, its end, and what GitHub says instead of a token", async () => {
  const client = { id: "Iv1", secret: "shh", serverUrl: "https://ghe.example" };
  const fields = { code: "c", verifier: "v", redirectUri: "https://enki.example/login/callback" };
  const exchange = (data: unknown) => {
    const { anonymous, calls } = openGitHub(() => data);
    return openLoginPort(anonymous, client, timers)
      .exchange(fields)
      .then((reply) => ({ reply, calls }));
  };
  const given = await exchange({ access_token: "ghu_x", expires_in: 28_800, token_type: "bearer" });
  expect(given.reply).toEqual({ ok: true, value: { value: "ghu_x", expires: 28_801_000 } });
  expect(given.calls[0]?.parameters).toMatchObject({ baseUrl: "https://ghe.example", code_verifier: "v", client_secret: "shh" });
  expect((await exchange({ access_token: "ghu_x" })).reply).toEqual({ ok: true, value: TOKEN });
  expect((await exchange({ error: "bad_verification_code", error_description: "The code passed is incorrect or expired." })).reply).toEqual(
    {
      ok: false,
      reason: "The code passed is incorrect or expired.",
    },
  );
  expect((await exchange("<html>")).reply).toEqual({ ok: false, reason: "the answer holds no token" });
  const down = openGitHub(() => failWith(503));
  expect(await openLoginPort(down.anonymous, client, timers).exchange(fields)).toEqual({ ok: false, reason: "GitHub answered 503" });
});

test("an App without a known webhook has no address", async () => {
  expect(await readHookUrl(openGitHub(() => ({ content_type: "json" })).anonymous)).toBeNull();
  expect(await readHookUrl(openGitHub(() => failWith(404)).anonymous)).toBeNull();
  expect(await readHookUrl(openGitHub(() => ({ url: "https://a.example/x" })).anonymous)).toBe("https://a.example/x");
});
