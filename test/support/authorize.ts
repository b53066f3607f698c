import type { AppClient } from "../../src/local-github/api/forge-actor.ts";
import type { RunningForge } from "../../src/local-github/api/start-forge.ts";

/** Signs a browser in on the local GitHub; returns its cookie. */
export const signIn = async (forge: Pick<RunningForge, "signIn">, token: string): Promise<string> => {
  const signedIn = await fetch(forge.signIn(token, "/"), { redirect: "manual" });
  return (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
};

/** Asks the local GitHub to authorize an App; returns the address to which the browser returns. */
export const askToAuthorize = async (forge: Pick<RunningForge, "url">, cookie: string, fields: Readonly<Record<string, string>>) => {
  const answer = await fetch(`${forge.url}/login/oauth/authorize?${new URLSearchParams(fields).toString()}`, {
    redirect: "manual",
    headers: { cookie },
  });
  return { status: answer.status, back: URL.parse(answer.headers.get("location") ?? ""), text: await answer.text() };
};

/** Exchanges a code, as a form or as JSON. */
export const exchangeCode = async (
  forge: Pick<RunningForge, "url">,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = { accept: "application/json" },
) => {
  const answer = await fetch(`${forge.url}/login/oauth/access_token`, { method: "POST", headers, body: new URLSearchParams(fields) });
  return { status: answer.status, type: answer.headers.get("content-type") ?? "", text: await answer.text() };
};

/** Returns a token of a user who authorized the App. */
export const authorize = async (
  forge: Pick<RunningForge, "url" | "signIn" | "createUser">,
  client: AppClient,
  login: string,
): Promise<string> => {
  const { back } = await askToAuthorize(forge, await signIn(forge, forge.createUser(login)), { client_id: client.id });
  const fields = { client_id: client.id, client_secret: client.secret, code: back?.searchParams.get("code") ?? "" };
  return (JSON.parse((await exchangeCode(forge, fields)).text) as { access_token: string }).access_token;
};
