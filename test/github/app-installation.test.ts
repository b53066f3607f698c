import { expect, test } from "vitest";
import { openInstallation } from "../../src/github/app-installation.ts";
import type { GitHubRequester } from "../../src/github/open-octokit.ts";

const HOUR = 60 * 60_000;

/** An installation on a GitHub that accepts one token, whatever this machine's clock says. */
const open = () => {
  const gitHub = { accepts: "", created: 0, asked: [] as string[] };
  const requester = (request: (route: string, parameters: { headers?: { authorization?: string } }) => object): GitHubRequester =>
    ({
      request: Object.assign((...call: Parameters<typeof request>) => Promise.resolve().then(() => request(...call)), { endpoint: {} }),
    }) as never;
  const asApp = requester(() => {
    gitHub.accepts = `token ${(gitHub.created += 1)}`;
    return { data: { token: String(gitHub.created), expires_at: new Date(HOUR).toISOString() } };
  });
  const anonymous = requester((_, { headers }) => {
    gitHub.asked.push(headers?.authorization ?? "");
    if (headers?.authorization !== gitHub.accepts) throw Object.assign(new Error("Bad credentials"), { status: 401 });
    return { data: "welcome" };
  });
  const { octokit } = openInstallation({ asApp, anonymous, now: () => 0 }, 7);
  return { gitHub, ask: () => octokit.request("GET /repos/octo/demo") };
};

test("requests share one token", async () => {
  const { gitHub, ask } = open();
  await ask();
  await ask();
  expect(gitHub).toMatchObject({ created: 1, asked: ["token 1", "token 1"] });
});

test("after GitHub refuses a token that has not expired by this machine's clock, the next request uses another one", async () => {
  const { gitHub, ask } = open();
  await ask();
  gitHub.accepts = "none";
  await expect(ask()).rejects.toThrow("Bad credentials");
  expect(await ask()).toEqual({ data: "welcome" });
  expect(gitHub.asked).toEqual(["token 1", "token 1", "token 2"]);
});
