import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { RunRequest } from "../../src/local-github/actions/workflow-runner.ts";
import { after } from "../support/after.ts";
import { ACT_ENVIRONMENT } from "./install-act.ts";

/** A line of act's log in JSON, with the fields read by the driver. */
export type ActLine = {
  readonly level: string;
  readonly msg: string;
  readonly jobID?: string;
  readonly stage?: string;
  readonly step?: string;
  readonly stepResult?: string;
  readonly jobResult?: string;
  readonly raw_output?: boolean;
};

export type ActCall = {
  readonly command: string;
  /** The directory of the run; act writes only here. */
  readonly directory: string;
  readonly actions: ReadonlyMap<string, string>;
  readonly request: RunRequest;
  readonly token: string;
  readonly onLine: (line: ActLine) => void;
};

/** Removes `deployment: false`, which act's schema lacks. On GitHub, the key lets a job use the environment without a deployment. */
export const withoutNewKeys = (text: string): string => text.replaceAll(", deployment: false }", " }");

const findFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

const toVariables = ({ id, ref, sha, repository, serverUrl, apiUrl }: RunRequest): Record<string, string> => ({
  GITHUB_REPOSITORY: `${repository.owner}/${repository.name}`,
  GITHUB_REPOSITORY_OWNER: repository.owner,
  GITHUB_RUN_ID: String(id),
  GITHUB_RUN_NUMBER: String(id),
  GITHUB_SERVER_URL: serverUrl,
  GITHUB_API_URL: apiUrl,
  GITHUB_GRAPHQL_URL: `${apiUrl}/graphql`,
  GITHUB_REF: ref,
  // The commit's name in act.
  SHA_REF: sha,
});

/** Writes act's input. JSON is valid YAML, so values may have several lines. */
const writeRunFiles = async ({ directory, request, token }: ActCall): Promise<void> => {
  const { secrets, environments, variables = {}, workflow, event } = request;
  const own: Record<string, string> = Object.assign({}, ...Object.values(environments), secrets);
  await mkdir(join(directory, "workspace"), { recursive: true });
  await mkdir(join(directory, "home"), { recursive: true });
  const files = {
    "workflow.yml": withoutNewKeys(workflow.text),
    "event.json": JSON.stringify(event.payload),
    "secrets.yaml": JSON.stringify({ ...own, GITHUB_TOKEN: token }),
    "variables.yaml": JSON.stringify(variables),
    "environment.yaml": JSON.stringify(toVariables(request)),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text, { mode: 0o600 });
};

/** Returns options with which act runs jobs on this machine and fetches no action from another. */
export const toActOptions = (directory: string, actions: ReadonlyMap<string, string>): string[] =>
  [
    ["--directory", join(directory, "workspace"), "--platform", "ubuntu-latest=-self-hosted", "--rm", "--no-cache-server"],
    ["--action-offline-mode", "--action-cache-path", join(directory, "cache")],
    [...actions].flatMap(([uses, place]) => ["--local-repository", `${uses}=${place}`]),
  ].flat();

/** Returns the whole environment of act and of its jobs. */
export const toActEnvironment = (directory: string): Record<string, string> => ({
  ...ACT_ENVIRONMENT,
  PATH: `${dirname(process.execPath)}:${ACT_ENVIRONMENT.PATH}`,
  HOME: join(directory, "home"),
  LANG: "C.UTF-8",
});

const readActLine = (text: string): ActLine => {
  try {
    return JSON.parse(text) as ActLine;
  } catch {
    return { level: "info", msg: text };
  }
};

const waitForEnd = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => {
    child.once("error", () => resolve(-1));
    child.once("close", (code) => resolve(code ?? -1));
  });

const KILL_AFTER_MS = 10_000;

/** Executes one run with act. `interrupt` cancels the run as Ctrl+C does. */
export const startAct = async (call: ActCall): Promise<{ readonly ended: Promise<number>; readonly interrupt: () => void }> => {
  const { command, directory, actions, request } = call;
  await writeRunFiles(call);
  const at = (name: string): string => join(directory, name);
  const artifacts = ["--artifact-server-path", at("artifacts"), "--artifact-server-addr", "127.0.0.1"];
  const port = ["--artifact-server-port", String(await findFreePort())];
  const files = ["--secret-file", at("secrets.yaml"), "--var-file", at("variables.yaml"), "--env-file", at("environment.yaml")];
  const event = ["--workflows", at("workflow.yml"), "--eventpath", at("event.json"), "--actor", request.actor];
  const branch = ["--defaultbranch", request.repository.defaultBranch];
  const child = spawn(
    command,
    [request.event.name, "--json", ...toActOptions(directory, actions), ...event, ...branch, ...files, ...artifacts, ...port],
    { env: toActEnvironment(directory), stdio: ["ignore", "pipe", "pipe"] },
  );
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", (text) => call.onLine(readActLine(text)));
  return {
    ended: waitForEnd(child),
    interrupt: () => {
      child.kill("SIGINT");
      child.once(
        "close",
        after(KILL_AFTER_MS, () => child.kill("SIGKILL")),
      );
    },
  };
};
