import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Octokit } from "@octokit/rest";
import { expect, onTestFinished, test } from "vitest";
import type { RunRequest } from "../../../src/local-github/actions/workflow-runner.ts";
import { startForge } from "../../../src/local-github/api/start-forge.ts";
import { after } from "../../support/after.ts";
import { NAMED, openStage, REPO, type Stage } from "./stage.ts";

const TWO_JOBS = {
  ".github/workflows/two.yml": `name: two
on: workflow_dispatch
jobs: { first: { runs-on: x, steps: [{ run: 'true' }] }, second: { needs: first, runs-on: x, steps: [{ run: 'true' }] } }
`,
};

/** Opens a forge that stores its state, and further forges that continue its directory as after `kill -9`. */
const open = async () => {
  const directory = mkdtempSync(join(tmpdir(), "forge-state-"));
  const stateFile = join(directory, "forge");
  const stage = await openStage(TWO_JOBS, { stateFile });
  onTestFinished(async () => {
    await stage.close();
    rmSync(directory, { recursive: true });
  });
  const proceed = async ({ root, owner }: Stage = stage) => {
    const started: RunRequest[] = [];
    const forge = await startForge({
      directory: join(root, "forge"),
      port: 0,
      now: () => Date.parse("2026-11-20T13:00:00Z"),
      random: () => 0.5,
      after,
      runner: { start: (request) => void started.push(request), cancel: () => undefined, close: () => Promise.resolve() },
      lag: { runsMs: 0, mergedMs: 0 },
      stateFile,
    });
    onTestFinished(() => forge.close());
    return { forge, started, api: new Octokit({ auth: owner, baseUrl: forge.apiUrl }) };
  };
  return { ...stage, stateFile, api: stage.octokit(stage.owner), proceed };
};

test("an answered request survives the process: issues, comments, tokens, roles and ids", async () => {
  const { api, proceed, stateFile } = await open();
  await api.issues.create({ ...REPO, title: "Uploads fail" });
  await api.issues.createComment({ ...REPO, issue_number: 1, body: "/enki fix" });
  const next = await proceed();
  expect(next.forge.isResumed).toBe(true);
  const { data } = await next.api.issues.listComments({ ...REPO, issue_number: 1 });
  expect(data.map(({ body, user }) => [user?.login, body])).toEqual([["octo", "/enki fix"]]);
  expect((await next.api.issues.create({ ...REPO, title: "Another" })).data.number).toBe(2);
  expect(statSync(stateFile).mode & 0o077).toBe(0);
});

test("secrets of a repository are not stored", async () => {
  const { forge, stateFile } = await open();
  const secret = ["sk", "very", "secret"].join("-");
  forge.setSecrets(NAMED, { KEY: secret });
  forge.setEnvironment(NAMED, { name: "prod", secrets: { KEY: secret } });
  await forge.save();
  expect(readFileSync(stateFile, "latin1")).not.toContain(secret);
});

test("an unfinished run continues under its number: finished jobs keep outputs and artifacts, the others start again", async () => {
  const { api, runner, forge, proceed } = await open();
  await api.actions.createWorkflowDispatch({ ...REPO, workflow_id: "two.yml", ref: "main" });
  const [{ request, observer } = { request: null, observer: null }] = runner.started;
  const report = { name: "first", steps: [], log: null };
  observer?.onJob({ ...report, id: "first", status: "completed", conclusion: "success", outputs: { bundle: "b1" } });
  observer?.onJob({ ...report, id: "second", status: "in_progress", conclusion: null });
  for (const job of ["first", "second"]) request?.recordArtifact({ name: `of-${job}`, size: 1, digest: "0".repeat(64), job });
  await forge.save();
  const next = await proceed();
  await next.forge.resume();
  expect(next.started).toMatchObject([{ id: request?.id, workflow: { path: ".github/workflows/two.yml" } }]);
  expect(next.started[0]?.resumed).toEqual({
    finishedJobs: new Map([["first", { conclusion: "success", outputs: { bundle: "b1" } }]]),
    artifacts: ["of-first"],
  });
});

test("a push between the ref and the pull request is applied, and a landed head is marked as merged", async () => {
  const { api, git, remote, owner, commit, forge, root, proceed } = await open();
  await git("checkout", "-q", "-b", "topic");
  await commit({ "a.txt": "1\n" });
  await git("push", "-q", remote(owner), "topic");
  const { number } = (await api.pulls.create({ ...REPO, title: "Topic", head: "topic", base: "main" })).data;
  const head = await commit({ "a.txt": "2\n" });
  await forge.save();
  // The push imitates a process that ended between git's work and its own.
  await git("push", "-q", join(root, "forge", "octo", "demo.git"), "topic", "topic:main");
  const next = await proceed();
  await next.forge.resume();
  await next.forge.waitUntilIdle();
  const { data } = await next.api.pulls.get({ ...REPO, pull_number: number });
  expect([data.head.sha, data.merged]).toEqual([head, true]);
});

test("a machine's own workflow files are in effect without being part of any commit", async () => {
  const { forge, api, runner, work, git } = await open();
  const text = "name: own\non: workflow_dispatch\njobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }\n";
  await forge.createRepository({ owner: "octo", name: "copy", from: work, workflowFiles: { ".github/workflows/own.yml": text } });
  const copy = { owner: "octo", repo: "copy" };
  await api.actions.createWorkflowDispatch({ ...copy, workflow_id: "own.yml", ref: "main" });
  expect(runner.started.at(-1)?.request.workflow).toEqual({ path: ".github/workflows/own.yml", text });
  expect((await api.actions.listRepoWorkflows(copy)).data.workflows.map(({ name }) => name)).toEqual(["own", "two"]);
  expect((await api.git.getRef({ ...copy, ref: "heads/main" })).data.object.sha).toBe(await git("rev-parse", "HEAD"));
});

test("a stored state that cannot be read stops the start: an empty forge would overwrite it", async () => {
  const { api, proceed, stateFile } = await open();
  await api.issues.create({ ...REPO, title: "Uploads fail" });
  rmSync(stateFile);
  // No user can read a folder as a file.
  mkdirSync(stateFile);
  await expect(proceed()).rejects.toThrow("EISDIR");
});

test("locks that a dead process left do not refuse the pushes of the next process", async () => {
  const stage = await open();
  const { api } = stage;
  await api.issues.create({ ...REPO, title: "Uploads fail" });
  const { data: before } = await api.git.getRef({ ...REPO, ref: "heads/main" });
  const bare = join(stage.root, "forge", REPO.owner, `${REPO.repo}.git`);
  for (const name of ["refs/heads/next.lock", "packed-refs.lock"]) writeFileSync(join(bare, name), "");
  const next = await stage.proceed();
  const { sha } = before.object;
  await next.api.git.createRef({ ...REPO, ref: "refs/heads/next", sha });
  expect((await next.api.git.getRef({ ...REPO, ref: "heads/next" })).data.object.sha).toBe(sha);
});

test("a state that cannot be stored is reported once, and stored as soon as that is possible", async () => {
  const directory = mkdtempSync(join(tmpdir(), "forge-state-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const stateFile = join(directory, "missing", "forge");
  const reports: string[] = [];
  const stage = await openStage({}, { stateFile, reportUnsaved: (reason) => void reports.push(reason) });
  onTestFinished(() => stage.close());
  const api = stage.octokit(stage.owner);
  for (const title of ["one", "two"]) await api.issues.create({ ...REPO, title });
  expect(reports).toEqual([expect.stringContaining("ENOENT")]);
  mkdirSync(join(directory, "missing"));
  await api.issues.create({ ...REPO, title: "three" });
  expect(existsSync(stateFile)).toBe(true);
  expect(reports).toHaveLength(1);
});
