import { resolve } from "node:path";
import type { ReplaceableServer } from "../coordinator/http-server.ts";
import { type AppCredentials, type ClientKeys, checkChoice, readPublicUrl } from "../core/setup/app-registration.ts";
import { deriveApiUrl } from "../core/setup/remote-address.ts";
import { chooseCredentialsFile, readAppCredentials } from "./app-credentials.ts";
import { readEnvironmentKeys } from "./environment-keys.ts";
import { readNamedFile, readOptions, readPort, UsageError } from "./command-options.ts";
import { loadApp } from "./load-app.ts";
import { setUpApp } from "./set-up-app.ts";
import { openTerminalExporter } from "./terminal-telemetry.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

const APP_GRACE_MS = 30_000;
const APP_SWEEP_INTERVAL_MS = 5 * MINUTE_MS;
const REDELIVERY_INTERVAL_MS = 15 * MINUTE_MS;
export const appOptions = {
  host: { type: "string", default: "0.0.0.0", value: "<address>", about: "address to listen on" },
  port: { type: "string", default: "3000", value: "<port>", about: "port to listen on" },
  directory: { type: "string", default: ".enki-clones", value: "<path>", about: "directory for cached clones" },
  credentials: { type: "string", value: "<path>", about: "file for the keys of a registered App" },
  url: { type: "string", value: "<address>", about: "public address of the server, for a new App and for the pages" },
  organization: { type: "string", value: "<name>", about: "organization as the owner of a new App" },
} as const;

/** The variables that name an App by hand. */
export const APP_VARIABLES = [
  "APP_ID",
  "PRIVATE_KEY",
  "PRIVATE_KEY_PATH",
  "WEBHOOK_SECRET",
  "GITHUB_CLIENT_ID",
  "GITHUB_CLIENT_SECRET",
] as const;

type AppIdentity = Pick<AppCredentials, "privateKey" | "webhookSecret" | "client"> & { readonly id: number | string };
type AppValues = ReturnType<typeof readOptions<typeof appOptions>>;
type AppPlace = { readonly host: string; readonly port: number; readonly apiUrl: string; readonly serverUrl: string };

/** The keys of the environment for the pages; null without them. */
const readEnvironmentClient = ({ env }: TerminalHost): ClientKeys | null => {
  const [id = "", secret = ""] = [env["GITHUB_CLIENT_ID"], env["GITHUB_CLIENT_SECRET"]];
  if ((id === "") !== (secret === ""))
    throw new UsageError("set both GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET to switch the pages on, or neither");
  return id === "" ? null : { id, secret };
};

/** The App that the environment names; null if it names none. */
const readEnvironmentIdentity = async (terminal: TerminalHost): Promise<AppIdentity | null> => {
  const [id, key, path, webhookSecret] = APP_VARIABLES.map((name) => terminal.env[name]);
  const privateKey = key ?? (path === undefined ? undefined : await readNamedFile(terminal, path));
  if (id === undefined && privateKey === undefined && webhookSecret === undefined) return null;
  if (id === undefined || privateKey === undefined || webhookSecret === undefined) {
    throw new UsageError(
      "set APP_ID, WEBHOOK_SECRET, and PRIVATE_KEY or PRIVATE_KEY_PATH together in the environment, or none of them to use a registered App",
    );
  }
  return { id, privateKey, webhookSecret, client: null };
};

const readChoice = ({ url, organization }: AppValues): { publicUrl: string | null; organisation: string | null } => {
  const publicUrl = url === undefined ? null : readPublicUrl(url);
  if (url !== undefined && publicUrl === null)
    throw new UsageError(`--url must be an address such as https://enki.example.org, not '${url}'`);
  const { faults, choice } = checkChoice({ name: "Enki", organisation: organization ?? "", address: "http://localhost" });
  if (faults.length > 0) throw new UsageError(`--organization must be the name of an organization, not '${organization}'`);
  return { publicUrl, organisation: choice.organisation };
};

type FoundIdentity = { readonly identity: AppIdentity; readonly server: ReplaceableServer | null };

/** The App of the environment, or a registered App, or a new App after a person registered it on the pages of the returned server. */
const findIdentity = async (terminal: TerminalHost, values: AppValues, place: AppPlace): Promise<FoundIdentity> => {
  const choice = readChoice(values);
  const given = await readEnvironmentIdentity(terminal);
  if (given) return { identity: given, server: null };
  const path = chooseCredentialsFile(terminal, values.credentials);
  const known = await readAppCredentials(path, place.serverUrl);
  if (known) return { identity: known, server: null };
  const { credentials, server } = await setUpApp(terminal, { ...place, ...choice, path });
  return { identity: credentials, server };
};

const listenWith = (server: ReplaceableServer) => ({
  listen: (handler: Parameters<ReplaceableServer["replace"]>[0]) => {
    server.replace(handler);
    return Promise.resolve(server);
  },
});

/** `enki app`: runs the GitHub App as a service until it is interrupted; registers an App first if there is none. */
export const runAppCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const values = readOptions(args, appOptions);
  const { env } = terminal;
  const serverUrl = env["GITHUB_SERVER_URL"] ?? "https://github.com";
  const apiUrl = env["GITHUB_API_URL"] ?? deriveApiUrl({ host: new URL(serverUrl).host, owner: "", name: "" });
  const place = { host: values.host, port: readPort(values.port), apiUrl, serverUrl };
  const client = readEnvironmentClient(terminal);
  const { identity, server } = await findIdentity(terminal, values, place);
  const { startApp } = loadApp(terminal.root);
  const exporter = await openTerminalExporter(terminal, { isService: true });
  const started = await startApp({
    ...place,
    appId: identity.id,
    privateKey: identity.privateKey,
    secret: identity.webhookSecret,
    client: client ?? identity.client,
    publicUrl: values.url === undefined ? null : readPublicUrl(values.url),
    ...(server && listenWith(server)),
    root: terminal.root,
    directory: resolve(terminal.cwd, values.directory),
    graceMs: APP_GRACE_MS,
    sweepIntervalMs: APP_SWEEP_INTERVAL_MS,
    sweepsInstalled: true,
    redeliveryIntervalMs: REDELIVERY_INTERVAL_MS,
    ...readEnvironmentKeys(env),
    log: (line) => terminal.err(`${line}\n`),
    ...(exporter && { telemetry: exporter }),
  });
  // A service that is asked to stop has not failed.
  terminal.onInterrupt(async () => {
    try {
      await started.close();
    } finally {
      await exporter?.close();
    }
  }, 0);
  terminal.out(`Webhooks are received at ${started.url}\n`);
  if (started.pages.url === null) terminal.err(`${started.pages.hint}\n`);
  else terminal.out(`Pages are at ${started.pages.url}\n`);
  await terminal.waitForInterrupt();
  return 0;
};
