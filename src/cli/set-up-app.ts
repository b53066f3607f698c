import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { createAppSetUp, SET_UP_PATH } from "../coordinator/app-set-up.ts";
import { type ReplaceableServer, startReplaceableServer } from "../coordinator/http-server.ts";
import { type AppCredentials, appTemplateSchema } from "../core/setup/app-registration.ts";
import { convertManifest } from "../github/convert-manifest.ts";
import { openOctokit } from "../github/open-octokit.ts";
import { prepareCredentialsPlace, writeAppCredentials } from "./app-credentials.ts";
import type { TerminalHost } from "./terminal-host.ts";

export type AppSetUpPlace = {
  readonly host: string;
  readonly port: number;
  readonly apiUrl: string;
  readonly serverUrl: string;
  /** The file for the App's keys. */
  readonly path: string;
  readonly publicUrl: string | null;
  readonly organisation: string | null;
};

const SECRET_BYTES = 32;
const makeSecret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

/** A server at any address also answers on loopback. */
const ANY_ADDRESS = /^(?:0\.0\.0\.0|\[?::\]?)(?=:|$)/;

/** Serves the pages for registering an App until a person has done so. The server stays, for the App's webhooks. */
export const setUpApp = async (
  terminal: TerminalHost,
  { host, port, apiUrl, serverUrl, path, publicUrl, organisation }: AppSetUpPlace,
): Promise<{ readonly credentials: AppCredentials; readonly server: ReplaceableServer }> => {
  await prepareCredentialsPlace(path);
  const template = appTemplateSchema.parse(parse(await readFile(join(terminal.root, "app.yml"), "utf8")));
  const token = makeSecret();
  const anonymous = openOctokit(null, apiUrl);
  let finish: (credentials: AppCredentials) => void = () => undefined;
  const finished = new Promise<AppCredentials>((resolve) => (finish = resolve));
  const setUp = createAppSetUp({
    token,
    template,
    serverUrl,
    organisation,
    publicUrl,
    newState: makeSecret,
    convert: (code) => convertManifest(anonymous, code),
    store: (credentials) => writeAppCredentials(path, serverUrl, credentials),
    finish: (credentials) => finish(credentials),
  });
  const server = await startReplaceableServer(setUp, { host, port });
  terminal.onInterrupt(server.close, 0);
  const own = server.url.replace(/(?<=^http:\/\/)[^/]+/, (at) => at.replace(ANY_ADDRESS, "127.0.0.1"));
  terminal.out(`No App is registered yet. This server listens at ${own}\nRegister one at ${publicUrl ?? own}${SET_UP_PATH}${token}\n`);
  const credentials = await finished;
  terminal.out(`The App ${credentials.slug} is registered; its keys are in ${path}\n`);
  return { credentials, server };
};
