import { join } from "node:path";
import type { After } from "../git/run.ts";
import { connectGitHub } from "../github/connect-github.ts";
import { readJobKey } from "../model/job.ts";
import { readInstallation } from "../settings.ts";
import { agentJob } from "./agent.ts";
import type { JobHost } from "./job-host.ts";
import { prepareJob } from "./prepare.ts";
import { publishJob } from "./publish.ts";
import type { StepHost } from "./step-host.ts";
import { verifyJob } from "./verify.ts";

/** What the action has of its host, an Actions runner. */
export type ActionHost = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where this installation is: `action.yml`, `dist`, `roles`. */
  readonly root: string;
  readonly node: string;
  /** An input of the action; empty where it was not given. */
  readonly input: (name: string) => string;
  readonly output: (name: string, value: string) => void;
  /** Something untrusted goes to the log: no line of it is read as a command to the runner. */
  readonly untrusted: (line: string) => void;
  readonly info: (line: string) => void;
  readonly now: () => number;
  /** A word that nobody could know before. */
  readonly nonce: string;
  readonly after: After;
};

/** Runs the step of a job that the input `command` names; gives why the step failed, or null. */
export const runStep = (host: ActionHost): Promise<string | null> => {
  const command = host.input("command");
  switch (command) {
    case "prepare":
      return prepare(host);
    case "agent":
      return agent(host);
    case "verify":
      return verify(host);
    case "publish":
      return publish(host);
    default:
      return Promise.resolve(`there is no command '${command}'; one of prepare, agent, verify, publish`);
  }
};

const variable = ({ env }: ActionHost, name: string): string => {
  const value = env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: this action runs in an Actions job`);
  return value;
};

const jobHost = async (host: ActionHost): Promise<JobHost> => {
  const text = `${host.input("kind")}/${host.input("target")}/${host.input("attempt")}`;
  const job = readJobKey(text);
  if (!job) throw new Error(`'${text}' names no job`);
  return {
    job,
    workspace: variable(host, "GITHUB_WORKSPACE"),
    temp: variable(host, "RUNNER_TEMP"),
    defaultBranch: host.input("default-branch"),
    url: `${variable(host, "GITHUB_SERVER_URL")}/${variable(host, "GITHUB_REPOSITORY")}.git`,
    layers: await readInstallation(host.root),
    after: host.after,
    log: host.info,
  };
};

const stepHost = (host: ActionHost): StepHost => ({
  workspace: variable(host, "GITHUB_WORKSPACE"),
  temp: variable(host, "RUNNER_TEMP"),
  env: host.env,
  modelKey: host.input("model-key"),
  node: host.node,
  cli: join(host.root, "dist", "cli.js"),
  after: host.after,
  now: host.now,
  nonce: host.nonce,
  log: host.untrusted,
});

const prepare = async (host: ActionHost): Promise<string | null> => {
  const claimed = await prepareJob(await jobHost(host), host.input("token"));
  host.output("claimed", String(claimed.ok));
  host.info(claimed.ok ? `works on ${claimed.value.base}` : claimed.refusal.why);
  return null;
};

const agent = async (host: ActionHost): Promise<string | null> => {
  const { end, why } = await agentJob(stepHost(host));
  host.info(`ended: ${end}`);
  return end === "success" || end === "artifact" || end === "unchanged" ? null : why || end;
};

const verify = async (host: ActionHost): Promise<string | null> =>
  (await verifyJob(stepHost(host))) ? null : "the candidate did not pass";

const publish = async (host: ActionHost): Promise<string | null> => {
  const job = await jobHost(host);
  const token = host.input("token");
  const [owner = "", repo = ""] = variable(host, "GITHUB_REPOSITORY").split("/");
  const github = connectGitHub({ auth: token, baseUrl: variable(host, "GITHUB_API_URL"), owner, repo, clock: host.now });
  const published = await publishJob(job, {
    token,
    bundle: host.input("bundle"),
    run: Number(variable(host, "GITHUB_RUN_ID")),
    before: { job: host.input("job-result"), step: host.input("step-result") },
    now: host.now,
    wake: async () => {
      const woken = await github.runs.wake(`${job.job.kind}/${job.job.target}/${job.job.attempt}`);
      // The result is there all the same: the coordinator finds it when it wakes for another reason.
      if (!woken.ok) host.info(`the coordinator was not woken: ${woken.failure.why}`);
    },
  });
  host.info(published);
  return null;
};
