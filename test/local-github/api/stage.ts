import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Octokit } from "@octokit/rest";
import { expect } from "vitest";
import type { JobPermissions, RunObserver, WorkflowRunner, RunRequest } from "../../../src/local-github/actions/workflow-runner.ts";
import { type ForgeOptions, type RunningForge, startForge } from "../../../src/local-github/api/start-forge.ts";
import { after } from "../../support/after.ts";
import { createBareRepository } from "../../../src/local-github/api/create-bare-repository.ts";
import type { NewRepository, RepositoryName } from "../../../src/local-github/api/create-repository.ts";
import { makeOnce } from "./first-commit.ts";
import { openWitness } from "./published.ts";

const run = promisify(execFile);

export const NAMED = { owner: "octo", name: "demo" };
export const REPO = { owner: "octo", repo: "demo" };

/** A runner whose runs end on the test's command. */
export type HandRunner = WorkflowRunner & { readonly started: { readonly request: RunRequest; readonly observer: RunObserver }[] };

const handRunner = (): HandRunner => {
  const started: { request: RunRequest; observer: RunObserver }[] = [];
  return {
    started,
    start: (request, observer) => void started.push({ request, observer }),
    cancel: (run) => started.find(({ request }) => request.id === run)?.observer.onDone("cancelled", "asked"),
    close: () => Promise.resolve(),
  };
};

type Hook = { readonly event: string; readonly id: string; readonly signature: string; readonly body: string };

export const listen = async () => {
  const hooks: Hook[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const header = (name: string): string => String(request.headers[name] ?? "");
      hooks.push({
        event: header("x-github-event"),
        id: header("x-github-delivery"),
        signature: header("x-hub-signature-256"),
        body: Buffer.concat(chunks).toString("utf8"),
      });
      response.end("ok");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { hooks, url: `http://127.0.0.1:${port}/`, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
};

/** Creates a clock that advances by ten milliseconds at every read. */
const ticking = (): (() => number) => {
  let now = Date.parse("2026-11-20T12:00:00Z");
  return () => (now += 10);
};

const randomness = (): (() => number) => {
  let seed = 42;
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
};

export const MINT = { ".github/workflows/mint.yml": "on: repository_dispatch\njobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }\n" };

/** A commit would start a second process that looks for maintenance. */
const GIT_FLAGS = ["user.name=Ada", "user.email=ada@example.invalid", "maintenance.auto=false"].flatMap((setting) => ["-c", setting]);

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** Opens a forge with the repository `octo/demo` of the owner `octo`, with one commit of these files on `main`. */
export const openStage = async (files: Readonly<Record<string, string>> = {}, options: Partial<ForgeOptions> = {}) => {
  const root = mkdtempSync(join(tmpdir(), "forge-"));
  const work = join(root, "work");
  mkdirSync(work);
  const env = { PATH: process.env["PATH"], HOME: root, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
  // Asynchronous, because this process also runs the forge that answers.
  const git = async (...args: string[]): Promise<string> => (await run("git", [...GIT_FLAGS, ...args], { cwd: work, env })).stdout.trim();
  const commit = async (changes: Readonly<Record<string, string>>): Promise<string> => {
    for (const [path, text] of Object.entries(changes)) {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), text);
    }
    await git("add", "-A");
    await git("commit", "-q", "--allow-empty", "-m", `change ${Object.keys(changes).join(", ")}`);
    return git("rev-parse", "HEAD");
  };
  const first = JSON.stringify(files);
  await makeOnce(`work of ${first}`, work, async () => {
    await git("init", "-q", "-b", "main", "--template=");
    await commit({ "README.md": "# Demo\n", ...files });
  });
  const runner = handRunner();
  const witness = openWitness();
  const forge: RunningForge = await startForge({
    directory: join(root, "forge"),
    port: 0,
    now: ticking(),
    random: randomness(),
    after,
    runner,
    lag: { runsMs: 0, mergedMs: 0 },
    ...options,
    observe: (exchange) => {
      witness.observe(exchange);
      options.observe?.(exchange);
    },
  });
  /** Creates a repository of the first commit: the same bare repository for all stages with these files. */
  const createFirst = async (named: RepositoryName, over: Partial<NewRepository> = {}): Promise<void> => {
    const bare = join(root, "forge", named.owner, `${named.name}.git`);
    await makeOnce(`bare of ${first}`, bare, () => createBareRepository(bare, { from: work, after }));
    await forge.createRepository({ ...named, ...over });
  };
  await createFirst(NAMED);
  const owner = forge.createUser("octo");
  const octokit = (auth: string): Octokit => {
    const quiet = (): void => undefined;
    return new Octokit({ auth, baseUrl: forge.apiUrl, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } });
  };
  return {
    root,
    work,
    forge,
    runner,
    owner,
    git,
    commit,
    createFirst,
    octokit,
    /** Creates a token like that of a workflow job with these permissions. */
    jobToken: async (permissions: JobPermissions): Promise<string> => {
      await octokit(owner).repos.createDispatchEvent({ ...REPO, event_type: "mint" });
      await forge.waitUntilIdle();
      const start = runner.started.at(-1);
      if (!start) throw new Error("no workflow listens to repository_dispatch");
      return start.request.mintToken(permissions);
    },
    remote: (token: string): string => `${forge.url.replace("//", `//x-access-token:${token}@`)}/octo/demo.git`,
    /** Also checks all answers and webhooks of the forge against GitHub's published schemas. */
    close: async (): Promise<void> => {
      await forge.close();
      rmSync(root, { recursive: true, force: true });
      expect(await witness.faults(forge.deliveries())).toEqual([]);
    },
  };
};
