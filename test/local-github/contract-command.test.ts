import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Octokit } from "@octokit/rest";
import { expect, onTestFinished, test } from "vitest";
import { BACKLOG_LABEL } from "../../src/core/domain/backlog-item.ts";
import { createLocalRunner } from "../../src/local-github/actions/local-runner.ts";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { openPacedClient } from "../contract/paced-client.ts";
import { after, now } from "../support/after.ts";
import { appKey } from "../support/app-key.ts";
import { realTimers } from "./actions/bench.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SLUG = { owner: "octo", repo: "throwaway" };
const MAX_RUN_MS = 20 * 60_000;

/** A local GitHub with its own runner, an App, and an empty repository, as a person creates one for the contract. */
const openThrowaway = async () => {
  const root = mkdtempSync(join(tmpdir(), "contract-"));
  const keyFile = join(root, "app.pem");
  writeFileSync(keyFile, appKey());
  const runner = createLocalRunner({
    directory: join(root, "jobs"),
    actionRoot: join(root, "no-action"),
    node: process.execPath,
    env: process.env,
    clock: now,
    timers: realTimers,
    namespaces: false,
  });
  const forge = await startForge({
    directory: join(root, "forge"),
    port: 0,
    now,
    random: () => randomInt(2 ** 32) / 2 ** 32,
    after,
    runner,
    rateLimit: 100_000,
  });
  onTestFinished(async () => {
    await runner.close();
    await forge.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 10 });
  });
  await forge.createRepository({ owner: SLUG.owner, name: SLUG.repo });
  const token = forge.createUser(SLUG.owner);
  const app = await forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "s" });
  const env = {
    GH_TOKEN: token,
    ENKI_CONTRACT_REPOSITORY: `${SLUG.owner}/${SLUG.repo}`,
    GITHUB_API_URL: forge.apiUrl,
    GITHUB_SERVER_URL: forge.url,
  };
  return {
    forge,
    token,
    env,
    bot: { APP_ID: String(app.id), PRIVATE_KEY_PATH: keyFile },
    octokit: openPacedClient({ apiUrl: forge.apiUrl, fetch }, token),
  };
};

type Ended = { readonly code: number | null; readonly text: string };

/** The command as a person runs it, with these variables. */
const runContract = (env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const { PATH = "", HOME = "", TMPDIR = "/tmp" } = process.env;
    const child = spawn("npm", ["run", "--silent", "contract", ...(args.length > 0 ? ["--", ...args] : [])], {
      cwd: ROOT,
      env: { PATH, HOME, TMPDIR, NO_COLOR: "1", ...env },
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.once("close", (code) => resolve({ code, text }));
  });

/** Rows of the printed table by promise. */
const readTable = (text: string): ReadonlyMap<string, { readonly result: string; readonly seen: string }> =>
  new Map(
    text
      .split("\n")
      .filter((line) => /\| (?:same|differs|not asked) \|/.test(line))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
      .map(([, promise = "", result = "", seen = ""]) => [promise, { result, seen }]),
  );

const promisesWith = (text: string, result: string): string[] =>
  [...readTable(text)].filter(([, row]) => row.result === result).map(([promise]) => promise);

/** Everything that a run may leave behind. */
const readLeftovers = async (octokit: Octokit) => {
  const { data: issues } = await octokit.issues.listForRepo({ ...SLUG, state: "open" });
  const refs = await Promise.all(["heads/", "enki/"].map((ref) => octokit.git.listMatchingRefs({ ...SLUG, ref })));
  const { data: runs } = await octokit.actions.listWorkflowRunsForRepo(SLUG);
  return {
    issues: issues.map(({ title }) => title),
    refs: refs.flatMap(({ data }) => data.map(({ ref }) => ref)),
    running: runs.workflow_runs.filter(({ status }) => status !== "completed").map(({ display_title: title }) => title),
    label: await octokit.issues.getLabel({ ...SLUG, name: BACKLOG_LABEL }).then(
      () => true,
      () => false,
    ),
  };
};

test("the contract holds on a GitHub over HTTP, twice; it prints no token and leaves nothing open", { timeout: MAX_RUN_MS }, async () => {
  const { env, bot, token, octokit, forge } = await openThrowaway();
  const first = await runContract({ ...env, ...bot });
  expect(promisesWith(first.text, "differs")).toEqual([]);
  expect(promisesWith(first.text, "not asked")).toEqual([]);
  expect(first.text).toMatch(/^32 promises are the same, 0 differ, 0 were not asked\.$/m);
  expect(first.text).toMatch(/^3\. .*\n {3}two new refs: yes; one stale of two: no .*, the other untouched: yes; both moved: yes$/m);
  expect(first.text).toMatch(/^6\. .*\n {3}5 of 5 jobs ran, the last one commented$/m);
  // The local GitHub answers what was measured on GitHub.
  expect(first.text).toMatch(
    /^10\. .*\n {3}at the tip of the base: closed, not merged; at an earlier commit: closed, merged \(by octo\)$/m,
  );
  expect(first.text.match(/^\d+\. /gm)).toHaveLength(10);
  expect(first.text).not.toContain(token);
  expect(first.text).not.toMatch(/gh[ps]_|eyJ/);
  expect(first.code).toBe(0);
  expect(await readLeftovers(octokit)).toEqual({ issues: [], refs: ["refs/heads/main"], running: [], label: false });

  // A killed run left the first three; the others are a person's.
  const { data: main } = await octokit.git.getRef({ ...SLUG, ref: "heads/main" });
  for (const ref of ["heads/task/contract012abc-one", "enki/contract012abc", "heads/task/mine", "enki/ledger"])
    await octokit.git.createRef({ ...SLUG, ref: `refs/${ref}`, sha: main.object.sha });
  for (const title of ["Contract contract012abc", "Mine"]) await octokit.issues.create({ ...SLUG, title });
  forge.setPermission({ owner: SLUG.owner, name: SLUG.repo }, { login: "ada", role: "write" });
  const second = await runContract({ ...env, GH_TOKEN: forge.createUser("ada") });
  expect(promisesWith(second.text, "differs")).toEqual([]);
  expect(readTable(second.text).get("lists reviews with their head, oldest first")).toEqual({
    result: "not asked",
    seen: "needs a bot: ENKI_CONTRACT_BOT_TOKEN, or APP_ID and PRIVATE_KEY_PATH",
  });
  expect(second.code).toBe(0);
  const refs = ["refs/heads/main", "refs/heads/task/mine", "refs/enki/ledger"];
  expect(await readLeftovers(octokit)).toEqual({ issues: ["Mine"], refs, running: [], label: false });
});

const readBody = async (stream: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

type Answer = { readonly status: number; readonly body: string };
type Change = (request: string, answer: Answer) => Answer;

/** A GitHub that gives some answers of its own. */
const openDouble = async (url: string, change: Change): Promise<string> => {
  const server = createServer((request, response) => {
    void (async () => {
      const { method = "GET", url: path = "", headers } = request;
      const body = method === "GET" ? undefined : await readBody(request);
      const kept = ["authorization", "accept", "content-type", "if-none-match"].flatMap((name) => {
        const value = headers[name];
        return typeof value === "string" ? [[name, value] as const] : [];
      });
      const answer = await fetch(`${url}${path}`, { method, headers: Object.fromEntries(kept), redirect: "manual", ...(body && { body }) });
      const changed = change(`${method} ${path.replace(/\?.*/, "")}`, { status: answer.status, body: await answer.text() });
      const passed = [...answer.headers].filter(
        ([name]) => !/^(?:content-length|content-encoding|connection|transfer-encoding)$/.test(name),
      );
      response.writeHead(changed.status, Object.fromEntries(passed)).end(changed.body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
};

const DIFFERENT: Change = (request, answer) => {
  if (/^PATCH .*\/issues\/comments\/987654$/.test(request)) return { ...answer, status: 410 };
  if (/^POST .*\/statuses\/0123456789/.test(request)) return { ...answer, status: 404 };
  if (/^GET .*\/pulls$/.test(request)) return { ...answer, body: answer.body.replaceAll('"draft":false', '"draft":true') };
  return answer;
};

test("the contract reports each promise that another GitHub breaks, with what was seen", { timeout: MAX_RUN_MS }, async () => {
  const { env, bot, forge, token } = await openThrowaway();
  const url = await openDouble(forge.url, DIFFERENT);
  const filter = "comment is listed|missing object|per head|permissions|on a commit";
  const { code, text } = await runContract({ ...env, ...bot, GITHUB_API_URL: `${url}/api/v3` }, "-t", filter);
  expect(promisesWith(text, "same")).toEqual([
    "a comment is listed with its author, edited in place and removed",
    "reads permissions, none for an unknown person",
  ]);
  const table = readTable(text);
  expect(promisesWith(text, "differs")).toEqual([
    "refuses a missing object as not found",
    "opens one pull request per head, finds it by the head, and follows the head",
    "sets a status on a commit, also twice, and refuses a missing commit",
  ]);
  expect(table.get("refuses a missing object as not found")?.seen).toMatch(/expected 'gone' to be 'not-found'/);
  expect(table.get("sets a status on a commit, also twice, and refuses a missing commit")?.seen).toMatch(
    /expected 'not-found' to be 'invalid'/,
  );
  expect(table.get("opens one pull request per head, finds it by the head, and follows the head")?.seen).toMatch(
    /- "draft": false, \+ "draft": true,/,
  );
  expect(code).toBe(1);
  expect(text).not.toContain(token);
});

test("the contract refuses a repository that may hold work, unless its name is given twice", { timeout: MAX_RUN_MS }, async () => {
  const { env, octokit } = await openThrowaway();
  await octokit.issues.create({ ...SLUG, title: "Uploads fail" });
  const refused = await runContract(env);
  expect(refused.text).toContain("octo/throwaway may hold work: it has issues, or more than 5 commits or 20 files.");
  expect(refused.text).toContain("set ENKI_CONTRACT_ANY_REPOSITORY=octo/throwaway as well");
  expect(refused.code).toBe(1);
  expect(await readLeftovers(octokit)).toEqual({ issues: ["Uploads fail"], refs: [], running: [], label: false });

  const told = await runContract({ ...env, ENKI_CONTRACT_ANY_REPOSITORY: "octo/throwaway" }, "-t", "person is not a bot");
  expect(promisesWith(told.text, "same")).toEqual(["a person is not a bot"]);
  expect(told.code).toBe(0);
  expect(await readLeftovers(octokit)).toEqual({ issues: ["Uploads fail"], refs: ["refs/heads/main"], running: [], label: false });
  expect((await runContract(env, "-t", "person is not a bot")).text).toContain("octo/throwaway may hold work");
});

test("the contract says which variables are missing", { timeout: MAX_RUN_MS }, async () => {
  const { code, text } = await runContract({});
  expect(text).toContain("npm run contract needs a token and a repository in the environment");
  expect(code).toBe(1);
});
