import { request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { sealSecret } from "../../support/seal-secret.ts";
import { NAMED, openStage, REPO } from "./stage.ts";

const WORKFLOW = {
  ".github/workflows/ci.yml": "on: [push, repository_dispatch]\njobs: { ci: { runs-on: x, steps: [{ run: 'true' }] } }\n",
};

const open = async () => {
  const stage = await openStage(WORKFLOW);
  onTestFinished(stage.close);
  return { ...stage, api: stage.octokit(stage.owner) };
};

type Asked = { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: unknown };

/** Sends a request like `gh`: for the host `api.github.localhost`, through the local GitHub as its proxy. */
const askAsGh = (url: string, { token, path, body }: { token: string; path: string; body?: object }): Promise<Asked> => {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        method: body ? "POST" : "GET",
        path: `http://api.github.localhost${path}`,
        headers: { host: "api.github.localhost", authorization: `token ${token}` },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown,
          }),
        );
      },
    );
    sent.once("error", reject).end(body && JSON.stringify(body));
  });
};

test("gh reaches REST and GraphQL below the host github.localhost, and links of pages stay there", async () => {
  const { forge, owner, api } = await open();
  for (const title of ["one", "two"]) await api.issues.create({ ...REPO, title });
  const page = await askAsGh(forge.url, { token: owner, path: "/repos/octo/demo/issues?per_page=1" });
  expect(page.body).toMatchObject([{ title: "two" }]);
  expect(page.headers["link"]).toMatch(/^<http:\/\/api\.github\.localhost\/repos\/octo\/demo\/issues\?per_page=1&page=2>; rel="next"/);
  const viewer = await askAsGh(forge.url, { token: owner, path: "/graphql", body: { query: "{ viewer { login } }" } });
  expect(viewer.body).toEqual({ data: { viewer: { login: "octo" } } });
  const refused = await askAsGh(forge.url, { token: "none", path: "/repos/octo/demo" });
  expect(refused.status).toBe(401);
});

test("GraphQL opens an issue, comments, and reviews a pull request with the rules of REST", async () => {
  const { forge, owner, api, git, commit, remote } = await open();
  const writer = forge.createUser("ada");
  forge.setPermission(NAMED, { login: "ada", role: "write" });
  const ask = async (token: string, query: string, variables: object = {}): Promise<Record<string, Record<string, unknown>>> => {
    const { body } = await askAsGh(forge.url, { token, path: "/graphql", body: { query, variables } });
    const { data, errors } = body as { data?: unknown; errors?: unknown };
    return (errors ?? data) as Record<string, Record<string, unknown>>;
  };
  const { repository } = await ask(owner, '{ repository(owner: "octo", name: "demo") { id viewerPermission defaultBranchRef { name } } }');
  expect(repository).toMatchObject({ viewerPermission: "ADMIN", defaultBranchRef: { name: "main" } });
  const created = await ask(owner, "mutation($input: CreateIssueInput!) { createIssue(input: $input) { issue { id number url state } } }", {
    input: { repositoryId: repository?.["id"], title: "Sort", body: "The list." },
  });
  expect(created["createIssue"]?.["issue"]).toMatchObject({ number: 1, state: "OPEN", url: `${forge.url}/octo/demo/issues/1` });
  const { id: subjectId } = z.object({ id: z.string() }).parse(created["createIssue"]?.["issue"]);
  await ask(writer, "mutation($input: AddCommentInput!) { addComment(input: $input) { commentEdge { node { url } } } }", {
    input: { subjectId, body: "Please." },
  });
  const node = await ask(
    owner,
    `{ node(id: "${subjectId}") { ... on Issue { comments(last: 1) { totalCount nodes { body author { login } } } } } }`,
  );
  expect(node["node"]).toEqual({ comments: { totalCount: 1, nodes: [{ body: "Please.", author: { login: "ada" } }] } });
  await git("checkout", "-q", "-b", "sort");
  await commit({ "list.txt": "a\n" });
  await git("push", "-q", remote(owner), "sort");
  await api.pulls.create({ ...REPO, title: "Sort", head: "sort", base: "main" });
  const PULL =
    '{ repository(owner: "octo", name: "demo") { pullRequest(number: 2) { id mergeable additions reviews(last: 1) { nodes { state } } } } }';
  const before = z.looseObject({ id: z.string() }).parse((await ask(owner, PULL))["repository"]?.["pullRequest"]);
  expect(before).toMatchObject({ mergeable: "MERGEABLE", additions: 1 });
  const APPROVE = "mutation($input: AddPullRequestReviewInput!) { addPullRequestReview(input: $input) { clientMutationId } }";
  const input = { pullRequestId: before.id, event: "APPROVE" };
  expect(await ask(owner, APPROVE, { input })).toMatchObject([{ message: "Review Can not approve your own pull request" }]);
  await ask(writer, APPROVE, { input });
  expect((await ask(owner, PULL))["repository"]).toMatchObject({ pullRequest: { reviews: { nodes: [{ state: "APPROVED" }] } } });
});

test("an administrator changes settings, secrets and variables, and nobody else does", async () => {
  const { forge, octokit, api, runner } = await open();
  const writer = octokit(forge.createUser("ada"));
  forge.setPermission(NAMED, { login: "ada", role: "write" });
  await expect(writer.actions.setGithubActionsPermissionsRepository({ ...REPO, enabled: false })).rejects.toMatchObject({ status: 403 });
  forge.setActionsPulls(NAMED, false);
  const permissions = () => api.actions.getGithubActionsDefaultWorkflowPermissionsRepository(REPO).then(({ data }) => data);
  expect(await permissions()).toMatchObject({ can_approve_pull_request_reviews: false });
  await api.actions.setGithubActionsDefaultWorkflowPermissionsRepository({ ...REPO, can_approve_pull_request_reviews: true });
  expect(await permissions()).toMatchObject({ can_approve_pull_request_reviews: true });
  const environment = { ...REPO, environment_name: "enki" };
  await expect(api.repos.getEnvironment(environment)).rejects.toMatchObject({ status: 404 });
  await api.repos.createOrUpdateEnvironment(environment);
  const { data: key } = await api.actions.getEnvironmentPublicKey(environment);
  expect(Buffer.from(key.key, "base64")).toHaveLength(32);
  const sealed = { encrypted_value: sealSecret(key.key, "a key"), key_id: key.key_id };
  const secret = { ...environment, secret_name: "ENKI_MODEL_KEY", ...sealed };
  expect((await api.actions.createOrUpdateEnvironmentSecret(secret)).status).toBe(201);
  expect((await api.actions.createOrUpdateEnvironmentSecret(secret)).status).toBe(204);
  expect((await api.actions.listEnvironmentSecrets(environment)).data).toMatchObject({ secrets: [{ name: "ENKI_MODEL_KEY" }] });
  await api.actions.createEnvironmentVariable({ ...environment, name: "ENKI_APP_ID", value: "7" });
  await api.actions.createRepoVariable({ ...REPO, name: "ALL", value: "1" });
  await expect(api.actions.createRepoVariable({ ...REPO, name: "all", value: "2" })).rejects.toMatchObject({ status: 409 });
  await api.actions.createOrUpdateRepoSecret({ ...REPO, secret_name: "own", ...sealed, encrypted_value: sealSecret(key.key, "grüße") });
  await api.repos.createDispatchEvent({ ...REPO, event_type: "any" });
  await forge.waitUntilIdle();
  expect(runner.started.at(-1)?.request).toMatchObject({ secrets: { OWN: "grüße" }, environments: { enki: { ENKI_MODEL_KEY: "a key" } } });
  await api.actions.setGithubActionsPermissionsRepository({ ...REPO, enabled: false });
  const before = runner.started.length;
  await api.repos.createDispatchEvent({ ...REPO, event_type: "any" });
  await forge.waitUntilIdle();
  expect(runner.started).toHaveLength(before);
});

test.each([
  ["is not in base64", "a-key", "own", /^Invalid request\.\n\na-key does not match \/\^/],
  ["is not sealed", "c2VjcmV0", "own", /^Bad request - validation failed due to an improperly encrypted secret$/],
  ["is sealed for another key", "sealed", "568250167242549743", /^Bad request - validation failed due to an improperly encrypted secret$/],
])("a secret that %s is refused in GitHub's words", async (_, value, keyId, message) => {
  const { api } = await open();
  const { data } = await api.actions.getRepoPublicKey(REPO);
  const key = { key_id: keyId === "own" ? data.key_id : keyId, encrypted_value: value === "sealed" ? sealSecret(data.key, "a") : value };
  const refused = await api.actions.createOrUpdateRepoSecret({ ...REPO, secret_name: "KEY", ...key }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ status: 422, response: { data: { message: expect.stringMatching(message) as unknown } } });
  expect((await api.actions.listRepoSecrets(REPO)).data.total_count).toBe(0);
  await expect(api.actions.getEnvironmentPublicKey({ ...REPO, environment_name: "enki" })).rejects.toMatchObject({ status: 404 });
});
