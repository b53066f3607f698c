import { z } from "zod";

/** The App as `app.yml` describes it. */
export const appTemplateSchema = z.object({
  name: z.string(),
  description: z.string(),
  url: z.string(),
  public: z.boolean(),
  default_events: z.array(z.string()),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
});
export type AppTemplate = z.output<typeof appTemplateSchema>;

/** A person's choices for a new App. */
export type RegistrationChoice = {
  readonly name: string;
  /** The organisation that owns the App; null for the person. */
  readonly organisation: string | null;
  /** The address at which GitHub reaches the App's server, without a slash at the end. */
  readonly publicUrl: string;
};

/** The client ID and the client secret of an App. */
export type ClientKeys = { readonly id: string; readonly secret: string };

/** The secrets of a registered App, and how to find the App. */
export type AppCredentials = {
  readonly id: number;
  readonly slug: string;
  readonly privateKey: string;
  readonly webhookSecret: string;
  /** Signs viewers of the pages in; null without these keys. */
  readonly client: ClientKeys | null;
  /** The App's page on GitHub. */
  readonly page: string;
};

export const WEBHOOK_PATH = "/api/github/webhooks";
/** The address to which GitHub returns viewers of the pages. */
export const LOGIN_CALLBACK_PATH = "/login/callback";
/** GitHub's limit. */
const MAX_NAME_CHARS = 34;
const ORGANISATION = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/;

type ChoiceFault = "name" | "organisation" | "address";
export type CheckedChoice = { readonly choice: RegistrationChoice; readonly faults: readonly ChoiceFault[] };

/** Reads an address of a server, without a slash at the end; null if the text is none. */
export const readPublicUrl = (text: string): string | null => {
  const url = URL.parse(text.trim());
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    return null;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
};

/** Checks the fields of a form. */
export const checkChoice = (fields: { readonly name: string; readonly organisation: string; readonly address: string }): CheckedChoice => {
  const name = fields.name.trim();
  const organisation = fields.organisation.trim();
  const publicUrl = readPublicUrl(fields.address);
  const faults: ChoiceFault[] = [];
  if (name === "" || name.length > MAX_NAME_CHARS) faults.push("name");
  if (organisation !== "" && !ORGANISATION.test(organisation)) faults.push("organisation");
  if (publicUrl === null) faults.push("address");
  return {
    choice: { name, organisation: organisation === "" ? null : organisation, publicUrl: publicUrl ?? fields.address.trim() },
    faults,
  };
};

/** The manifest of an App: https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export const composeAppManifest = (template: AppTemplate, { name, publicUrl }: RegistrationChoice, redirectUrl: string): string =>
  JSON.stringify({
    ...template,
    name,
    hook_attributes: { url: `${publicUrl}${WEBHOOK_PATH}`, active: true },
    redirect_url: redirectUrl,
    callback_urls: [`${publicUrl}${LOGIN_CALLBACK_PATH}`],
  });

/** The origin of a server whose webhooks arrive at an address; null if its pages would not be at the root. */
export const toPublicOrigin = (hookUrl: string): string | null => {
  const url = URL.parse(hookUrl);
  return url && /^https?:$/.test(url.protocol) && url.pathname === WEBHOOK_PATH ? url.origin : null;
};

/** GitHub's page for manifests. */
export const toRegistrationUrl = (serverUrl: string, organisation: string | null, state: string): string => {
  const place = organisation === null ? "" : `/organizations/${encodeURIComponent(organisation)}`;
  return `${serverUrl.replace(/\/+$/, "")}${place}/settings/apps/new?state=${encodeURIComponent(state)}`;
};

const conversionSchema = z.object({
  id: z.number(),
  slug: z.string(),
  pem: z.string(),
  webhook_secret: z.string(),
  html_url: z.string(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
});

/** Reads GitHub's answer to a manifest's code; null if a secret is missing. */
export const readConversion = (data: unknown): AppCredentials | null => {
  const read = conversionSchema.safeParse(data);
  if (!read.success) return null;
  const { id, slug, pem, webhook_secret, html_url, client_id, client_secret } = read.data;
  const client = client_id === undefined || client_secret === undefined ? null : { id: client_id, secret: client_secret };
  return { id, slug, privateKey: pem, webhookSecret: webhook_secret, client, page: html_url };
};
