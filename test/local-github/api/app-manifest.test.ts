import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { connectGitHub } from "../../../src/github/connect-github.ts";
import type { GitHubPorts, GitHubReply } from "../../../src/github/github-ports.ts";
import { MANIFEST } from "../../support/manifest.ts";
import { listen, NAMED, openStage, REPO } from "./stage.ts";

const STEP = "on: workflow_dispatch\njobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }\n";
const INPUTS = ["kind", "execution", "step", "attempt", "target"].map((name) => `${name}: { required: true }`).join(", ");
const WITH_INPUTS = STEP.replace("on: workflow_dispatch", `on: { workflow_dispatch: { inputs: { ${INPUTS} } } }`);
type Stage = Awaited<ReturnType<typeof openStage>>;
type Person = ReturnType<Stage["octokit"]>;

const open = async () => {
  const stage = await openStage({ ".github/workflows/enki-step.yml": WITH_INPUTS, ".github/workflows/a.yml": STEP });
  onTestFinished(() => stage.close());
  return stage;
};

/** A request of Enki that needs the permission. GitHub grants metadata to every App. */
const NEEDS: Readonly<Record<string, (github: GitHubPorts, at: { issue: number; commit: string }) => Promise<GitHubReply<unknown>>>> = {
  actions: (github) => github.runs.startJob({ kind: "plan", execution: "abcdef", step: "plan", attempt: "1", target: "abcdef" }),
  checks: (github, { commit }) => github.checks.list(commit),
  contents: (github) => github.runs.wake({ job: "plan/abcdef/1" }),
  issues: (github, { issue }) => github.issues.comment(issue, "It runs."),
  merge_queues: (github, { issue, commit }) => github.queue.enqueue(issue, commit),
  pull_requests: (github) => github.pulls.list(),
  statuses: (github, { commit }) => github.checks.setStatus({ commit, state: "pending", text: "verifying" }),
};

test.each(Object.keys(MANIFEST.permissions).filter((name) => name !== "metadata"))(
  "GitHub refuses Enki's request with its own message if app.yml lacks the permission %s",
  async (name) => {
    const stage = await open();
    const { [name]: _, ...less } = MANIFEST.permissions;
    const person = stage.octokit(stage.owner);
    const isQueue = name === "merge_queues";
    if (isQueue) stage.forge.setRules(NAMED, [{ branch: "main", type: "merge_queue" }]);
    const issue = isQueue ? await openPull(stage, person) : (await person.issues.create({ ...REPO, title: "Uploads fail" })).data.number;
    const commit = await stage.git("rev-parse", "HEAD");
    const ask = async (permissions: typeof less): Promise<GitHubReply<unknown> | undefined> => {
      const app = await stage.forge.createApp({
        privateKeyPem: appKey(),
        name: `enki-${Object.keys(permissions).length}`,
        secret: "s",
        permissions,
      });
      const auth = stage.forge.createInstallationToken(app.id, NAMED.owner);
      return NEEDS[name]?.(connectGitHub({ auth, baseUrl: stage.forge.apiUrl, ...REPO, clock: () => 0 }), { issue, commit });
    };
    expect(await ask(MANIFEST.permissions)).toMatchObject({ ok: true });
    expect(await ask(less)).toMatchObject({
      ok: false,
      failure: { kind: "refused", reason: expect.stringContaining("Resource not accessible by integration") },
    });
  },
);

/** Actions that cause each event. */
const CAUSES: Readonly<Record<string, (stage: Stage, person: Person) => Promise<unknown>>> = {
  check_run: async (stage) => {
    const app = await stage.forge.createApp({ privateKeyPem: appKey(), name: "ci", secret: "s" });
    const api = stage.octokit(stage.forge.createInstallationToken(app.id, NAMED.owner));
    return api.checks.create({ ...REPO, name: "ci", head_sha: await stage.git("rev-parse", "HEAD") });
  },
  issue_comment: async (_, { issues }) => {
    const issue_number = (await issues.create({ ...REPO, title: "Uploads fail" })).data.number;
    return issues.createComment({ ...REPO, issue_number, body: "/enki fix" });
  },
  issues: (_, { issues }) => issues.create({ ...REPO, title: "Uploads fail", body: "/enki fix" }),
  merge_group: async (stage, person) => {
    const pull_number = await openPull(stage, person);
    stage.forge.setRules(NAMED, [{ branch: "main", type: "merge_queue" }]);
    const { node_id: id } = (await person.pulls.get({ ...REPO, pull_number })).data;
    return person.graphql(`mutation ($id: ID!) { enqueuePullRequest(input: { pullRequestId: $id }) { clientMutationId } }`, { id });
  },
  pull_request: openPull,
  pull_request_review: async (stage, person) => {
    const pull_number = await openPull(stage, person);
    return person.pulls.createReview({ ...REPO, pull_number, event: "COMMENT", body: "Fine." });
  },
  pull_request_review_comment: async (stage, person) => {
    const pull_number = await openPull(stage, person);
    const commit_id = await stage.git("rev-parse", "HEAD");
    return person.pulls.createReviewComment({ ...REPO, pull_number, commit_id, path: "a.txt", line: 1, side: "RIGHT", body: "Why?" });
  },
  push: async (stage) => {
    await stage.commit({ "a.txt": "a\n" });
    return stage.git("push", "-q", stage.remote(stage.owner), "HEAD:main");
  },
  repository_dispatch: (_, { repos }) => repos.createDispatchEvent({ ...REPO, event_type: "enki", client_payload: { job: "a" } }),
  status: async (stage, { repos }) =>
    repos.createCommitStatus({ ...REPO, sha: await stage.git("rev-parse", "HEAD"), state: "success", context: "ci" }),
  workflow_run: (_, { actions }) => actions.createWorkflowDispatch({ ...REPO, workflow_id: "a.yml", ref: "main" }),
};

async function openPull(stage: Stage, { pulls }: Person): Promise<number> {
  await stage.git("checkout", "-q", "-b", "task");
  await stage.commit({ "a.txt": "a\n" });
  await stage.git("push", "-q", stage.remote(stage.owner), "task");
  return (await pulls.create({ ...REPO, head: "task", base: "main", title: "Task" })).data.number;
}

test.each(MANIFEST.events)("delivers the event %s only if app.yml subscribes to it", async (event) => {
  for (const events of [MANIFEST.events, MANIFEST.events.filter((each) => each !== event)]) {
    const stage = await open();
    const hooks = await listen();
    onTestFinished(() => hooks.close());
    await stage.forge.createApp({
      privateKeyPem: appKey(),
      name: "enki",
      secret: "s",
      webhookUrl: hooks.url,
      permissions: MANIFEST.permissions,
      events,
    });
    const cause = CAUSES[event];
    expect(cause, `a cause of ${event}`).toBeDefined();
    await cause?.(stage, stage.octokit(stage.owner));
    await stage.forge.waitUntilIdle();
    expect(hooks.hooks.some((hook) => hook.event === event)).toBe(events.includes(event));
    expect(hooks.hooks.filter((hook) => !events.includes(hook.event))).toEqual([]);
  }
});
