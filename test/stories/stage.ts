import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished } from "vitest";
import { appKey } from "../support/app-key.ts";
import { type AppOptions, startApp } from "../../src/app.ts";
import { type ForgeOptions, type RunningForge, startForge } from "../../src/local-github/api/start-forge.ts";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { deriveLedgerKeys } from "../../src/storage/ledger/ledger-keys.ts";
import { toBranchRef } from "../../src/core/domain/refs.ts";
import { readMarker } from "../../src/core/messages/comment-marker.ts";
import { readLandingTrailers } from "../../src/core/messages/commit-messages.ts";
import { openPersonClient, type PersonClient } from "../../src/cli/person-client.ts";
import type { WorkflowRunner } from "../../src/local-github/actions/workflow-runner.ts";
import { readEnkiWorkflowFiles } from "../../src/cli/repository-files.ts";
import { after } from "../support/after.ts";
import { MANIFEST } from "../support/manifest.ts";
import { openWitness } from "../local-github/api/published.ts";
import { identity } from "../support/repository.ts";
import { quickRunner, type Script } from "./quick-runner.ts";

const REPOSITORY = { owner: "octo", name: "demo" };
const ROOT = new URL("../..", import.meta.url).pathname;
const run = promisify(execFile);

export type StageOptions = {
  /** Acts of agents and checks; unused with another runner. */
  readonly script: Script;
  /** Executes jobs below a directory; by default the quick runner. */
  readonly runner?: (directory: string) => WorkflowRunner;
  readonly files?: Readonly<Record<string, string>>;
  readonly faults?: NonNullable<ForgeOptions["faults"]>;
  readonly observe?: NonNullable<ForgeOptions["observe"]>;
  /** Whether GitHub sends webhooks. */
  readonly webhooks?: boolean;
  readonly app?: Partial<AppOptions>;
  /** Number of jobs that the runner executes in parallel; others wait. */
  readonly atOnce?: number;
  /** Lead of the App's clock over GitHub's, in milliseconds. */
  readonly ahead?: number;
  /** Whether only people with a role see the repository. */
  readonly private?: boolean;
  /** The longest wait without a result, in milliseconds. */
  readonly patience?: number;
  /**
   * Whether the App and its jobs fetch and push over HTTP, as on github.com. Otherwise they use the repository's own directory, as
   * `enki local` does: a fetch and a push over HTTP start a dozen git processes. By default, the stories of \`npm test\` use the directory,
   * and the deep ones HTTP.
   */
  readonly isRemote?: boolean;
};

/**
 * Opens a GitHub on loopback, the App behind its webhooks, and a maintainer with a client: only the agents are not real. Closed when the test
 * ends.
 */
export const openStage = async (options: StageOptions) => {
  const directory = await mkdtemp(join(tmpdir(), "enki-stage-"));
  // Vitest calls the last registered function first.
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  let skew = 0;
  const now = (): number => Date.now() + skew;
  const jobs = join(directory, "jobs");
  const isRemote = options.isRemote ?? process.env["ENKI_STORIES"] !== "near";
  const findNear = isRemote ? undefined : (repository: string): string => join(directory, "repositories", `${repository}.git`);
  const runner = options.runner?.(jobs) ?? quickRunner({ directory: jobs, script: options.script, atOnce: options.atOnce, findNear });
  const witness = openWitness();
  const changes = openChanges();
  const forge = await startForge({
    directory: join(directory, "repositories"),
    port: 0,
    now,
    random: Math.random,
    after,
    runner,
    lag: { runsMs: 50, mergedMs: 50 },
    ...(options.faults && { faults: options.faults }),
    observe: (exchange) => {
      witness.observe(exchange);
      if (exchange.method !== "GET") changes.report();
      options.observe?.(exchange);
    },
  });
  onTestFinished(async () => {
    await runner.close();
    await forge.close();
    expect(await witness.faults(forge.deliveries())).toEqual([]);
  });
  const account = await forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "for-this-test-only", ...MANIFEST });
  await forge.createRepository({ ...REPOSITORY, private: options.private ?? false });
  const log: string[] = [];
  let apps = 0;
  /** Starts another process of the App; webhooks go to the newest process. */
  const startOne = async (over: Partial<AppOptions> = {}) => {
    const app = await startApp({
      appId: account.id,
      privateKey: account.privateKeyPem,
      secret: account.secret,
      apiUrl: forge.apiUrl,
      serverUrl: forge.url,
      host: "127.0.0.1",
      port: 0,
      root: ROOT,
      directory: join(directory, `clones-${(apps += 1)}`),
      graceMs: 0,
      sweepIntervalMs: 60_000,
      ...(findNear && { findNear }),
      log: (line) => void log.push(line),
      timers: { now: () => now() + (options.ahead ?? 0), after },
      ...options.app,
      ...over,
    });
    if (options.webhooks !== false) forge.setWebhookUrl(account.id, app.url);
    onTestFinished(() => app.close());
    return app;
  };
  const app = await startOne();
  const installation = forge.installation(account.id, REPOSITORY.owner);
  const stage = {
    directory,
    forge,
    /** The App's id. */
    account: account.id,
    /** The public key of the ledger and of proofs. */
    ledgerKey: deriveLedgerKeys(account.privateKeyPem).publicKeys[0] ?? "",
    log,
    startApp: startOne,
    /** The keys for the App's pages. */
    client: account.client,
    app,
    /** GitHub's time. */
    now,
    /** Advances the time of GitHub and the App, without calling their timers. */
    later: (delay: number): void => void (skew += delay),
    /** Reads everything without a webhook, and waits until the App is idle. */
    sweep: (one = app): Promise<void> => one.service.addRepository(`${REPOSITORY.owner}/${REPOSITORY.name}`, installation),
    ...people(forge),
    ...repository(forge, directory),
  };
  const files = { "limit.txt": "1\n", ".enki/enki.toml": '[refinery]\nverify = ["true"]\n', ...options.files };
  await stage.push("main", files, { workflows: true });
  const waits = waiting(stage.maintainer, { log, changes, patience: options.patience ?? PATIENCE });
  return {
    ...stage,
    ...waits,
    /** Sweeps as time passes, until a condition holds: for stories without a webhook or a timer. */
    sweepUntil: <T>(what: string, look: () => Promise<T | null | false | undefined>, step = 0): Promise<T> =>
      waits.until(what, async () => {
        stage.later(step);
        await stage.sweep();
        return look();
      }),
  };
};
export type OpenStage = Awaited<ReturnType<typeof openStage>>;

const people = (forge: RunningForge) => {
  const person = (login: string, role: "admin" | "write" | "read" | "none"): PersonClient => {
    const token = forge.createUser(login);
    forge.setPermission(REPOSITORY, { login, role });
    return openPersonClient({ apiUrl: forge.apiUrl, token, ...REPOSITORY });
  };
  const send = async (method: string, path: string, of: { token: string; body: object }): Promise<unknown> => {
    const headers = { authorization: `Bearer ${of.token}`, "content-type": "application/json" };
    const answer = await fetch(`${forge.apiUrl}/repos/${REPOSITORY.owner}/${REPOSITORY.name}${path}`, {
      method,
      headers,
      ...(method === "GET" ? {} : { body: JSON.stringify(of.body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const apps = new Map<string, Promise<{ id: number }>>();
  const admin = forge.createUser("maintainer");
  return {
    person,
    maintainer: person("maintainer", "admin"),
    ...REPOSITORY,
    /** Sets a label as a person with this role. */
    labelBy: async (by: { login: string; role: "triage" | "write" }, issue: number, label: string): Promise<void> => {
      const token = forge.createUser(by.login);
      forge.setPermission(REPOSITORY, by);
      await send("POST", `/issues/${issue}/labels`, { token, body: { labels: [label] } });
    },
    /** Changes a comment's text. */
    edit: async (comment: number, body: string): Promise<void> =>
      void (await send("PATCH", `/issues/comments/${comment}`, { token: admin, body: { body } })),
    /** Calls GitHub's API as the maintainer. */
    does: (method: string, path: string, body: object = {}): Promise<unknown> => send(method, path, { token: admin, body }),
    /** Calls GitHub's API as another App, such as a CI. */
    appDoes: async (slug: string, path: string, body: object): Promise<unknown> => {
      const app = apps.get(slug) ?? forge.createApp({ privateKeyPem: appKey(), name: slug, secret: "for-this-test-only" });
      apps.set(slug, app);
      return send("POST", path, { token: forge.createInstallationToken((await app).id, REPOSITORY.owner), body });
    },
    /** Writes a comment as another App. */
    bot: async (body: string, issue: number): Promise<void> => {
      const other = await forge.createApp({ privateKeyPem: appKey(), name: "other", secret: "for-this-test-only" });
      await send("POST", `/issues/${issue}/comments`, { token: forge.createInstallationToken(other.id, REPOSITORY.owner), body: { body } });
    },
  };
};

const repository = (forge: RunningForge, directory: string) => {
  const bare = join(directory, "repositories", REPOSITORY.owner, `${REPOSITORY.name}.git`);
  const git = async (...args: string[]): Promise<string> => (await run("git", args, { cwd: bare, maxBuffer: 1 << 26 })).stdout.trim();
  const token = forge.createUser("pusher");
  forge.setPermission(REPOSITORY, { login: "pusher", role: "admin" });
  const clone = openClone({
    url: `${forge.url}/${REPOSITORY.owner}/${REPOSITORY.name}.git`,
    directory: join(directory, "pusher.git"),
    token: () => Promise.resolve(token),
    identity,
    after,
    near: bare,
  });
  return {
    bare,
    git,
    /** Commits these files to a branch and pushes like a person; returns the commit. */
    push: async (
      branch: string,
      files: Readonly<Record<string, string>>,
      over: { workflows?: boolean; onto?: string; force?: boolean } = {},
    ) => {
      const own = await clone;
      await own.fetch();
      const tip = (await own.refs())[toBranchRef(branch)] ?? null;
      const onto = over.onto ?? tip;
      const all = new Map(Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" as const }]));
      const flows = over.workflows ? await readEnkiWorkflowFiles(ROOT) : new Map<string, never>();
      const tree = await own.writeFiles(onto, new Map([...all, ...flows]));
      const parents = onto === null ? [] : [onto];
      const commit = await own.writeCommit({ tree, parents, message: `a person changes ${Object.keys(files).join(", ")}`, at: Date.now() });
      const pushed = await own.push([{ ref: toBranchRef(branch), oldSha: tip, newSha: over.force ? (onto ?? commit) : commit }]);
      if (pushed.kind !== "pushed") throw new Error(`${pushed.kind}: ${pushed.text}`);
      return commit;
    },
    /** Returns the steps in the order of their landings on a branch. */
    landed: async (branch = "main"): Promise<string[]> => {
      const text = await git("log", "--first-parent", "--reverse", "-z", "--format=%B", branch);
      return text.split("\0").flatMap((message) => readLandingTrailers(message)?.task.replace(/^[0-9a-f]+-/, "") ?? []);
    },
  };
};

const PATIENCE = 60_000;
/** Pause between two looks if nobody changes anything: some states change with time alone. */
const LOOK = 100;

/** Counts the writes of people and Apps on GitHub. */
const openChanges = () => {
  let written = 0;
  const wakers = new Set<() => void>();
  return {
    count: (): number => written,
    report: (): void => {
      written += 1;
      for (const wake of wakers) wake();
    },
    /** Waits for the first change after the first `known` ones. */
    next: (known: number): Promise<void> =>
      new Promise((resolve) => {
        if (written > known) return resolve();
        const wake = (): void => {
          cancel();
          wakers.delete(wake);
          resolve();
        };
        const cancel = after(LOOK, wake);
        wakers.add(wake);
      }),
  };
};

type Waits = { readonly log: readonly string[]; readonly changes: ReturnType<typeof openChanges>; readonly patience: number };

/** Waits for asynchronous results by looking after each change. On a time-out, the test reports its goal and the App's log. */
const waiting = (maintainer: PersonClient, { log, changes, patience }: Waits) => {
  const until = async <T>(
    what: string,
    look: () => Promise<T | null | false | undefined>,
    shown: () => Promise<string> = () => Promise.resolve(""),
  ): Promise<T> => {
    const begun = Date.now();
    for (;;) {
      const known = changes.count();
      const seen = await look();
      if (seen !== null && seen !== false && seen !== undefined) return seen;
      if (Date.now() - begun > patience) throw new Error(`waited in vain for ${what}\n${log.join("\n")}\n${await shown()}`);
      await changes.next(known);
    }
  };
  /** Enki's own comments on an issue: the execution's comment, or any. */
  const said = async (issue: number, kind?: "execution" | "reply"): Promise<string[]> =>
    (await maintainer.comments(issue))
      .filter(({ user, body }) => user.login === "enki[bot]" && (kind === undefined || readMarker(body)?.kind === kind))
      .map(({ body }) => body);
  /** The line for approving the plan, once the comment shows a plan. */
  const planned = (issue: number): Promise<string> =>
    until("a plan to approve", async () => /^\/enki approve \S+$/m.exec((await said(issue, "execution")).join("\n"))?.[0]);
  return {
    until,
    said,
    /** The execution's comment, once the text matches. */
    shows: (issue: number, words: RegExp): Promise<string> =>
      until(
        `a comment with ${String(words)}`,
        async () => (await said(issue, "execution")).find((body) => words.test(body)),
        async () => (await said(issue)).join("\n---\n"),
      ),
    replies: (issue: number, words: RegExp): Promise<string> =>
      until(`an answer with ${String(words)}`, async () => (await said(issue, "reply")).find((body) => words.test(body))),
    /** Opens an issue with a request; returns the issue's number. */
    ask: async (request = "/enki fix the limit"): Promise<number> => {
      const issue = await maintainer.openIssue("The limit is too low", "");
      await maintainer.comment(issue, request);
      return issue;
    },
    planned,
    /** Approves the shown plan. */
    approve: async (issue: number): Promise<void> => void (await maintainer.comment(issue, await planned(issue))),
  };
};
