import { createConnection } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { MINT, openStage, REPO } from "./stage.ts";

const open = async (...given: Parameters<typeof openStage>) => {
  const stage = await openStage(...given);
  onTestFinished(stage.close);
  await stage.commit({ "second.txt": "x\n" });
  await stage.git("push", "-q", stage.remote(stage.owner), "main");
  return { ...stage, api: stage.octokit(stage.owner) };
};

test.each(["main~1", "main^{commit}", "main@{0}", "main:README.md", "main^0", "../../HEAD", "ma*n"])(
  "reads a branch name literally, never as an expression: %s",
  async (name) => {
    const { api, git } = await open({ ".github/workflows/a.yml": "on: workflow_dispatch\njobs: {}\n" });
    const sha = await git("rev-parse", "HEAD~1");
    await expect(api.repos.getBranch({ ...REPO, branch: name })).rejects.toMatchObject({ status: 404 });
    await expect(api.pulls.create({ ...REPO, head: name, base: "main", title: "x" })).rejects.toMatchObject({ status: 422 });
    await expect(api.pulls.create({ ...REPO, head: "main", base: name, title: "x" })).rejects.toMatchObject({ status: 422 });
    await expect(api.actions.createWorkflowDispatch({ ...REPO, workflow_id: "a.yml", ref: name })).rejects.toMatchObject({ status: 422 });
    await expect(api.git.updateRef({ ...REPO, ref: `heads/${name}`, sha, force: true })).rejects.toMatchObject({ status: 422 });
    await expect(api.git.deleteRef({ ...REPO, ref: `heads/${name}` })).rejects.toMatchObject({ status: 422 });
    await expect(api.git.createRef({ ...REPO, ref: `refs/heads/${name}`, sha })).rejects.toMatchObject({ status: 422 });
    expect((await api.repos.listBranches(REPO)).data.map((branch) => branch.name)).toEqual(["main"]);
  },
);

test("refuses to delete the default branch, by git and by REST", async () => {
  const { api, git, remote, owner } = await open();
  await expect(git("push", remote(owner), ":main")).rejects.toThrow("refusing to delete the current branch");
  await expect(api.git.deleteRef({ ...REPO, ref: "heads/main" })).rejects.toMatchObject({ status: 422 });
});

test.each(["../README.md", "./README.md", "/etc/passwd", "README.md/x", ".git/config", "%2e%2e/HEAD"])(
  "refuses a path outside the tree: %s",
  async (path) => {
    const { api } = await open();
    await expect(api.repos.getContent({ ...REPO, path })).rejects.toMatchObject({ status: 404 });
  },
);

/** Sends an HTTP request exactly as given. */
const raw = (url: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(url);
    const socket = createConnection({ host: "127.0.0.1", port: Number(port) }, () => socket.end(text));
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString("utf8")));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });

test.each([
  "GET /octo/../../etc/passwd HTTP/1.1",
  "GET /octo/demo.git/../../../HEAD HTTP/1.1",
  "GET /octo/demo.git/objects/info/packs HTTP/1.1",
  "GET /octo/demo.git/info/refs?service=git-upload-archive HTTP/1.1",
  "GET /octo/demo.git/info/refs HTTP/1.1",
  "GET /octo%2f..%2focto/demo.git/info/refs?service=git-upload-pack HTTP/1.1",
])("serves git's two services and no files: %s", async (line) => {
  const { forge } = await open();
  expect(await raw(forge.url, `${line}\r\nHost: ${new URL(forge.url).host}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 40[134] /);
});

test.each([
  ["invalid JSON", "{", 400],
  ["a list", "[]", 422],
  ["a number for a text", '{"body":7}', 422],
  ["nothing but space", '{"body":"  "}', 422],
  ["more than a comment holds", JSON.stringify({ body: "x".repeat(65_537) }), 422],
])("refuses a comment of %s", async (_, body, status) => {
  const { forge, api, owner } = await open();
  await api.issues.create({ ...REPO, title: "An issue" });
  const headers = { authorization: `token ${owner}`, "content-type": "application/json" };
  const answer = await fetch(`${forge.apiUrl}/repos/octo/demo/issues/1/comments`, { method: "POST", headers, body });
  expect(answer.status).toBe(status);
  await forge.waitUntilIdle();
});

test("an incomplete or malformed push moves no ref and does not harm the forge", async () => {
  const { forge, owner, git } = await open();
  const sha = await git("rev-parse", "HEAD");
  const line = `${"0".repeat(40)} ${"1".repeat(40)} refs/heads/x\0report-status`;
  const packet = `${(line.length + 4).toString(16).padStart(4, "0")}${line}`;
  const authorization = `Basic ${Buffer.from(`x:${owner}`).toString("base64")}`;
  for (const body of ["", "0000", "zzzz", "ffff", packet, `${packet}0000`, `${packet}0000PACK`]) {
    const answer = await fetch(`${forge.url}/octo/demo.git/git-receive-pack`, { method: "POST", headers: { authorization }, body });
    expect([200, 400]).toContain(answer.status);
    await answer.text();
  }
  await forge.waitUntilIdle();
  expect(await git("ls-remote", `${forge.url}/octo/demo.git`)).toBe(`${sha}\tHEAD\n${sha}\trefs/heads/main`);
});

test("an App with permission for pull requests only cannot write issues", async () => {
  const { api, forge, octokit, git, commit, remote, owner } = await open();
  const { data: issue } = await api.issues.create({ ...REPO, title: "An issue" });
  const app = await forge.createApp({ privateKeyPem: appKey(), name: "pulls", secret: "s", permissions: { pull_requests: "write" } });
  const bot = octokit(forge.createInstallationToken(app.id, "octo"));
  await git("checkout", "-q", "-b", "task");
  await commit({ "a.txt": "x\n" });
  await git("push", "-q", remote(owner), "task");
  const { data: pull } = await api.pulls.create({ ...REPO, head: "task", base: "main", title: "x" });
  await bot.issues.createComment({ ...REPO, issue_number: pull.number, body: "x" });
  await expect(bot.issues.createComment({ ...REPO, issue_number: issue.number, body: "x" })).rejects.toMatchObject({ status: 403 });
  await expect(bot.issues.update({ ...REPO, issue_number: issue.number, state: "closed" })).rejects.toMatchObject({ status: 403 });
});

test("Actions open and approve pull requests only if the repository allows it", async () => {
  const { forge, jobToken, octokit, git, commit, remote, owner } = await open(MINT);
  await git("checkout", "-q", "-b", "task");
  await commit({ "a.txt": "x\n" });
  await git("push", "-q", remote(owner), "task");
  const job = octokit(await jobToken({ "pull-requests": "write" }));
  const create = () => job.pulls.create({ ...REPO, head: "task", base: "main", title: "x" });
  forge.setActionsPulls({ owner: "octo", name: "demo" }, false);
  await expect(create()).rejects.toMatchObject({ status: 403, message: expect.stringContaining("not permitted to create or approve") });
  forge.setActionsPulls({ owner: "octo", name: "demo" }, true);
  expect((await create()).status).toBe(201);
});

test("refuses requests over the limit until the hour ends, and does not count unchanged reads", async () => {
  let now = Date.parse("2026-11-20T12:00:00Z");
  const { forge, owner } = await open({}, { now: () => now, rateLimit: 3 });
  const get = async (etag = "") => {
    const headers = { authorization: `token ${owner}`, ...(etag !== "" && { "if-none-match": etag }) };
    const answer = await fetch(`${forge.apiUrl}/repos/octo/demo`, { headers });
    await answer.text();
    return { status: answer.status, left: answer.headers.get("x-ratelimit-remaining"), etag: answer.headers.get("etag") ?? "" };
  };
  const first = await get();
  expect(first).toMatchObject({ status: 200, left: "2" });
  for (let time = 0; time < 5; time += 1) expect(await get(first.etag)).toMatchObject({ status: 304 });
  expect(await get()).toMatchObject({ status: 200, left: "1" });
  await get();
  expect(await get()).toMatchObject({ status: 403, left: "0" });
  now += 3_600_000;
  expect(await get()).toMatchObject({ status: 200 });
});
