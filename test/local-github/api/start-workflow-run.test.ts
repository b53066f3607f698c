import { expect, onTestFinished, test } from "vitest";
import { NAMED, openStage, REPO, type Stage } from "./stage.ts";

const JOB = "jobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }\n";
const file = (name: string, on: string): Record<string, string> => ({
  [`.github/workflows/${name}.yml`]: `name: ${name}\non: ${on}\n${JOB}`,
});

const open = async (...given: Parameters<typeof openStage>) => {
  const stage = await openStage(...given);
  onTestFinished(stage.close);
  /** Workflows that started since the last call, with their refs. */
  let seen = 0;
  const started = async (): Promise<string[]> => {
    await stage.forge.waitUntilIdle();
    const fresh = stage.runner.started.slice(seen);
    seen += fresh.length;
    return fresh.map(({ request }) => `${request.workflow.path.replace(/^.*\/(.*)\.yml$/, "$1")} at ${request.ref}`);
  };
  const push = (...refspecs: string[]) => stage.git("push", "-q", stage.remote(stage.owner), ...refspecs);
  return { ...stage, started, push, api: stage.octokit(stage.owner) };
};

const MANUAL = file(
  "manual",
  "{ workflow_dispatch: { inputs: { task: { required: true }, how: { type: choice, options: [fast, safe] } } } }",
);
const dispatch = (
  stage: Pick<Stage, "octokit">,
  token: string,
  given: { ref?: string; inputs?: Record<string, unknown>; id?: string } = {},
) =>
  stage.octokit(token).actions.createWorkflowDispatch({
    ...REPO,
    workflow_id: given.id ?? "manual.yml",
    ref: given.ref ?? "main",
    inputs: given.inputs ?? { task: "a" },
  });

test("dispatches a workflow of the default branch with the file and commit of the named ref", async () => {
  const stage = await open();
  await expect(dispatch(stage, stage.owner)).rejects.toMatchObject({ status: 404 });
  await stage.commit(MANUAL);
  await stage.push("main", "main:refs/tags/v1");
  const old = await stage.git("rev-parse", "HEAD");
  await stage.commit({ ".github/workflows/manual.yml": `${MANUAL[".github/workflows/manual.yml"]}# newer\n` });
  await stage.push("main");
  expect((await dispatch(stage, stage.owner, { ref: "v1", inputs: { task: "b", how: "safe" } })).status).toBe(204);
  expect(await stage.started()).toEqual(["manual at refs/tags/v1"]);
  expect(stage.runner.started[0]?.request).toMatchObject({
    sha: old,
    inputs: { task: "b", how: "safe" },
    actor: "octo",
    event: { name: "workflow_dispatch", payload: { ref: "refs/tags/v1", inputs: { task: "b" }, sender: { login: "octo" } } },
  });
});

test.each([
  ["a commit for a ref", { ref: "HEAD" }, 422, "No ref found"],
  ["a missing ref", { ref: "nowhere" }, 422, "No ref found"],
  ["an unknown input", { inputs: { task: "a", other: "b" } }, 422, "Unexpected inputs"],
  ["a missing input", { inputs: {} }, 422, "Required input 'task' not provided"],
  ["an unknown choice", { inputs: { task: "a", how: "slow" } }, 422, "not in the list"],
  ["a workflow without that trigger", { id: "other.yml" }, 422, "workflow_dispatch"],
  ["a missing workflow", { id: "none.yml" }, 404, "Not Found"],
])("refuses a dispatch with %s", async (_, given, status, words) => {
  const stage = await open({ ...MANUAL, ...file("other", "push") });
  const ref = "ref" in given && given.ref === "HEAD" ? { ref: await stage.git("rev-parse", "HEAD") } : {};
  await expect(dispatch(stage, stage.owner, { ...given, ...ref })).rejects.toMatchObject({
    status,
    message: expect.stringContaining(words),
  });
  expect(await stage.started()).toEqual([]);
});

test("refuses a dispatch while Actions is switched off, as GitHub does", async () => {
  const stage = await open(MANUAL);
  const set = (enabled: boolean) => stage.api.request("PUT /repos/octo/demo/actions/permissions", { enabled });
  await set(false);
  await expect(dispatch(stage, stage.owner)).rejects.toMatchObject({
    status: 422,
    message: expect.stringContaining("Actions has been disabled for this repository."),
  });
  await set(true);
  expect((await dispatch(stage, stage.owner)).status).toBe(204);
});

test("a dispatch returns its run on request", async () => {
  const stage = await open(MANUAL);
  const { data } = await stage.api.request("POST /repos/octo/demo/actions/workflows/manual.yml/dispatches", {
    ref: "main",
    inputs: { task: "a" },
    return_run_details: true,
  });
  expect(data.workflow_run_id).toBe(stage.runner.started[0]?.request.id);
});

test("a comment, an issue and a review start the workflows that they trigger, each at its own ref", async () => {
  const stage = await open({
    ...file("chat", "issue_comment"),
    ...file("triage", "{ issues: { types: [opened] } }"),
    ...file("review", "pull_request_review"),
  });
  const { data } = await stage.api.issues.create({ ...REPO, title: "An issue" });
  await stage.api.issues.createComment({ ...REPO, issue_number: data.number, body: "/enki fix it" });
  await stage.api.issues.update({ ...REPO, issue_number: data.number, state: "closed" });
  expect(await stage.started()).toEqual(["triage at refs/heads/main", "chat at refs/heads/main"]);
  await stage.push("main:base");
  await stage.git("checkout", "-q", "-b", "task");
  await stage.commit({ ".github/workflows/review.yml": `name: mine\non: pull_request_review\n${JOB}` });
  await stage.push("task");
  const pull = await stage.api.pulls.create({ ...REPO, head: "task", base: "main", title: "Task" });
  const grace = stage.octokit(stage.forge.createUser("grace"));
  await grace.pulls.createReview({ ...REPO, pull_number: pull.data.number, event: "APPROVE" });
  expect(await stage.started()).toEqual([`review at refs/pull/${pull.data.number}/merge`]);
  const last = stage.runner.started.at(-1)?.request;
  expect(last?.workflow.text, "the file of the branch that is reviewed").toContain("name: mine");
  expect(last?.event.payload).toMatchObject({ action: "submitted", review: { state: "approved" } });
});

test("pushes and pull requests start the workflows whose filters match", async () => {
  const stage = await open({
    ...file("main-only", "{ push: { branches: [main] } }"),
    ...file("tags", "{ push: { tags: ['v*'] } }"),
    ...file("docs", "{ push: { paths: ['docs/**'] } }"),
    ...file("pulls", "pull_request"),
  });
  await stage.commit({ "docs/a/b.md": "x\n" });
  await stage.push("main");
  expect((await stage.started()).sort()).toEqual(["docs at refs/heads/main", "main-only at refs/heads/main"]);
  await stage.push("main:refs/tags/v1");
  expect(await stage.started()).toContain("tags at refs/tags/v1");
  await stage.git("checkout", "-q", "-b", "task");
  await stage.commit({ "a.txt": "x\n" });
  await stage.push("task");
  expect(await stage.started()).not.toContain("main-only at refs/heads/task");
  const { data } = await stage.api.pulls.create({ ...REPO, head: "task", base: "main", title: "Task" });
  expect(await stage.started()).toEqual([`pulls at refs/pull/${data.number}/merge`]);
  await stage.git("checkout", "-q", "main");
  await stage.commit({ "a.txt": "conflict\n" });
  await stage.push("main");
  await stage.started();
  await stage.git("checkout", "-q", "task");
  await stage.commit({ "a.txt": "y\n" });
  await stage.push("task");
  expect(await stage.started(), "no run where the test merge conflicts").not.toContain(`pulls at refs/pull/${data.number}/merge`);
});

const WAKE = file("wake", "{ repository_dispatch: { types: [enki] } }");

test("a repository_dispatch with a matching type starts a run on the default branch with its payload", async () => {
  const stage = await open(WAKE);
  await stage.api.repos.createDispatchEvent({ ...REPO, event_type: "other" });
  await stage.api.repos.createDispatchEvent({ ...REPO, event_type: "enki", client_payload: { run: 7 } });
  expect(await stage.started()).toEqual(["wake at refs/heads/main"]);
  expect(stage.runner.started[0]?.request.event.payload).toMatchObject({ action: "enki", client_payload: { run: 7 }, branch: "main" });
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`k${at}`, at]));
  await expect(stage.api.repos.createDispatchEvent({ ...REPO, event_type: "enki", client_payload: many })).rejects.toMatchObject({
    status: 422,
  });
});

test("events of a job's token start only dispatches, and runs of its pull request wait for approval", async () => {
  const stage = await open({
    ...MANUAL,
    ...WAKE,
    ...file("chat", "issue_comment"),
    ...file("ci", "[push, pull_request]"),
    ...file("ends", "{ workflow_run: { workflows: [manual, wake], types: [completed] } }"),
  });
  const { data: issue } = await stage.api.issues.create({ ...REPO, title: "An issue" });
  await stage.api.repos.createDispatchEvent({ ...REPO, event_type: "enki" });
  await stage.started();
  const first = stage.runner.started[0];
  const token = first?.request.mintToken({ actions: "write", contents: "write", issues: "write", "pull-requests": "write" }) ?? "";
  const job = stage.octokit(token);
  await job.issues.createComment({ ...REPO, issue_number: issue.number, body: "x" });
  await stage.git("checkout", "-q", "-b", "task");
  await stage.commit({ "a.txt": "x\n" });
  await stage.git("push", "-q", stage.remote(token), "task");
  await job.pulls.create({ ...REPO, head: "task", base: "main", title: "Task" });
  expect(await stage.started()).toEqual([]);
  const { data } = await stage.api.actions.listWorkflowRunsForRepo(REPO);
  expect(data.workflow_runs.map(({ name, conclusion }) => [name, conclusion])).toEqual([
    ["ci", "action_required"],
    ["wake", null],
  ]);
  await dispatch(stage, token);
  await job.repos.createDispatchEvent({ ...REPO, event_type: "enki" });
  expect(await stage.started()).toEqual(["manual at refs/heads/main", "wake at refs/heads/main"]);
  stage.runner.started[1]?.observer.onDone("success", "");
  expect(await stage.started(), "the end of a run that a job started raises nothing").toEqual([]);
  first?.observer.onDone("success", "");
  expect(await stage.started()).toEqual(["ends at refs/heads/main"]);
});

test("stops a chain of workflow_run events after three runs", async () => {
  const stage = await open({ ...MANUAL, ...file("echo", "{ workflow_run: { workflows: [manual, echo], types: [completed] } }") });
  await dispatch(stage, stage.owner);
  const seen = await stage.started();
  for (let fresh = seen; fresh.length > 0; seen.push(...fresh)) {
    stage.runner.started.at(-1)?.observer.onDone("success", "");
    fresh = await stage.started();
  }
  expect(seen).toEqual(["manual at refs/heads/main", ...Array.from({ length: 3 }, () => "echo at refs/heads/main")]);
});

test("a job's permissions also apply to REST", async () => {
  const stage = await open({ ...MANUAL, ...WAKE });
  await stage.api.repos.createDispatchEvent({ ...REPO, event_type: "enki" });
  await stage.started();
  const mint = (permissions: Record<string, "read" | "write">) => stage.runner.started[0]?.request.mintToken(permissions) ?? "";
  await expect(dispatch(stage, mint({ contents: "write" }))).rejects.toMatchObject({ status: 403 });
  const reader = stage.octokit(mint({ contents: "read" }));
  await expect(reader.repos.createDispatchEvent({ ...REPO, event_type: "enki" })).rejects.toMatchObject({ status: 403 });
  await expect(reader.issues.create({ ...REPO, title: "x" })).rejects.toMatchObject({ status: 403 });
  expect((await dispatch(stage, mint({ actions: "write" }))).status).toBe(204);
});

test("reports a run from its request to its end: status, title, jobs and steps", async () => {
  const stage = await open(MANUAL);
  await dispatch(stage, stage.owner);
  const { request, observer } = stage.runner.started[0] ?? {};
  const run_id = request?.id ?? 0;
  const run = async () => (await stage.api.actions.getWorkflowRun({ ...REPO, run_id })).data;
  expect(await run()).toMatchObject({
    status: "queued",
    conclusion: null,
    display_title: "manual",
    event: "workflow_dispatch",
    head_branch: "main",
  });
  const job = {
    id: "a",
    name: "A job",
    status: "in_progress",
    conclusion: null,
    steps: [{ name: "one", conclusion: null }],
    log: null,
  } as const;
  observer?.onTitle("work/a/1");
  observer?.onJob(job);
  expect(await run()).toMatchObject({ status: "in_progress", display_title: "work/a/1" });
  observer?.onJob({ ...job, status: "completed", conclusion: "failure", steps: [{ name: "one", conclusion: "failure" }] });
  observer?.onDone("failure", "");
  expect(await run()).toMatchObject({ status: "completed", conclusion: "failure" });
  const { data } = await stage.api.actions.listJobsForWorkflowRun({ ...REPO, run_id });
  expect(data.jobs).toMatchObject([{ name: "A job", conclusion: "failure", steps: [{ name: "one", number: 1, conclusion: "failure" }] }]);
});

test("cancels a running run once, and refuses to cancel a finished one", async () => {
  const stage = await open(MANUAL);
  await dispatch(stage, stage.owner);
  const run = { ...REPO, run_id: stage.runner.started[0]?.request.id ?? 0 };
  expect((await stage.api.actions.cancelWorkflowRun(run)).status).toBe(202);
  expect((await stage.api.actions.getWorkflowRun(run)).data).toMatchObject({ status: "completed", conclusion: "cancelled" });
  await expect(stage.api.actions.cancelWorkflowRun(run)).rejects.toMatchObject({ status: 409 });
});

test("lists a new run after a delay, but returns it by number immediately", async () => {
  let now = Date.parse("2026-11-20T12:00:00Z");
  const stage = await open(MANUAL, { now: () => now, lag: { runsMs: 2_000 } });
  await dispatch(stage, stage.owner);
  const list = async () => (await stage.api.actions.listWorkflowRuns({ ...REPO, workflow_id: "manual.yml" })).data.workflow_runs;
  const run_id = stage.runner.started[0]?.request.id ?? 0;
  expect((await stage.api.actions.getWorkflowRun({ ...REPO, run_id })).data.id).toBe(run_id);
  now += 1_999;
  expect(await list()).toEqual([]);
  now += 1;
  expect((await list()).map(({ id }) => id)).toEqual([run_id]);
});

test("passes the secrets of the repository and of environments to runs", async () => {
  const stage = await open(MANUAL);
  stage.forge.setSecrets(NAMED, { KEY: "k" });
  stage.forge.setEnvironment(NAMED, { name: "enki", secrets: { MODEL: "m" } });
  await dispatch(stage, stage.owner);
  expect(stage.runner.started[0]?.request).toMatchObject({ secrets: { KEY: "k" }, environments: { enki: { MODEL: "m" } } });
});

// https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule
test("a schedule starts the workflows of the default branch that name its cron expression, without a webhook", async () => {
  const stage = await open({
    ...file("hourly", "{ schedule: [{ cron: '5 * * * *' }, { cron: '7 7 * * *' }] }"),
    ...file("daily", "{ schedule: [{ cron: '0 4 * * *' }] }"),
    ...WAKE,
  });
  const before = stage.forge.deliveries().length;
  stage.forge.startScheduled({ owner: REPO.owner, name: REPO.repo }, "5 * * * *");
  expect(await stage.started()).toEqual(["hourly at refs/heads/main"]);
  expect(stage.runner.started[0]?.request.event).toMatchObject({ name: "schedule", payload: { schedule: "5 * * * *" } });
  expect(
    stage.forge
      .deliveries()
      .slice(before)
      .filter(({ event }) => event === "schedule"),
  ).toEqual([]);
});
