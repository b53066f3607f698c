import { join } from "node:path";
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { Probot, ProbotOctokit } from "probot";
import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { startForge } from "../../../src/local-github/api/start-forge.ts";
import { after } from "../../support/after.ts";
import { listen, NAMED, openStage, REPO } from "./stage.ts";

const open = async (...given: Parameters<typeof openStage>) => {
  const stage = await openStage(...given);
  const hooks = await listen();
  const app = await stage.forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "hush", webhookUrl: hooks.url });
  onTestFinished(async () => {
    await stage.close();
    await hooks.close();
  });
  const probot = new Probot({
    appId: app.id,
    privateKey: app.privateKeyPem,
    secret: app.secret,
    baseUrl: stage.forge.apiUrl,
    logLevel: "fatal",
    Octokit: ProbotOctokit.defaults((options: object) => ({ ...options, throttle: { enabled: false }, retry: { enabled: false } })),
  });
  const ada = stage.forge.createUser("ada");
  return { ...stage, hooks, app, probot, ada: stage.octokit(ada) };
};

/** An App's JSON web token with a fault. */
const jwt = (key: string, claims: object, alg = "RS256"): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  const signature = alg === "none" ? "" : createSign("RSA-SHA256").update(text).sign(key, "base64url");
  return `${text}.${signature}`;
};
const NOW = Date.parse("2026-11-20T12:00:00Z") / 1_000;

test("Probot signs in as the App and as its installation, whatever the machine's clock shows", async () => {
  const { probot, app, hooks, forge, ada } = await open();
  const asApp = await probot.auth();
  expect((await asApp.rest.apps.getAuthenticated()).data).toMatchObject({ id: app.id, slug: "enki" });
  await ada.issues.create({ ...REPO, title: "An issue" });
  await forge.waitUntilIdle();
  const { installation } = JSON.parse(hooks.hooks[0]?.body ?? "{}") as { installation: { id: number } };
  const found = await asApp.rest.apps.getRepoInstallation(REPO);
  expect(found.data.id).toBe(installation.id);
  const octokit = await probot.auth(installation.id);
  const { data } = await octokit.rest.issues.createComment({ ...REPO, issue_number: 1, body: "It runs." });
  expect(data.user).toMatchObject({ login: "enki[bot]", type: "Bot" });
  const { token } = (await octokit.auth({ type: "installation", installationId: installation.id })) as { token: string };
  expect(token).toMatch(/^ghs_/);
});

test.each([
  ["another key", { iss: 0, iat: NOW, exp: NOW + 60 }, "foreign", "RS256", "could not be decoded"],
  ["no signature", { iss: 0, iat: NOW, exp: NOW + 60 }, "own", "none", "could not be decoded"],
  ["an expiration in the past", { iss: 0, iat: NOW - 600, exp: NOW - 60 }, "own", "RS256", "representing the future time"],
  ["an expiration too far in the future", { iss: 0, iat: NOW, exp: NOW + 3_600 }, "own", "RS256", "too far in the future"],
  ["an issue time in the future", { iss: 0, iat: NOW + 500, exp: NOW + 600 }, "own", "RS256", "'Issued at' claim"],
  ["an unknown App", { iss: -1, iat: NOW, exp: NOW + 60 }, "own", "RS256", "could not be decoded"],
])("refuses a JSON web token with %s", async (_, claims, key, alg, words) => {
  const { app, octokit } = await open();
  const foreign = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const token = jwt(key === "own" ? app.privateKeyPem : foreign, { ...claims, iss: claims.iss === 0 ? app.id : claims.iss }, alg);
  await expect(octokit(token).request("GET /app", { headers: { authorization: `bearer ${token}` } })).rejects.toMatchObject({
    status: 401,
    message: expect.stringContaining(words),
  });
});

test("an installation token has at most the requested permissions, is valid for one hour, and is not an App", async () => {
  let now = NOW * 1_000;
  const { forge, app, octokit } = await open({}, { now: () => now });
  const reader = octokit(forge.createInstallationToken(app.id, "octo", { issues: "read" }));
  await expect(reader.issues.create({ ...REPO, title: "x" })).rejects.toMatchObject({ status: 403 });
  expect((await reader.issues.listForRepo(REPO)).data).toEqual([]);
  expect(() => forge.createInstallationToken(app.id, "octo", { administration: "write" })).toThrow("not granted");
  await expect(reader.apps.getAuthenticated()).rejects.toMatchObject({ status: 401 });
  now += 3_600_000;
  await expect(reader.issues.listForRepo(REPO)).rejects.toMatchObject({ status: 401 });
});

test("delivers signed webhooks in the order of the events, each with its own id", async () => {
  const { hooks, forge, ada, probot } = await open();
  const { data: issue } = await ada.issues.create({ ...REPO, title: "An issue", body: "Grüße 😀" });
  await Promise.all(["one", "two", "three"].map((body) => ada.issues.createComment({ ...REPO, issue_number: issue.number, body })));
  await ada.issues.update({ ...REPO, issue_number: issue.number, state: "closed" });
  await forge.waitUntilIdle();
  expect(hooks.hooks.map(({ event }) => event)).toEqual(["issues", "issue_comment", "issue_comment", "issue_comment", "issues"]);
  for (const { body, signature } of hooks.hooks) {
    expect(signature).toBe(`sha256=${createHmac("sha256", "hush").update(body).digest("hex")}`);
    expect(await probot.webhooks.verify(body, signature)).toBe(true);
  }
  expect(new Set(hooks.hooks.map(({ id }) => id)).size).toBe(5);
  expect(forge.deliveries().map(({ id, event, status }) => ({ id, event, status }))).toEqual(
    hooks.hooks.map(({ id, event }) => ({ id, event, status: 200 })),
  );
});

test("loses a webhook without a receiver, and delivers the next one", async () => {
  const { hooks, forge, app, ada } = await open();
  forge.setWebhookUrl(app.id, "http://127.0.0.1:1/");
  await ada.issues.create({ ...REPO, title: "lost" });
  await forge.waitUntilIdle();
  forge.setWebhookUrl(app.id, hooks.url);
  await ada.issues.create({ ...REPO, title: "told" });
  await forge.waitUntilIdle();
  expect(hooks.hooks.map(({ body }) => (JSON.parse(body) as { issue: { title: string } }).issue.title)).toEqual(["told"]);
  expect(forge.deliveries().map(({ status }) => status)).toEqual([null, 200]);
});

test("loses or repeats a delivery under the same id, if a test asks for it", async () => {
  const { hooks, forge, ada } = await open({}, { faults: { deliveries: ({ event }) => (event === "issues" ? 0 : 2) } });
  const { data } = await ada.issues.create({ ...REPO, title: "An issue" });
  await ada.issues.createComment({ ...REPO, issue_number: data.number, body: "x" });
  await forge.waitUntilIdle();
  expect(hooks.hooks.map(({ event }) => event)).toEqual(["issue_comment", "issue_comment"]);
  expect(hooks.hooks[0]?.id).toBe(hooks.hooks[1]?.id);
});

test("fails a request before or after it takes effect, if a test asks for it", async () => {
  let fault: "before" | "after" | null = null;
  const { ada } = await open({}, { faults: { requests: () => fault } });
  const { data } = await ada.issues.create({ ...REPO, title: "An issue" });
  const comment = () => ada.issues.createComment({ ...REPO, issue_number: data.number, body: "x" });
  const count = async () => (await ada.issues.listComments({ ...REPO, issue_number: data.number })).data.length;
  fault = "before";
  await expect(comment()).rejects.toMatchObject({ status: 502 });
  fault = null;
  expect(await count()).toBe(0);
  fault = "after";
  await expect(comment()).rejects.toMatchObject({ status: 502 });
  fault = null;
  expect(await count()).toBe(1);
});

test("a person opens an issue, comments, edits, reacts, reviews, reads permissions and closes it", async () => {
  const { ada, forge, octokit, git, commit, remote, owner } = await open();
  forge.setPermission(NAMED, { login: "ada", role: "write" });
  const { data: issue } = await ada.issues.create({ ...REPO, title: "An issue", body: "Words.", labels: ["bug"] });
  const { data: comment } = await ada.issues.createComment({ ...REPO, issue_number: issue.number, body: "one" });
  await ada.issues.updateComment({ ...REPO, comment_id: comment.id, body: "two" });
  await ada.reactions.createForIssueComment({ ...REPO, comment_id: comment.id, content: "eyes" });
  expect((await ada.issues.getComment({ ...REPO, comment_id: comment.id })).data).toMatchObject({
    body: "two",
    reactions: { total_count: 1 },
  });
  await git("checkout", "-q", "-b", "task");
  const head = await commit({ "task.txt": "one\n" });
  await git("push", "-q", remote(owner), "task");
  const { data: pull } = await octokit(owner).pulls.create({ ...REPO, head: "task", base: "main", title: "Task" });
  const review = { ...REPO, pull_number: pull.number };
  await ada.pulls.createReview({ ...review, event: "REQUEST_CHANGES", body: "No." });
  await ada.pulls.createReview({ ...review, event: "APPROVE" });
  const { data: reviews } = await ada.pulls.listReviews(review);
  expect(reviews.map(({ state, commit_id }) => [state, commit_id])).toEqual([
    ["CHANGES_REQUESTED", head],
    ["APPROVED", head],
  ]);
  await expect(octokit(owner).pulls.createReview({ ...review, event: "APPROVE" }), "one's own").rejects.toMatchObject({ status: 422 });
  expect((await ada.pulls.get(review)).data).toMatchObject({
    mergeable: true,
    head: { ref: "task", sha: head },
    commits: 1,
  });
  const permission = async (username: string) => (await ada.repos.getCollaboratorPermissionLevel({ ...REPO, username })).data.permission;
  forge.createUser("eve");
  expect([await permission("octo"), await permission("ada"), await permission("eve")]).toEqual(["admin", "write", "read"]);
  await ada.issues.update({ ...REPO, issue_number: issue.number, state: "closed" });
  expect((await ada.issues.get({ ...REPO, issue_number: issue.number })).data).toMatchObject({
    state: "closed",
    state_reason: "completed",
  });
});

test("a stranger may open issues and comment in a public repository, but change nothing of others", async () => {
  const { ada, forge, octokit } = await open();
  const { data: issue } = await ada.issues.create({ ...REPO, title: "An issue" });
  const { data: comment } = await ada.issues.createComment({ ...REPO, issue_number: issue.number, body: "mine" });
  const eve = octokit(forge.createUser("eve"));
  await eve.issues.createComment({ ...REPO, issue_number: issue.number, body: "hello" });
  await expect(eve.issues.updateComment({ ...REPO, comment_id: comment.id, body: "hers" })).rejects.toMatchObject({ status: 403 });
  await expect(eve.issues.deleteComment({ ...REPO, comment_id: comment.id })).rejects.toMatchObject({ status: 403 });
  await expect(eve.issues.update({ ...REPO, issue_number: issue.number, state: "closed" })).rejects.toMatchObject({ status: 403 });
  await expect(eve.repos.createCommitStatus({ ...REPO, sha: "main", state: "success" })).rejects.toMatchObject({ status: 403 });
  await expect(eve.git.createRef({ ...REPO, ref: "refs/heads/eve", sha: "0".repeat(40) })).rejects.toMatchObject({ status: 403 });
  await expect(octokit("").issues.createComment({ ...REPO, issue_number: issue.number, body: "x" })).rejects.toMatchObject({ status: 401 });
});

test("rejects if the port is in use", async () => {
  const { forge, root, runner } = await open();
  const port = Number(new URL(forge.url).port);
  const second = startForge({ directory: join(root, "second"), port, now: () => 0, random: () => 0, after, runner });
  await expect(second).rejects.toMatchObject({ code: "EADDRINUSE", message: expect.stringContaining(String(port)) });
});
