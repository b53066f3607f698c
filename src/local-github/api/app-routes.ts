import type { Context, Hono } from "hono";
import { z } from "zod";
import { ensureInstallation, isInstalledAt, mintInstallationToken, readCredential, verifyAppJwt } from "./access-tokens.ts";
import { accountShape, appShape } from "./account-shape.ts";
import { type ApiReply, createPager, readJsonInput, sendReply } from "./api-call.ts";
import { ApiRefusal, notFoundRefusal } from "./api-refusal.ts";
import { API_PREFIX, apiUrl, type ApiJson, formatTimestamp } from "./api-urls.ts";
import { listDeliveries, redeliver } from "./delivery-handlers.ts";
import type { GitHubApp } from "./forge-actor.ts";
import { formatRepositoryKey } from "./forge-repository.ts";
import { ensureAccount, type ForgeState } from "./forge-state.ts";

const readRequestApp = (forge: ForgeState, context: Context): GitHubApp => {
  const jwt = readCredential(context.req.header("authorization"));
  if (jwt === null) throw new ApiRefusal(401, "A JSON web token could not be decoded");
  return verifyAppJwt(forge, jwt);
};

export const installationShape = (forge: ForgeState, app: GitHubApp, owner: string): ApiJson => {
  const id = ensureInstallation(forge, app, owner);
  return {
    id,
    app_id: app.id,
    app_slug: app.slug,
    account: accountShape(forge, ensureAccount(forge, owner)),
    repository_selection: "all",
    permissions: app.permissions,
    events: app.events ?? [],
    target_id: ensureAccount(forge, owner).id,
    target_type: "User",
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
    access_tokens_url: `${apiUrl(forge)}/app/installations/${id}/access_tokens`,
    repositories_url: `${apiUrl(forge)}/installation/repositories`,
    html_url: `${forge.url}/settings/installations/${id}`,
    created_at: formatTimestamp(forge.startedAt),
    updated_at: formatTimestamp(forge.startedAt),
  };
};

const tokenLevelSchema = z.enum(["read", "write"]);
const installationTokenSchema = z.object({
  permissions: z.record(z.string(), tokenLevelSchema).optional(),
  repositories: z.array(z.string()).optional(),
});

const createInstallationTokenReply = async (forge: ForgeState, context: Context): Promise<Response> => {
  const app = readRequestApp(forge, context);
  const owner = [...app.installations].find(([, id]) => String(id) === context.req.param("id"))?.[0];
  if (owner === undefined) throw notFoundRefusal();
  const { permissions } = await readJsonInput(context, installationTokenSchema);
  const token = mintInstallationToken(forge, app, { owner, permissions: permissions ?? null });
  const body = {
    token: token.value,
    expires_at: formatTimestamp(token.expires ?? forge.now()),
    permissions: permissions ?? app.permissions,
    repository_selection: "all",
  };
  return sendReply(forge, context, { status: 201, body });
};

/** The owners of repositories at which an App is installed. */
export const listOwners = (forge: ForgeState, app: GitHubApp): string[] =>
  [...new Set([...forge.repositories.values()].map(({ owner }) => owner.login))].filter((owner) => isInstalledAt(app, owner));

/** Returns the credentials of a newly registered App. Each code works only once. Nobody needs to authenticate: the code is the proof. */
const convertManifest = (forge: ForgeState, code: string): ApiReply => {
  const found = forge.manifestCodes.get(code);
  forge.manifestCodes.delete(code);
  const app = forge.apps.find(({ id }) => id === found?.app.id);
  if (!found || !app || found.expires < forge.now()) throw notFoundRefusal();
  const { secret, privateKeyPem, client } = found.app;
  const keys = { client_id: client.id, client_secret: client.secret, webhook_secret: secret, pem: privateKeyPem };
  return { status: 201, body: { ...appShape(forge, app), ...keys } };
};

/** Adds the routes that authenticate an App itself: its installations and its webhook. */
export const addAppRoutes = (forge: ForgeState, app: Hono): void => {
  app.get(`${API_PREFIX}/app`, (context) =>
    sendReply(forge, context, { status: 200, body: appShape(forge, readRequestApp(forge, context)) }),
  );
  app.post(`${API_PREFIX}/app-manifests/:code/conversions`, (context) =>
    sendReply(forge, context, convertManifest(forge, context.req.param("code"))),
  );
  app.get(`${API_PREFIX}/app/installations`, (context) => {
    const requester = readRequestApp(forge, context);
    const page = createPager(forge, context);
    return sendReply(forge, context, page(listOwners(forge, requester).map((owner) => installationShape(forge, requester, owner))));
  });
  app.get(`${API_PREFIX}/app/hook/config`, (context) => {
    const { webhookUrl } = readRequestApp(forge, context);
    const body = { content_type: "json", insecure_ssl: "0", secret: "********", ...(webhookUrl !== null && { url: webhookUrl }) };
    return sendReply(forge, context, { status: 200, body });
  });
  app.get(`${API_PREFIX}/app/hook/deliveries`, (context) =>
    sendReply(forge, context, listDeliveries(forge, readRequestApp(forge, context), context)),
  );
  app.post(`${API_PREFIX}/app/hook/deliveries/:id/attempts`, (context) =>
    sendReply(forge, context, redeliver(forge, readRequestApp(forge, context), context.req.param("id"))),
  );
  app.post(`${API_PREFIX}/app/installations/:id/access_tokens`, (context) => createInstallationTokenReply(forge, context));
  app.get(`${API_PREFIX}/repos/:owner/:repo/installation`, (context) => {
    const requester = readRequestApp(forge, context);
    const repository = forge.repositories.get(formatRepositoryKey(context.req.param("owner"), context.req.param("repo")));
    if (!repository || !isInstalledAt(requester, repository.owner.login)) throw notFoundRefusal();
    return sendReply(forge, context, { status: 200, body: installationShape(forge, requester, repository.owner.login) });
  });
};
