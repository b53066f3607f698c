import { readFile } from "node:fs/promises";
import githubAppJwt from "universal-github-app-jwt";
import { z } from "zod";
import type { Login, Millis } from "../core/domain/ids.ts";
import { JOB_TOKEN_BOT } from "../core/domain/product.ts";
import { findInstallation, openInstallation } from "../github/app-installation.ts";
import type { GitHubCredential } from "../github/github-credential.ts";
import { connectGitHub } from "../github/connect-github.ts";
import { type CiPort, openCi } from "../github/ci-port.ts";
import type { GitHubPorts, GitHubReply } from "../github/github-ports.ts";
import { openOctokit } from "../github/open-octokit.ts";
import type { SpanSink } from "../core/telemetry/telemetry-span.ts";
import type { CoordinatorTimers } from "./repository-coordinator.ts";
import { SECOND_MS } from "../core/domain/durations.ts";
import { requireVariable } from "../core/domain/require-variable.ts";

/** What the Actions runner provides to the steps that coordinate. */
export type CoordinateStepHost = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The installation's directory, with `roles`. */
  readonly root: string;
  /** Reads an input of the action; empty if it is not set. */
  readonly readInput: (name: string) => string;
  readonly setOutput: (name: string, value: string) => void;
  readonly logInfo: (line: string) => void;
  /** Receives the spans of finished work; absent without telemetry. */
  readonly telemetry?: SpanSink | undefined;
  /** Writes Markdown to the page of the run. */
  readonly writeSummary: (markdown: string) => Promise<void>;
  /** Hides a value in all logs of the job. */
  readonly maskSecret: (value: string) => void;
  readonly now: () => Millis;
  readonly random: () => number;
  readonly nonce: () => string;
  readonly after: CoordinatorTimers["after"];
};

export const sleepFor =
  ({ after }: CoordinateStepHost) =>
  (delay: Millis): Promise<void> =>
    new Promise((resolve) => void after(delay, resolve));

/** The value of GitHub's answer. Throws if there is none, so that the step fails and says why. */
export const requireValue = <T>(what: string, reply: GitHubReply<T>): T => {
  if (!reply.ok) throw new Error(`${what}: ${reply.failure.reason}`);
  return reply.value;
};

export const readStepEvent = async (host: CoordinateStepHost): Promise<{ readonly name: string; readonly payload: unknown }> => ({
  name: requireVariable(host, "GITHUB_EVENT_NAME"),
  payload: JSON.parse(await readFile(requireVariable(host, "GITHUB_EVENT_PATH"), "utf8")) as unknown,
});

export type StepAccess = {
  readonly self: Login;
  readonly access: GitHubCredential;
  readonly github: GitHubPorts;
  readonly ci: CiPort;
  readonly privateKey: string | null;
};

/** Acts as an App if its id and key are given, otherwise with the job's token. */
export const openStepAccess = async (host: CoordinateStepHost): Promise<StepAccess> => {
  const repository = requireVariable(host, "GITHUB_REPOSITORY");
  const baseUrl = requireVariable(host, "GITHUB_API_URL");
  const [owner = "", repo = ""] = repository.split("/");
  const [appId, key, token] = [host.readInput("app-id"), host.readInput("private-key"), host.readInput("token")];
  const connect = (self: Login, access: GitHubCredential, privateKey: string | null): StepAccess => ({
    self,
    access,
    privateKey,
    github: connectGitHub({ octokit: access.octokit, owner, repo, clock: host.now }),
    ci: openCi({ octokit: access.octokit, owner, repo, clock: host.now }),
  });
  refuseHalfApp(appId, key);
  if (appId === "")
    return connect(JOB_TOKEN_BOT.login, { octokit: openOctokit(token, baseUrl), token: () => Promise.resolve(token) }, null);
  const { login, access } = await openStepApp(host, { appId, privateKey: key, repository, baseUrl });
  return connect(login, access, key);
};

/** With the token of the job instead, comments would come from another bot, and the ledger would not be signed. */
const refuseHalfApp = (appId: string, key: string): void => {
  if ((appId === "") === (key === "")) return;
  const [given, missing] = key === "" ? ["ENKI_APP_ID", "ENKI_APP_KEY"] : ["ENKI_APP_KEY", "ENKI_APP_ID"];
  throw new Error(`${given} is set and ${missing} is not. Set both in the environment enki, or neither.`);
};

type StepApp = { readonly appId: string; readonly privateKey: string; readonly repository: string; readonly baseUrl: string };

const appSchema = z.object({ slug: z.string() });

const openStepApp = async (
  host: CoordinateStepHost,
  { appId, privateKey, repository, baseUrl }: StepApp,
): Promise<{ login: Login; access: GitHubCredential }> => {
  const { token: jwt } = await githubAppJwt({ id: appId, privateKey, now: Math.floor(host.now() / SECOND_MS) });
  const requesters = { asApp: openOctokit(jwt, baseUrl), anonymous: openOctokit(null, baseUrl), now: host.now };
  const { data } = await requesters.asApp.request("GET /app");
  const installation = await findInstallation(requesters, repository);
  if (installation === null) throw new Error(`the App ${appId} is not installed in ${repository}: install it, and run this job again`);
  const access = openInstallation(requesters, installation);
  host.maskSecret(await access.token());
  return { login: `${appSchema.parse(data).slug}[bot]`, access };
};
