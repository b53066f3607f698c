import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import {
  type AppCredentials,
  type AppTemplate,
  checkChoice,
  composeAppManifest,
  type RegistrationChoice,
  toRegistrationUrl,
} from "../core/setup/app-registration.ts";
import {
  explainFailedConversion,
  explainUnstoredKeys,
  renderChoicePage,
  renderRegistrationPage,
  renderSetUpNote,
  INSTALL_NEXT,
  SET_UP_DONE,
  SET_UP_FAILED,
  SET_UP_STYLE,
  UNKNOWN_STATE,
} from "../core/messages/app-set-up-page.ts";
import type { ConversionReply } from "../github/convert-manifest.ts";
import { isLoopbackHost } from "../core/policy/network-hosts.ts";

export type AppSetUpOptions = {
  /** The secret part of the page's address, for the person who registers the App. */
  readonly token: string;
  readonly template: AppTemplate;
  /** The server of the App's registration, for example `https://github.com`. */
  readonly serverUrl: string;
  readonly organisation: string | null;
  /** The server's address for GitHub, if known. */
  readonly publicUrl: string | null;
  /** An unguessable text. */
  readonly newState: () => string;
  readonly convert: (code: string) => Promise<ConversionReply>;
  /** Stores the credentials; rejects if they are not stored for good. */
  readonly store: (credentials: AppCredentials) => Promise<void>;
  /** Called once, after the credentials are stored. */
  readonly finish: (credentials: AppCredentials) => void;
};

export const SET_UP_PATH = "/setup/";
const CALLBACK_PATH = "/setup/callback";
const CODE = /^[A-Za-z0-9_-]{1,200}$/;
const HOST = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;

type SetUpAnswer = { readonly status: number; readonly html?: string; readonly text?: string; readonly location?: string };
/** `state` is null while an answer of GitHub is being processed, and after the end. */
type SetUpState = { state: string | null; isOver: boolean };

const NOT_FOUND: SetUpAnswer = { status: 404, text: "there is nothing here" };

const isEqual = (a: string, b: string): boolean => {
  const [one, other] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
};

/** Serves the pages for registering an App from a manifest: only at a secret address, and only until the App is registered. */
export const createAppSetUp = (options: AppSetUpOptions): RequestListener => {
  const current: SetUpState = { state: options.newState(), isOver: false };
  return (request, response) => {
    void answerRequest(request, options, current)
      .catch((): SetUpAnswer => ({ status: 500, text: "the request could not be answered" }))
      .then((answer) => sendAnswer(response, answer, options.serverUrl));
  };
};

const styleHash = `'sha256-${createHash("sha256").update(SET_UP_STYLE).digest("base64")}'`;

const sendAnswer = (response: ServerResponse, { status, html, text, location }: SetUpAnswer, serverUrl: string): void => {
  const policy = [
    "default-src 'none'",
    `style-src ${styleHash}`,
    `form-action 'self' ${new URL(serverUrl).origin}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  response.writeHead(status, {
    "content-type": html === undefined ? "text/plain; charset=utf-8" : "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": policy.join("; "),
    "cross-origin-opener-policy": "same-origin",
    // The address of the page is a secret.
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    connection: "close",
    ...(location !== undefined && { location }),
  });
  response.end(html ?? `${text ?? ""}\n`);
};

const answerRequest = async (request: IncomingMessage, options: AppSetUpOptions, current: SetUpState): Promise<SetUpAnswer> => {
  const url = URL.parse(request.url ?? "", "http://localhost");
  if (!url || request.method !== "GET") return NOT_FOUND;
  if (url.pathname === "/health") return { status: 200, text: "ok" };
  if (url.pathname === "/ready") return { status: 503, text: "the App is not set up" };
  if (current.isOver) return NOT_FOUND;
  if (url.pathname === CALLBACK_PATH) return receiveCode(url.searchParams, options, current);
  if (!url.pathname.startsWith(SET_UP_PATH) || !isEqual(url.pathname.slice(SET_UP_PATH.length), options.token)) return NOT_FOUND;
  const { host = "" } = request.headers;
  if (!HOST.test(host)) return { status: 400, text: "the host's name is not valid" };
  return answerForm(url.searchParams, { options, current, origin: readOrigin(request, host, options) });
};

/** The browser's address of the server. */
const readOrigin = ({ headers }: IncomingMessage, host: string, { publicUrl }: AppSetUpOptions): string => {
  const known = publicUrl === null ? null : new URL(publicUrl);
  if (known?.host === host) return known.origin;
  return `${headers["x-forwarded-proto"] === "https" ? "https" : "http"}://${host}`;
};

type FormContext = { readonly options: AppSetUpOptions; readonly current: SetUpState; readonly origin: string };

const answerForm = (fields: URLSearchParams, { options, current, origin }: FormContext): SetUpAnswer => {
  const { template, organisation, publicUrl } = options;
  const checked = checkChoice({
    name: fields.get("name") ?? template.name,
    organisation: fields.get("organisation") ?? organisation ?? "",
    address: fields.get("address") ?? publicUrl ?? (isLoopbackHost(URL.parse(origin)?.hostname ?? "") ? "" : origin),
  });
  if (fields.get("step") !== "confirm") return { status: 200, html: renderChoicePage({ ...checked, faults: [] }) };
  if (checked.faults.length > 0) return { status: 200, html: renderChoicePage(checked) };
  if (current.state === null) return { status: 409, html: renderSetUpNote(SET_UP_FAILED, UNKNOWN_STATE) };
  return { status: 200, html: renderRegistration({ options, choice: checked.choice, state: current.state, origin }) };
};

type NewRegistration = {
  readonly options: AppSetUpOptions;
  readonly choice: RegistrationChoice;
  readonly state: string;
  readonly origin: string;
};

const renderRegistration = ({ options: { template, serverUrl }, choice, state, origin }: NewRegistration): string =>
  renderRegistrationPage({
    choice,
    template,
    action: toRegistrationUrl(serverUrl, choice.organisation, state),
    manifest: composeAppManifest(template, choice, `${origin}${CALLBACK_PATH}`),
  });

/** Receives GitHub's answer. A state counts once, so strangers cannot hand over an App of their own. */
const receiveCode = async (fields: URLSearchParams, options: AppSetUpOptions, current: SetUpState): Promise<SetUpAnswer> => {
  const [code, state] = [fields.get("code") ?? "", fields.get("state") ?? ""];
  if (current.state === null || !isEqual(state, current.state) || !CODE.test(code))
    return { status: 403, html: renderSetUpNote(SET_UP_FAILED, UNKNOWN_STATE) };
  current.state = null;
  const fail = (reason: string): SetUpAnswer => {
    current.state = options.newState();
    return { status: 502, html: renderSetUpNote(SET_UP_FAILED, reason) };
  };
  const reply = await options.convert(code);
  if (!reply.ok) return fail(explainFailedConversion(reply.reason));
  try {
    await options.store(reply.value);
  } catch (error) {
    return fail(explainUnstoredKeys(error instanceof Error ? error.message : String(error)));
  }
  current.isOver = true;
  options.finish(reply.value);
  return leadToInstallation(reply.value, options.serverUrl);
};

/** Leads to the page on which the App is installed, on the same GitHub only. */
const leadToInstallation = ({ page }: AppCredentials, serverUrl: string): SetUpAnswer =>
  URL.parse(page)?.origin === new URL(serverUrl).origin
    ? { status: 303, location: `${page}/installations/new`, text: "the App is registered" }
    : { status: 200, html: renderSetUpNote(SET_UP_DONE, INSTALL_NEXT) };
