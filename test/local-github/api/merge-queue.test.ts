import { readFileSync } from "node:fs";
import { buildSchema, isInputObjectType, isInterfaceType, isObjectType, isUnionType } from "graphql";
import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { GRAPHQL_SCHEMA } from "../../../src/local-github/api/graphql-schema.ts";
import { listen, NAMED, openStage, REPO } from "./stage.ts";

const QUEUE = { branch: "main", type: "merge_queue", parameters: { merge_method: "SQUASH" } };
const CHECK = { branch: "main", type: "required_status_checks", parameters: { required_status_checks: [{ context: "ci" }] } };
const WORKFLOW = { ".github/workflows/ci.yml": "on: merge_group\njobs: { ci: { runs-on: x, steps: [{ run: 'true' }] } }\n" };

/** Opens pull requests of these branches on a base with a merge queue. Each changes its own files, and each head has the required check. */
const open = async (branches: Readonly<Record<string, Readonly<Record<string, string>>>>) => {
  const stage = await openStage({ "a.txt": "one\n", ...WORKFLOW });
  const hooks = await listen();
  onTestFinished(async () => {
    await stage.close();
    await hooks.close();
  });
  const { git, commit, remote, owner, octokit, forge } = stage;
  await forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "s", webhookUrl: hooks.url });
  const api = octokit(owner);
  const pulls: Record<string, { number: number; id: string; head: string }> = {};
  for (const [branch, files] of Object.entries(branches)) {
    await git("checkout", "-q", "-b", branch, "main");
    const head = await commit(files);
    await git("push", "-q", remote(owner), branch);
    const { number, node_id: id } = (await api.pulls.create({ ...REPO, head: branch, base: "main", title: `Do ${branch}` })).data;
    await api.repos.createCommitStatus({ ...REPO, sha: head, state: "success", context: "ci" });
    pulls[branch] = { number, id, head };
  }
  forge.setRules(NAMED, [QUEUE, CHECK]);
  const enqueue = (branch: string, over: object = {}) =>
    api.graphql<{ enqueuePullRequest: { mergeQueueEntry: { position: number; state: string } } }>(
      `mutation ($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { mergeQueueEntry { position state } } }`,
      { input: { pullRequestId: pulls[branch]?.id, expectedHeadOid: pulls[branch]?.head, ...over } },
    );
  type Seen = { mergeQueueEntry: { position: number; state: string; headCommit: { oid: string } | null } | null; state: string };
  const look = async (branch: string) =>
    (
      await api.graphql<{ repository: { pullRequest: Seen & { timelineItems: { nodes: { reason: string }[] } } } }>(
        `query ($number: Int!) { repository(owner: "octo", name: "demo") { pullRequest(number: $number) {
          state mergeQueueEntry { position state headCommit { oid } }
          timelineItems(itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT], last: 1) { nodes { ... on RemovedFromMergeQueueEvent { reason } } }
        } } }`,
        { number: pulls[branch]?.number },
      )
    ).repository.pullRequest;
  /** Completes the checks of a pull request's merge group. */
  const check = async (branch: string, conclusion: "success" | "failure"): Promise<void> => {
    await forge.waitUntilIdle();
    const sha = (await look(branch)).mergeQueueEntry?.headCommit?.oid ?? "";
    const run = stage.runner.started.find(({ request }) => request.sha === sha);
    run?.observer.onJob({ id: "ci", name: "ci", status: "completed", conclusion, steps: [], log: null });
    run?.observer.onDone(conclusion, "");
    await forge.waitUntilIdle();
  };
  const events = (name: string) => forge.deliveries().flatMap(({ event, payload }) => (event === name ? [String(payload["action"])] : []));
  return { ...stage, api, pulls, enqueue, look, check, events };
};

test("a queue builds each group on the one ahead, and merges green groups in order with its own method", async () => {
  const it = await open({ one: { "b.txt": "b\n" }, two: { "c.txt": "c\n" } });
  expect((await it.enqueue("one")).enqueuePullRequest.mergeQueueEntry).toMatchObject({ position: 1 });
  await it.enqueue("two");
  await it.forge.waitUntilIdle();
  expect(await it.look("two")).toMatchObject({ state: "OPEN", mergeQueueEntry: { position: 2, state: "AWAITING_CHECKS" } });
  const groups = it.runner.started.map(({ request }) => request.ref.replace(/[0-9a-f]{40}$/, ""));
  expect(groups).toEqual([
    `refs/heads/gh-readonly-queue/main/pr-${it.pulls["one"]?.number}-`,
    `refs/heads/gh-readonly-queue/main/pr-${it.pulls["two"]?.number}-`,
  ]);
  await it.check("two", "success");
  expect((await it.look("two")).state, "waits for the first").toBe("OPEN");
  await it.check("one", "success");
  expect([(await it.look("one")).state, (await it.look("two")).state]).toEqual(["MERGED", "MERGED"]);
  await it.git("fetch", "-q", it.remote(it.owner), "main");
  expect(await it.git("log", "--format=%s", "-2", "FETCH_HEAD")).toBe("change c.txt (#2)\nchange b.txt (#1)");
  expect(await it.git("ls-remote", it.remote(it.owner), "refs/heads/gh-readonly-queue/*")).toBe("");
  expect(it.events("merge_group")).toEqual(["checks_requested", "checks_requested", "destroyed", "destroyed"]);
});

test("a red group leaves the queue with the reason, and the groups behind it are built again", async () => {
  const it = await open({ one: { "b.txt": "b\n" }, two: { "c.txt": "c\n" } });
  await it.enqueue("one");
  await it.enqueue("two");
  await it.check("one", "failure");
  expect(await it.look("one")).toMatchObject({
    state: "OPEN",
    mergeQueueEntry: null,
    timelineItems: { nodes: [{ reason: "CI_FAILURE" }] },
  });
  await it.check("two", "success");
  expect((await it.look("two")).state).toBe("MERGED");
  expect(it.events("pull_request").filter((action) => action === "dequeued")).toHaveLength(2);
});

test("a pull request leaves the queue on a conflict, a push or a removal", async () => {
  const it = await open({ one: { "a.txt": "two\n" }, two: { "a.txt": "three\n" }, three: { "d.txt": "d\n" } });
  await it.enqueue("one");
  await it.enqueue("two");
  await it.enqueue("three");
  await it.forge.waitUntilIdle();
  expect(await it.look("two")).toMatchObject({ mergeQueueEntry: null, timelineItems: { nodes: [{ reason: "MERGE_CONFLICT" }] } });
  await it.git("checkout", "-q", "three");
  await it.commit({ "d.txt": "more\n" });
  await it.git("push", "-q", it.remote(it.owner), "three");
  await it.forge.waitUntilIdle();
  expect((await it.look("three")).timelineItems.nodes).toEqual([{ reason: "DEQUEUED" }]);
  await it.api.graphql(`mutation ($id: ID!) { dequeuePullRequest(input: { id: $id }) { clientMutationId } }`, { id: it.pulls["one"]?.id });
  expect((await it.look("one")).timelineItems.nodes).toEqual([{ reason: "MANUAL" }]);
});

test("the queue accepts only mergeable pull requests with the expected head, and its branch refuses merges and pushes", async () => {
  const it = await open({ one: { "b.txt": "b\n" } });
  await expect(it.enqueue("one", { expectedHeadOid: "0".repeat(40) })).rejects.toThrow("Head branch was modified");
  await expect(it.enqueue("one", { pullRequestId: "nobody" })).rejects.toThrow("Could not resolve");
  await it.api.repos.createCommitStatus({ ...REPO, sha: it.pulls["one"]?.head ?? "", state: "pending", context: "ci" });
  await expect(it.enqueue("one")).rejects.toThrow('Required status check "ci" is expected');
  await expect(it.api.pulls.merge({ ...REPO, pull_number: 1 })).rejects.toMatchObject({
    status: 405,
    message: expect.stringContaining("merge queue"),
  });
  const weak = await it.forge.createApp({
    privateKeyPem: appKey(),
    name: "weak",
    secret: "s",
    permissions: { contents: "write", pull_requests: "write" },
  });
  const other = it.octokit(it.forge.createInstallationToken(weak.id, "octo"));
  const input = { pullRequestId: it.pulls["one"]?.id };
  await expect(
    other.graphql(`mutation ($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { clientMutationId } }`, { input }),
  ).rejects.toThrow("Resource not accessible by integration");
  await expect(it.octokit("").graphql("{ viewer { login } }")).rejects.toMatchObject({ status: 401 });
});

test("the forge's GraphQL schema is a subset of GitHub's: types, fields, arguments and values", () => {
  const github = buildSchema(
    readFileSync(new URL("../../../node_modules/@octokit/graphql-schema/schema.graphql", import.meta.url), "utf8"),
    {
      assumeValidSDL: true,
    },
  );
  const ours = buildSchema(GRAPHQL_SCHEMA);
  const faults: string[] = [];
  for (const type of Object.values(ours.getTypeMap()).filter(({ name }) => !name.startsWith("__"))) {
    const theirs = github.getType(type.name);
    if (!theirs) faults.push(type.name);
    if ((isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) && theirs && "getFields" in theirs) {
      for (const field of Object.values(type.getFields())) {
        const known = theirs.getFields()[field.name];
        if (String(known?.type) !== String(field.type)) faults.push(`${type.name}.${field.name}: ${String(known?.type)}`);
        for (const argument of "args" in field ? field.args : [])
          if (
            !known ||
            !("args" in known) ||
            !known.args.some(({ name, type: of }) => name === argument.name && String(of) === String(argument.type))
          )
            faults.push(`${type.name}.${field.name}(${argument.name})`);
      }
    }
    if (isUnionType(type) && isUnionType(theirs))
      for (const each of type.getTypes()) if (!theirs.getTypes().some(({ name }) => name === each.name)) faults.push(each.name);
  }
  expect(faults).toEqual([]);
});
