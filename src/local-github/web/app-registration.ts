import type { Context, Hono } from "hono";
import { z } from "zod";
import { createApp } from "../api/create-app.ts";
import { createGuid, randomSecret } from "../api/access-tokens.ts";
import type { ForgeState } from "../api/forge-state.ts";
import { PRIVATE_HEADERS } from "./page-layout.ts";
import { findSession, isOwnForm } from "./page-session.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import { HOUR_MS } from "../../core/domain/durations.ts";
import { parseJson } from "../../core/domain/parse-json.ts";

/** GitHub's manifest of an App, as far as the local GitHub uses it. */
const manifestSchema = z.object({
  name: z.string().min(1).max(34),
  url: z.url(),
  hook_attributes: z.object({ url: z.url(), active: z.boolean().default(true) }).optional(),
  redirect_url: z.url(),
  callback_urls: z.array(z.url()).max(10).default([]),
  public: z.boolean().default(false),
  default_events: z.array(z.string()).default([]),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])).default({}),
});
type Manifest = z.output<typeof manifestSchema>;

const CODE_LIFETIME_MS = HOUR_MS;

const fieldsSchema = z.object({
  manifest: z.string(),
  name: z.string().default(""),
  state: z.string().default(""),
  token: z.string().default(""),
});

const readFields = async (context: Context): Promise<z.output<typeof fieldsSchema>> =>
  fieldsSchema.safeParse(await context.req.parseBody()).data ?? { manifest: "", name: "", state: "", token: "" };

const parseManifest = (text: string): Manifest | null => manifestSchema.safeParse(parseJson(text)).data ?? null;

const toSlug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** A page without the usual script: renewing the page would drop a person's input. */
const answerPage = (context: Context, page: { readonly title: string; readonly main: SafeHtml; readonly leadsTo?: string }): Response => {
  // Browsers check where an answer to a form leads, too.
  const forms = `form-action 'self' ${page.leadsTo === undefined ? "" : new URL(page.leadsTo).origin}`;
  const text = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${page.title}</title>
      </head>
      <body>
        <main>${page.main}</main>
      </body>
    </html>`;
  return context.html(text.markup, 200, {
    ...PRIVATE_HEADERS,
    "content-security-policy": `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; ${forms}`,
  });
};

const refuse = (context: Context, status: 403 | 404 | 422, text: string): Response => context.text(`${text}\n`, status, PRIVATE_HEADERS);

const NOT_SIGNED_IN = "Sign in with the address that enki local printed, and try again.";
const NO_MANIFEST = "The manifest is not valid: name, url and redirect_url are required.";

/** Asks for the name, as GitHub does. The manifest comes from another site, so the page creates nothing yet. */
const askForName = async (forge: ForgeState, context: Context): Promise<Response> => {
  const session = findSession(forge, context);
  if (!session) return refuse(context, 403, NOT_SIGNED_IN);
  const { manifest: text } = await readFields(context);
  const manifest = parseManifest(text);
  if (!manifest) return refuse(context, 422, NO_MANIFEST);
  const main = html`<h1>Create GitHub App for ${context.req.param("organization") ?? session.login}</h1>
    <form method="post" action="/settings/apps">
      <input type="hidden" name="token" value="${session.formToken}" />
      <input type="hidden" name="manifest" value="${text}" />
      <input type="hidden" name="state" value="${context.req.query("state") ?? ""}" />
      <p>
        <label for="app-name">GitHub App name</label>
        <input id="app-name" name="name" value="${manifest.name}" />
      </p>
      <p><button type="submit">Create GitHub App</button></p>
    </form>`;
  return answerPage(context, { title: "Create GitHub App", main, leadsTo: manifest.redirect_url });
};

/** Registers the App and returns to the asking server with a code for the keys. */
const registerApp = async (forge: ForgeState, context: Context): Promise<Response> => {
  const session = findSession(forge, context);
  const fields = await readFields(context);
  if (!session || !isOwnForm(context, session, fields.token)) return refuse(context, 403, NOT_SIGNED_IN);
  const manifest = parseManifest(fields.manifest);
  if (!manifest) return refuse(context, 422, NO_MANIFEST);
  const slug = toSlug(fields.name);
  if (slug === "" || forge.apps.some((each) => each.slug === slug)) return refuse(context, 422, "Name is already taken");
  const hook = manifest.hook_attributes;
  const created = await createApp(forge, {
    name: slug,
    secret: randomSecret(forge),
    permissions: manifest.default_permissions,
    events: manifest.default_events,
    callbackUrls: manifest.callback_urls,
    ...(hook?.active && { webhookUrl: hook.url }),
  });
  const code = createGuid(forge).replaceAll("-", "");
  forge.manifestCodes.set(code, { app: created, expires: forge.now() + CODE_LIFETIME_MS });
  const back = new URL(manifest.redirect_url);
  back.searchParams.set("code", code);
  if (fields.state !== "") back.searchParams.set("state", fields.state);
  return context.redirect(back.href, 302);
};

/** Adds the pages for registering an App from a manifest and for installing the App. */
export const addAppRegistration = (forge: ForgeState, app: Hono): void => {
  app.post("/settings/apps/new", (context) => askForName(forge, context));
  app.post("/organizations/:organization/settings/apps/new", (context) => askForName(forge, context));
  app.post("/settings/apps", (context) => registerApp(forge, context));
  app.get("/apps/:slug/installations/new", (context) => {
    const slug = context.req.param("slug");
    if (!forge.apps.some((each) => each.slug === slug)) return refuse(context, 404, "There is no such App.");
    const main = html`<h1>${slug}</h1>
      <p>This App is installed in every repository of this machine's GitHub.</p>`;
    return answerPage(context, { title: `Install ${slug}`, main });
  });
};
