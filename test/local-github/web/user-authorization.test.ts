import { createHash } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { askToAuthorize, authorize, exchangeCode, signIn } from "../../support/authorize.ts";
import { NAMED, openStage, REPO } from "../api/stage.ts";

const CALLBACK = "https://enki.example/login/callback";
const VERIFIER = "v".repeat(43);
const challenge = createHash("sha256").update(VERIFIER).digest("base64url");

const open = async (owners?: readonly string[]) => {
  const stage = await openStage({ "a.txt": "" });
  onTestFinished(stage.close);
  const { forge } = stage;
  const app = await forge.createApp({
    privateKeyPem: appKey(),
    name: "enki",
    secret: "s",
    callbackUrls: [CALLBACK, "https://enki.example/other"],
    permissions: { contents: "read", issues: "write" },
    ...(owners && { owners }),
  });
  const { id, secret } = app.client;
  const cookie = await signIn(forge, forge.createUser("ada"));
  const ask = (fields: Readonly<Record<string, string>> = {}, as = cookie) => askToAuthorize(forge, as, { client_id: id, ...fields });
  const exchange = (code: string, fields: Readonly<Record<string, string>> = {}, headers?: Readonly<Record<string, string>>) =>
    exchangeCode(forge, { client_id: id, client_secret: secret, code, ...fields }, headers);
  const read = (token: string, path: string): Promise<number> =>
    fetch(`${forge.apiUrl}${path}`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
  return { ...stage, app, ask, exchange, read };
};

const codeOf = ({ back }: { back: URL | null }): string => back?.searchParams.get("code") ?? "";
const errorOf = ({ text }: { text: string }): unknown => (JSON.parse(text) as { error?: string }).error;

test("a signed-in person authorizes an App, which exchanges the code for a token of eight hours, once", async () => {
  const { ask, exchange, read } = await open();
  const asked = await ask({ redirect_uri: CALLBACK, state: "s&1" });
  expect([asked.status, `${asked.back?.origin}${asked.back?.pathname}`]).toEqual([302, CALLBACK]);
  expect(asked.back?.searchParams.get("state")).toBe("s&1");
  const { status, text } = await exchange(codeOf(asked), { redirect_uri: CALLBACK });
  expect(status).toBe(200);
  const token = JSON.parse(text) as { access_token: string };
  expect(token).toEqual({ access_token: expect.stringMatching(/^ghu_/) as unknown, expires_in: 28_799, scope: "", token_type: "bearer" });
  expect(await read(token.access_token, "/user")).toBe(200);
  const again = await exchange(codeOf(asked));
  expect([again.status, errorOf(again)]).toEqual([200, "bad_verification_code"]);
});

test("an App that does not ask for JSON gets a form", async () => {
  const { ask, exchange } = await open();
  const given = await exchange(codeOf(await ask()), {}, {});
  expect(given.type).toContain("application/x-www-form-urlencoded");
  expect(new URLSearchParams(given.text).get("access_token")).toMatch(/^ghu_/);
  expect(new URLSearchParams((await exchange("none", {}, {})).text).get("error")).toBe("bad_verification_code");
});

test("nobody but a signed-in person authorizes, and nobody returns to an address that the App did not register", async () => {
  const { ask } = await open();
  expect((await ask({}, "")).status).toBe(403);
  expect((await ask({ client_id: "Iv230" })).status).toBe(404);
  const { back } = await ask({ redirect_uri: "https://evil.example/", state: "s" });
  expect(`${back?.origin}${back?.pathname}`).toBe(CALLBACK);
  expect([back?.searchParams.get("error"), back?.searchParams.get("state")]).toEqual(["redirect_uri_mismatch", "s"]);
  expect((await ask({ redirect_uri: "https://enki.example/other" })).back?.pathname).toBe("/other");
  expect((await ask({ code_challenge: "short", code_challenge_method: "S256" })).status).toBe(404);
  expect((await ask({ code_challenge: challenge, code_challenge_method: "plain" })).status).toBe(404);
});

test("a code counts for its own App, secret, address and verifier only", async () => {
  const { ask, exchange, forge } = await open();
  const other = (await forge.createApp({ name: "other", secret: "s" })).client;
  const codeWith = (): Promise<string> => ask({ code_challenge: challenge, code_challenge_method: "S256" }).then(codeOf);
  const verifier = { code_verifier: VERIFIER };
  expect(errorOf(await exchange(await codeWith(), { ...verifier, client_secret: "wrong" }))).toBe("incorrect_client_credentials");
  expect(errorOf(await exchange(await codeWith(), { ...verifier, client_id: other.id, client_secret: other.secret }))).toBe(
    "bad_verification_code",
  );
  expect(errorOf(await exchange(await codeWith(), { ...verifier, redirect_uri: "https://enki.example/other" }))).toBe(
    "redirect_uri_mismatch",
  );
  expect(errorOf(await exchange(await codeWith()))).toBe("bad_verification_code");
  expect(errorOf(await exchange(await codeWith(), { code_verifier: "w".repeat(43) }))).toBe("bad_verification_code");
  expect(errorOf(await exchange(await codeWith(), verifier))).toBeUndefined();
});

test("a user's token may do what both the user and the App may do", async () => {
  const { app, forge, read } = await open(["octo"]);
  await forge.createRepository({ owner: "octo", name: "secret", private: true });
  await forge.createRepository({ owner: "elsewhere", name: "secret", private: true });
  forge.setPermission({ owner: "octo", name: "secret" }, { login: "ada", role: "read" });
  forge.setPermission({ owner: "elsewhere", name: "secret" }, { login: "ada", role: "admin" });
  forge.setPermission(NAMED, { login: "ada", role: "write" });
  const [ada, bob] = [await authorize(forge, app.client, "ada"), await authorize(forge, app.client, "bob")];
  expect(await read(ada, "/repos/octo/secret")).toBe(200);
  expect(await read(ada, "/repos/elsewhere/secret")).toBe(404);
  expect(await read(bob, "/repos/octo/secret")).toBe(404);
  expect(await read(bob, "/repos/octo/demo")).toBe(200);
  expect(await read(forge.createUser("ada"), "/user/installations")).toBe(403);
  const dispatched = await fetch(`${forge.apiUrl}/repos/${REPO.owner}/${REPO.repo}/dispatches`, {
    method: "POST",
    headers: { authorization: `Bearer ${ada}` },
    body: JSON.stringify({ event_type: "x" }),
  });
  expect([dispatched.status, await dispatched.json()]).toMatchObject([403, { message: "Resource not accessible by integration" }]);
});
