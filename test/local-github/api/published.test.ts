import { createSign } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { authorize } from "../../support/authorize.ts";
import { faultsOfAnswer, faultsOfWebhook, openWitness, ROUTES } from "./published.ts";
import { sealSecret } from "../../support/seal-secret.ts";
import { listen, NAMED, openStage, REPO } from "./stage.ts";

const STEP = "on: workflow_dispatch\njobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }\n";

const jwtOf = (issuer: number, privateKeyPem: string): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const at = Math.floor(Date.parse("2026-11-20T12:00:00Z") / 1_000);
  const head = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: at - 10, exp: at + 500, iss: String(issuer) })}`;
  return `${head}.${createSign("RSA-SHA256").update(head).sign(privateKeyPem, "base64url")}`;
};

const open = async () => {
  const witness = openWitness();
  const stage = await openStage({ ".github/workflows/step.yml": STEP, "src/a.txt": "a\n" }, { observe: witness.observe });
  const hooks = await listen();
  onTestFinished(async () => {
    await stage.close();
    await hooks.close();
  });
  const app = await stage.forge.createApp({
    privateKeyPem: appKey(),
    name: "enki",
    secret: "s",
    webhookUrl: hooks.url,
    callbackUrls: ["https://enki.example/"],
  });
  stage.forge.setPermission(NAMED, { login: "ada", role: "write" });
  return { ...stage, witness, app, person: stage.octokit(stage.owner), ada: stage.octokit(stage.forge.createUser("ada")) };
};
type Stage = Awaited<ReturnType<typeof open>>;

const talk = async ({ person }: Stage): Promise<void> => {
  const { issues, reactions } = person;
  const issue_number = (await issues.create({ ...REPO, title: "Uploads fail", body: "Always.", labels: ["bug"] })).data.number;
  await issues.get({ ...REPO, issue_number });
  await issues.update({ ...REPO, issue_number, title: "Uploads fail, always", labels: ["bug", "later"] });
  await issues.addLabels({ ...REPO, issue_number, labels: ["soon"] });
  await issues.removeLabel({ ...REPO, issue_number, name: "later" });
  await issues.getLabel({ ...REPO, name: "soon" });
  await issues.deleteLabel({ ...REPO, name: "soon" });
  await expect(issues.getLabel({ ...REPO, name: "soon" })).rejects.toMatchObject({ status: 404 });
  expect((await issues.get({ ...REPO, issue_number })).data.labels).toMatchObject([{ name: "bug" }]);
  await issues.addAssignees({ ...REPO, issue_number, assignees: ["ada"] });
  await issues.removeAssignees({ ...REPO, issue_number, assignees: ["ada"] });
  await issues.listForRepo({ ...REPO, state: "all" });
  await issues.listEventsForRepo(REPO);
  await reactions.createForIssue({ ...REPO, issue_number, content: "eyes" });
  const comment_id = (await issues.createComment({ ...REPO, issue_number, body: "Words." })).data.id;
  await issues.getComment({ ...REPO, comment_id });
  await issues.updateComment({ ...REPO, comment_id, body: "Other words." });
  await issues.listComments({ ...REPO, issue_number });
  await issues.listCommentsForRepo(REPO);
  const reaction_id = (await reactions.createForIssueComment({ ...REPO, comment_id, content: "eyes" })).data.id;
  await reactions.listForIssueComment({ ...REPO, comment_id });
  await reactions.deleteForIssueComment({ ...REPO, comment_id, reaction_id });
  await issues.deleteComment({ ...REPO, comment_id });
  await issues.update({ ...REPO, issue_number, state: "closed" });
  await issues.update({ ...REPO, issue_number, state: "open" });
};

const review = async ({ person, ada, git, commit, remote, owner }: Stage, pull_number: number): Promise<void> => {
  const { pulls, reactions } = ada;
  const on = { ...REPO, pull_number };
  const line = { path: "src/b.txt", line: 1, side: "RIGHT" as const };
  const commit_id = await git("rev-parse", "task");
  await pulls.createReview({ ...on, event: "APPROVE" });
  const comments = [{ ...line, body: "Why?" }];
  const review_id = (await pulls.createReview({ ...on, event: "REQUEST_CHANGES", body: "No.", comments })).data.id;
  await pulls.getReview({ ...on, review_id });
  const pending = (await pulls.createReview({ ...on, comments: [{ ...line, body: "Later." }] })).data.id;
  await pulls.submitReview({ ...on, review_id: pending, event: "COMMENT" });
  await pulls.updateReview({ ...on, review_id, body: "No, no." });
  await pulls.listCommentsForReview({ ...on, review_id });
  const comment_id = (await pulls.createReviewComment({ ...on, ...line, commit_id, body: "And this?" })).data.id;
  await pulls.createReviewComment({ ...on, path: "src/b.txt", subject_type: "file", commit_id, body: "All of it?" });
  const reply = (await person.pulls.createReplyForReviewComment({ ...on, comment_id, body: "Because." })).data.id;
  await pulls.updateReviewComment({ ...REPO, comment_id, body: "And that?" });
  await pulls.getReviewComment({ ...REPO, comment_id });
  const reaction_id = (await reactions.createForPullRequestReviewComment({ ...REPO, comment_id, content: "eyes" })).data.id;
  await reactions.listForPullRequestReviewComment({ ...REPO, comment_id });
  await reactions.deleteForPullRequestComment({ ...REPO, comment_id, reaction_id });
  const { repository } = await ada.graphql<{ repository: { pullRequest: { reviewThreads: { nodes: { id: string }[] } } } }>(
    'query ($n: Int!) { repository(owner: "octo", name: "demo") { pullRequest(number: $n) { reviewThreads(first: 10) { nodes { id } } } } }',
    { n: pull_number },
  );
  const threadId = repository.pullRequest.reviewThreads.nodes[0]?.id;
  for (const name of ["resolveReviewThread", "unresolveReviewThread"])
    await ada.graphql(`mutation ($threadId: ID!) { ${name}(input: { threadId: $threadId }) { thread { isResolved } } }`, { threadId });
  await pulls.deleteReviewComment({ ...REPO, comment_id: reply });
  await commit({ "src/b.txt": "c\n" });
  await git("push", "-q", remote(owner), "task");
  await pulls.listReviewComments(on);
  await pulls.listReviewCommentsForRepo(REPO);
  await person.pulls.dismissReview({ ...on, review_id, message: "Done." });
  await person.pulls.listReviews(on);
};

const propose = async (stage: Stage): Promise<void> => {
  const { person, forge, git, commit, remote, owner } = stage;
  await git("checkout", "-q", "-b", "task");
  const sha = await commit({ "src/b.txt": "b\n" });
  await git("push", "-q", remote(owner), "task");
  const pull_number = (await person.pulls.create({ ...REPO, head: "task", base: "main", title: "Task" })).data.number;
  await person.pulls.get({ ...REPO, pull_number });
  await person.pulls.update({ ...REPO, pull_number, title: "The task", state: "closed" });
  await person.pulls.update({ ...REPO, pull_number, state: "open" });
  await person.issues.addLabels({ ...REPO, issue_number: pull_number, labels: ["hold"] });
  await person.issues.removeLabel({ ...REPO, issue_number: pull_number, name: "hold" });
  for (const draft of [true, false]) forge.setDraft(NAMED, { number: pull_number, draft, login: "ada" });
  await person.pulls.list({ ...REPO, state: "all" });
  await person.pulls.listFiles({ ...REPO, pull_number });
  await person.pulls.requestReviewers({ ...REPO, pull_number, reviewers: ["ada"] });
  await person.pulls.listRequestedReviewers({ ...REPO, pull_number });
  await review(stage, pull_number);
  await person.repos.createCommitStatus({ ...REPO, sha, state: "success", context: "ci" });
  await person.repos.listCommitStatusesForRef({ ...REPO, ref: sha });
  await person.repos.getCombinedStatusForRef({ ...REPO, ref: sha });
  await person.repos.getCommit({ ...REPO, ref: "task" });
  await person.pulls.merge({ ...REPO, pull_number });
};

const check = async ({ app, forge, octokit, git }: Stage): Promise<void> => {
  const api = octokit(forge.createInstallationToken(app.id, NAMED.owner));
  const head_sha = await git("rev-parse", "main");
  const check_run_id = (await api.checks.create({ ...REPO, name: "verify", head_sha })).data.id;
  await api.checks.update({ ...REPO, check_run_id, status: "completed", conclusion: "success", output: { title: "t", summary: "s" } });
  await api.checks.listForRef({ ...REPO, ref: head_sha });
  await api.apps.listReposAccessibleToInstallation();
};

const act = async ({ person, runner, forge }: Stage): Promise<void> => {
  const { actions } = person;
  await actions.listRepoWorkflows(REPO);
  const workflow_id = "step.yml";
  await actions.getWorkflow({ ...REPO, workflow_id });
  await actions.createWorkflowDispatch({ ...REPO, workflow_id, ref: "main" });
  await actions.createWorkflowDispatch({ ...REPO, workflow_id, ref: "main" });
  await forge.waitUntilIdle();
  const [first, second] = runner.started;
  if (!first || !second) throw new Error("two runs should have started");
  await actions.listWorkflowRuns({ ...REPO, workflow_id });
  await actions.listWorkflowRunsForRepo(REPO);
  const run_id = first.request.id;
  first.observer.onTitle("a name");
  await actions.getWorkflowRun({ ...REPO, run_id });
  first.observer.onJob({ id: "step", name: "step", status: "completed", conclusion: "failure", steps: [], log: "step.txt" });
  const [job] = (await actions.listJobsForWorkflowRun({ ...REPO, run_id })).data.jobs;
  await actions.downloadJobLogsForWorkflowRun({ ...REPO, job_id: job?.id ?? 0, request: { redirect: "manual" } });
  first.request.recordArtifact({ name: "enki-bundle", size: 12, digest: "0".repeat(64) });
  await actions.listWorkflowRunArtifacts({ ...REPO, run_id });
  await actions.cancelWorkflowRun({ ...REPO, run_id });
  second.observer.onDone("startup_failure", "no such file");
  await forge.waitUntilIdle();
  await actions.getWorkflowRun({ ...REPO, run_id });
  await person.repos.createDispatchEvent({ ...REPO, event_type: "enki", client_payload: { job: "a" } });
};

const browse = async ({ person, git }: Stage): Promise<void> => {
  const sha = await git("rev-parse", "main");
  await person.repos.get(REPO);
  await person.repos.update({ ...REPO, allow_rebase_merge: true });
  await person.repos.getCollaboratorPermissionLevel({ ...REPO, username: "ada" });
  await person.repos.listBranches(REPO);
  await person.repos.getBranch({ ...REPO, branch: "main" });
  await person.repos.listActivities({ ...REPO, ref: "refs/heads/main" });
  await person.repos.getBranchRules({ ...REPO, branch: "main" });
  await person.repos.getContent({ ...REPO, path: "src" });
  await person.repos.getContent({ ...REPO, path: "src/a.txt" });
  await person.git.createRef({ ...REPO, ref: "refs/heads/other", sha });
  await person.git.getRef({ ...REPO, ref: "heads/other" });
  await person.git.listMatchingRefs({ ...REPO, ref: "heads/" });
  await person.git.updateRef({ ...REPO, ref: "heads/other", sha: await git("rev-parse", "task"), force: true });
  await person.git.deleteRef({ ...REPO, ref: "heads/other" });
  await person.users.getAuthenticated();
  await person.users.getByUsername({ username: "ada" });
};

/** Settings that an installation of Enki needs. */
const configure = async ({ person }: Stage): Promise<void> => {
  const { actions, repos } = person;
  await actions.setGithubActionsPermissionsRepository({ ...REPO, enabled: true });
  await actions.getGithubActionsPermissionsRepository(REPO);
  await actions.setGithubActionsDefaultWorkflowPermissionsRepository({ ...REPO, can_approve_pull_request_reviews: true });
  await actions.getGithubActionsDefaultWorkflowPermissionsRepository(REPO);
  const environment = { ...REPO, environment_name: "enki" };
  await repos.createOrUpdateEnvironment(environment);
  await repos.getEnvironment(environment);
  const { key, key_id } = (await actions.getRepoPublicKey(REPO)).data;
  await actions.getEnvironmentPublicKey(environment);
  const secret = { secret_name: "KEY", encrypted_value: sealSecret(key, "a"), key_id };
  await actions.createOrUpdateRepoSecret({ ...REPO, ...secret });
  await actions.createOrUpdateEnvironmentSecret({ ...environment, ...secret });
  await actions.listRepoSecrets(REPO);
  await actions.listEnvironmentSecrets(environment);
  const { secret_name } = secret;
  expect((await actions.getRepoSecret({ ...REPO, secret_name })).data).toMatchObject({ name: "KEY" });
  expect((await actions.getEnvironmentSecret({ ...environment, secret_name })).data).toMatchObject({ name: "KEY" });
  await actions.deleteRepoSecret({ ...REPO, secret_name });
  await actions.deleteEnvironmentSecret({ ...environment, secret_name });
  await expect(actions.getRepoSecret({ ...REPO, secret_name })).rejects.toMatchObject({ status: 404 });
  await expect(actions.deleteEnvironmentSecret({ ...environment, secret_name })).rejects.toMatchObject({ status: 404 });
  const variable = { name: "NAME", value: "1" };
  await actions.createRepoVariable({ ...REPO, ...variable });
  await actions.updateRepoVariable({ ...REPO, ...variable });
  await actions.listRepoVariables(REPO);
  await actions.createEnvironmentVariable({ ...environment, ...variable });
  await actions.updateEnvironmentVariable({ ...environment, ...variable });
  await actions.listEnvironmentVariables(environment);
  const { name } = variable;
  expect((await actions.getRepoVariable({ ...REPO, name })).data).toMatchObject(variable);
  expect((await actions.getEnvironmentVariable({ ...environment, name })).data).toMatchObject(variable);
  await actions.deleteRepoVariable({ ...REPO, name });
  await actions.deleteEnvironmentVariable({ ...environment, name });
  await expect(actions.getRepoVariable({ ...REPO, name })).rejects.toMatchObject({ status: 404 });
  await expect(actions.deleteEnvironmentVariable({ ...environment, name })).rejects.toMatchObject({ status: 404 });
};

/** Registers an App from a manifest, on the pages, and fetches its keys. */
const register = async ({ forge, owner, octokit }: Stage): Promise<void> => {
  const signedIn = await fetch(forge.signIn(owner, "/"), { redirect: "manual" });
  const headers = { cookie: (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "", origin: forge.url };
  const post = (path: string, fields: Record<string, string>): Promise<Response> =>
    fetch(`${forge.url}${path}`, { method: "POST", redirect: "manual", headers, body: new URLSearchParams(fields) });
  const manifest = JSON.stringify({
    name: "Other",
    url: "https://a.example",
    redirect_url: "https://b.example/back",
    default_events: ["push"],
  });
  const form = await (await post("/settings/apps/new?state=s", { manifest })).text();
  const [, token = ""] = /name="token" value="([0-9a-f]+)"/.exec(form) ?? [];
  const answer = await post("/settings/apps", { token, manifest, state: "s", name: "Other" });
  const back = new URL(answer.headers.get("location") ?? "");
  expect([back.origin, back.searchParams.get("state")]).toEqual(["https://b.example", "s"]);
  const code = back.searchParams.get("code") ?? "";
  const { data } = await octokit("").request("POST /app-manifests/{code}/conversions", { code });
  expect(data.pem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  await expect(octokit("").request("POST /app-manifests/{code}/conversions", { code })).rejects.toMatchObject({ status: 404 });
};

const manage = async ({ app, octokit, forge }: Stage): Promise<void> => {
  const api = octokit("");
  const headers = { authorization: `Bearer ${jwtOf(app.id, app.privateKeyPem)}` };
  await api.request("GET /app", { headers });
  await api.request("GET /app/installations", { headers });
  await forge.waitUntilIdle();
  const { data: deliveries } = await api.request("GET /app/hook/deliveries", { headers });
  await api.request("POST /app/hook/deliveries/{delivery_id}/attempts", { delivery_id: Number(deliveries[0]?.id), headers });
  await api.request("GET /repos/{owner}/{repo}/installation", { ...REPO, headers });
  const installation_id = forge.installation(app.id, NAMED.owner);
  await api.request("POST /app/installations/{installation_id}/access_tokens", { installation_id, headers });
  expect((await api.request("GET /app/hook/config", { headers })).data.url).toMatch(/^http:/);
  const user = octokit(await authorize(forge, app.client, "ada"));
  const { data } = await user.request("GET /user/installations");
  expect(data.installations.map(({ id }) => id)).toContain(installation_id);
  await user.request("GET /user/installations/{installation_id}/repositories", { installation_id });
};

test("every route and every webhook in a day of use matches GitHub's description", async () => {
  const stage = await open();
  await browse({ ...stage, git: async (...args) => stage.git(...args.map((arg) => (arg === "task" ? "main" : arg))) });
  await talk(stage);
  await propose(stage);
  await check(stage);
  await act(stage);
  await manage(stage);
  await register(stage);
  await configure(stage);
  await stage.forge.waitUntilIdle();
  expect(await stage.witness.faults(stage.forge.deliveries())).toEqual([]);
  const called = await stage.witness.routes();
  expect(ROUTES.filter((route) => !called.has(route))).toEqual([]);
});

const ANSWER = { method: "GET", path: "/repos/octo/demo/git/ref/heads/main", status: 200 };
const REF = {
  ref: "refs/heads/main",
  node_id: "n",
  url: "https://a.example",
  object: { type: "commit", sha: "a".repeat(40), url: "https://a.example" },
};

test("finds deviations from GitHub: missing fields, extra fields, other types, other statuses", () => {
  const faults = (body: unknown, over: Partial<typeof ANSWER> = {}): number =>
    faultsOfAnswer({ ...ANSWER, ...over, body: JSON.stringify(body) }).length;
  expect(faults(REF)).toBe(0);
  expect(faults({ ...REF, node_id: undefined })).toBeGreaterThan(0);
  expect(faults({ ...REF, more: 1 })).toBeGreaterThan(0);
  expect(faults({ ...REF, url: 7 })).toBeGreaterThan(0);
  expect(faults(REF, { status: 201 })).toBeGreaterThan(0);
  expect(faults(REF, { path: "/repos/octo/demo/refs" })).toBeGreaterThan(0);
  expect(faultsOfWebhook("issue_comment", { action: "sent" })).not.toEqual([]);
  expect(faultsOfWebhook("issue_comment", { action: "created" })).not.toEqual([]);
});
