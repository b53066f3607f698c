import { now } from "../support/after.ts";
import { connectGitHub } from "../../src/github/connect-github.ts";
import type { GitHubPorts, GitHubReply } from "../../src/github/github-ports.ts";
import type { ContractStage } from "../github/contract.ts";
import { personRequests } from "../github/person-requests.ts";
import type { ContractPlace } from "./contract-place.ts";
import { isOnLoopback } from "./contract-settings.ts";
import { ARTIFACT_NAME } from "./contract-workflows.ts";
import { openPacedClient, wait } from "./paced-client.ts";

const MAX_REPEATS = 3;
const NO_BOT = "needs a bot: ENKI_CONTRACT_BOT_TOKEN, or APP_ID and PRIVATE_KEY_PATH";
const NO_READER = "needs a token that may only read: ENKI_CONTRACT_READ_TOKEN, or APP_ID and PRIVATE_KEY_PATH";

const isLater = (reply: unknown): reply is { failure: { retryAt: number } } => {
  const { ok, failure } = (reply ?? {}) as Partial<Extract<GitHubReply<never>, { ok: false }>>;
  return ok === false && failure?.kind === "later" && !failure.unclear;
};

/** Waits and repeats where GitHub, or Enki's own limit of new texts, asks for it. */
const patient = <T extends object>(port: T, clock: () => number): T =>
  new Proxy(port, {
    get: (target, key): unknown => {
      const found: unknown = Reflect.get(target, key);
      if (typeof found === "object" && found !== null) return patient(found, clock);
      if (typeof found !== "function") return found;
      return (...parameters: unknown[]): unknown => {
        const call = (): unknown => Reflect.apply(found, target, parameters);
        const first = call();
        return first instanceof Promise ? repeat(first, call, clock) : first;
      };
    },
  });

const repeat = async (first: Promise<unknown>, call: () => unknown, clock: () => number): Promise<unknown> => {
  let reply = await first;
  for (let repeats = 0; repeats < MAX_REPEATS && isLater(reply); repeats += 1) {
    await wait(Math.max(0, reply.failure.retryAt - clock()));
    reply = await call();
  }
  return reply;
};

/** A clock for servers without limits: a second passes at every read, so a burst of texts needs no pause. */
const createFastClock = (): (() => number) => {
  let time = now();
  return () => (time += 1_000);
};

/** Opens the stage of one promise: an issue of its own, and branches, jobs and texts of its own name. */
export const openContractStage = async (place: ContractPlace): Promise<ContractStage> => {
  const { settings, slug, person, bot, clone, defaultBranch } = place;
  const id = place.newId();
  const clock = isOnLoopback(settings) ? createFastClock() : now;
  const connect = (token: string): GitHubPorts =>
    patient(connectGitHub({ octokit: openPacedClient({ ...settings, fetch: place.fetch }, token), ...slug, clock }), clock);
  const { data: issue } = await person.issues.create({ ...slug, title: `Contract ${id}`, body: "A test opened this issue and closes it." });
  const tips = new Map<string, string>();
  return {
    id,
    base: defaultBranch,
    since: Date.parse(issue.created_at),
    issue: issue.number,
    github: connect(bot?.token ?? settings.token),
    self: bot?.login ?? place.login,
    person: connect(settings.token),
    maintainer: place.login,
    maintainerMay: place.isAdmin ? "admin" : "write",
    reader: connect(place.readToken ?? settings.token),
    lacks: { bot: bot === null ? NO_BOT : null, reader: place.readToken === null ? NO_READER : null },
    push: async (branch) => {
      const parent = tips.get(branch);
      const tip = await clone.commit(parent ?? place.base, { [`${branch}.txt`]: parent === undefined ? "one" : "two" });
      await clone.push(`${tip}:refs/heads/${branch}`);
      tips.set(branch, tip);
      return tip;
    },
    ...personRequests(person, slug),
    upload: async (run, name) => {
      if (name !== ARTIFACT_NAME) throw new Error(`The job uploads ${ARTIFACT_NAME} only.`);
      const { data } = await person.actions.getWorkflowRun({ ...slug, run_id: run });
      await clone.push(`${place.base}:refs/heads/task/${id}-go-${data.display_title.split("/").at(-1) ?? ""}`);
      await place.eventually(async () => {
        const { data: later } = await person.actions.getWorkflowRun({ ...slug, run_id: run });
        if (later.status !== "completed") throw new Error(`Run ${run} did not end.`);
      });
    },
    settle: () => Promise.resolve(),
    eventually: place.eventually,
    close: place.cleanUp,
  };
};
