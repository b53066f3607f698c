import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { type RepositoryClone, openClone } from "../../../src/storage/git/repository-clone.ts";
import { after } from "../../support/after.ts";
import { MINT, NAMED, openStage, type Stage } from "./stage.ts";

const open = async (...given: Parameters<typeof openStage>): Promise<Stage> => {
  const stage = await openStage(...given);
  onTestFinished(stage.close);
  return stage;
};

let clones = 0;
const cloneAs = async (stage: Stage, token: string | undefined): Promise<RepositoryClone> =>
  openClone({
    url: `${stage.forge.url}/octo/demo.git`,
    directory: join(stage.root, `clone-${(clones += 1)}`),
    token: () => Promise.resolve(token),
    identity: { name: "Enki", email: "enki@example.invalid" },
    after,
  });

const REF = "refs/enki/ledger";
/** Writes a parentless commit into this clone only. */
const write = async (clone: RepositoryClone, text: string, on: { parents?: readonly string[]; path?: string } = {}): Promise<string> => {
  const tree = await clone.writeFiles(null, new Map([[on.path ?? "note.txt", { content: text, mode: "100644" as const }]]));
  return clone.writeCommit({ tree, parents: on.parents ?? [], message: text, at: 0 });
};
const tips = async (clone: RepositoryClone) => {
  await clone.fetch();
  return clone.refs();
};

test("an atomic push moves no ref if one lease is stale", async () => {
  const stage = await open();
  const [mine, yours] = [await cloneAs(stage, stage.owner), await cloneAs(stage, stage.owner)];
  const { "refs/heads/main": main } = await tips(mine);
  await yours.fetch();
  const first = await write(mine, "first");
  expect(await mine.push([{ ref: REF, oldSha: null, newSha: first }])).toEqual({ kind: "pushed" });
  const other = await write(yours, "other");
  const late = await yours.push([
    { ref: REF, oldSha: null, newSha: other },
    { ref: "refs/heads/task/a", oldSha: null, newSha: main ?? "" },
  ]);
  expect(late).toMatchObject({ kind: "stale", refs: [REF] });
  expect(await tips(yours)).toEqual({ [REF]: first, "refs/heads/main": main });
});

test("accepts one of two concurrent pushes with the same lease", async () => {
  const stage = await open();
  const both = [await cloneAs(stage, stage.owner), await cloneAs(stage, stage.owner)];
  const ends = await Promise.all(
    both.map(async (clone, at) => clone.push([{ ref: REF, oldSha: null, newSha: await write(clone, `writer ${at}`) }])),
  );
  expect(ends.map(({ kind }) => kind).sort()).toEqual(["pushed", "stale"]);
});

test("a job reads with `contents: read`, writes with `contents: write`, and is refused without either", async () => {
  const stage = await open(MINT);
  const as = async (level: "none" | "read" | "write") => cloneAs(stage, await stage.jobToken({ contents: level }));
  await expect((await as("none")).fetch()).rejects.toThrow("Repository not found");
  const reader = await as("read");
  await reader.fetch();
  const commit = await write(reader, "x");
  expect(await reader.push([{ ref: REF, oldSha: null, newSha: commit }])).toMatchObject({ kind: "not-sent" });
  const writer = await as("write");
  expect(await writer.push([{ ref: REF, oldSha: null, newSha: await write(writer, "x") }])).toEqual({ kind: "pushed" });
});

test("a job's token is valid for its repository until the job ends", async () => {
  const stage = await open(MINT);
  await stage.forge.createRepository({ owner: "octo", name: "other" });
  const token = await stage.jobToken({ contents: "write" });
  const push = (name: string) => stage.git("push", "-q", stage.remote(token).replace("demo", name), "HEAD:refs/heads/a");
  await expect(push("other")).rejects.toThrow("not found");
  await push("demo");
  stage.runner.started.at(-1)?.request.revokeToken(token);
  await expect(push("demo")).rejects.toThrow("Authentication failed");
});

test("everyone reads a public repository, and strangers cannot see whether a private one exists", async () => {
  const stage = await open();
  await stage.forge.createRepository({ owner: "octo", name: "secret", private: true });
  const at = (name: string, token?: string) => (token ? stage.remote(token) : `${stage.forge.url}/octo/demo.git`).replace("demo", name);
  const eve = stage.forge.createUser("eve");
  expect(await stage.git("ls-remote", at("demo"))).toContain("refs/heads/main");
  await expect(stage.git("ls-remote", at("secret"))).rejects.toThrow("could not read Username");
  await expect(stage.git("ls-remote", at("nothing"))).rejects.toThrow("could not read Username");
  await expect(stage.git("ls-remote", at("secret", eve))).rejects.toThrow("not found");
  await expect(stage.git("push", at("demo", eve), "HEAD:refs/heads/eve")).rejects.toThrow("403");
  await expect(stage.git("ls-remote", at("secret", "ghp_guessed"))).rejects.toThrow("Authentication failed");
});

test("refuses a push of a job or an App whose workflow files differ from the default branch, under any ref, as a whole", async () => {
  const stage = await open(MINT);
  const behind = await stage.git("rev-parse", "HEAD");
  const main = await stage.commit({ ".github/workflows/mint.yml": `${MINT[".github/workflows/mint.yml"]}# newer\n` });
  await stage.git("push", "-q", stage.remote(stage.owner), "main");
  const clone = await cloneAs(stage, await stage.jobToken({ contents: "write" }));
  await clone.fetch();
  const plain = await write(clone, "no workflows here");
  for (const ref of ["refs/heads/task/a", "refs/enki/results/work/a/1"]) {
    const moves = [
      { ref: REF, oldSha: null, newSha: plain },
      { ref, oldSha: null, newSha: behind },
    ];
    const end = await clone.push(moves);
    expect(end).toMatchObject({ kind: "not-allowed", ref });
    expect(end).toHaveProperty("text", expect.stringContaining("without `workflows` permission"));
  }
  expect(Object.keys(await tips(clone))).toEqual(["refs/heads/main"]);
  const level = [{ ref: "refs/heads/task/a", oldSha: null, newSha: main }];
  expect(await clone.push(level)).toEqual({ kind: "pushed" });
  const app = await stage.forge.createApp({
    privateKeyPem: appKey(),
    name: "bumper",
    secret: "s",
    permissions: { contents: "write", workflows: "write" },
  });
  const bumper = await cloneAs(stage, stage.forge.createInstallationToken(app.id, "octo"));
  await bumper.fetch();
  expect(await bumper.push([{ ref: "refs/heads/bump", oldSha: null, newSha: behind }])).toEqual({ kind: "pushed" });
});

test.each([
  ["pull_request", {}, "Changes must be made through a pull request"],
  ["deletion", { to: null }, "Cannot delete this branch"],
  ["non_fast_forward", { rewritten: true }, "Cannot force-push to this branch"],
  ["required_status_checks", {}, 'Required status check "ci" is expected'],
  ["required_linear_history", { merge: true }, "must not contain merge commits"],
  ["update", {}, "Cannot update this protected ref"],
])("the branch rule `%s` refuses a push that violates it, with all its refs", async (type, kind, words) => {
  const stage = await open();
  stage.forge.setRules(NAMED, [{ branch: "guarded", type, parameters: { required_status_checks: [{ context: "ci" }] } }]);
  await stage.git("push", "-q", stage.remote(stage.owner), "main:free");
  stage.forge.setRules(NAMED, []);
  await stage.git("push", "-q", stage.remote(stage.owner), "main:guarded");
  stage.forge.setRules(NAMED, [{ branch: "guarded", type, parameters: { required_status_checks: [{ context: "ci" }] } }]);
  const clone = await cloneAs(stage, stage.owner);
  const { "refs/heads/guarded": from = "" } = await tips(clone);
  const next = await write(clone, "next", { parents: [from] });
  const merge = await write(clone, "merge", { parents: [from, next] });
  const kinds: { to?: null; rewritten?: boolean; merge?: boolean } = kind;
  const to = kinds.to === null ? null : kinds.rewritten ? await write(clone, "rewritten") : kinds.merge ? merge : next;
  const move = { ref: "refs/heads/guarded", oldSha: from, newSha: to };
  const end = await clone.push([{ ref: REF, oldSha: null, newSha: next }, move]);
  expect(end).toMatchObject({ kind: "not-allowed", ref: "refs/heads/guarded" });
  expect(end).toHaveProperty("text", expect.stringContaining(words));
  expect(await tips(clone)).not.toHaveProperty([REF]);
  expect(await clone.push([{ ...move, ref: "refs/heads/free" }])).toEqual({ kind: "pushed" });
});

test("allows a push of a green commit to a branch with required checks", async () => {
  const stage = await open();
  stage.forge.setRules(NAMED, [
    { branch: "main", type: "required_status_checks", parameters: { required_status_checks: [{ context: "enki" }] } },
  ]);
  const clone = await cloneAs(stage, stage.owner);
  const { "refs/heads/main": from = "" } = await tips(clone);
  const next = await write(clone, "next", { parents: [from] });
  const landing = [{ ref: "refs/heads/main", oldSha: from, newSha: next }];
  expect(await clone.push(landing)).toMatchObject({ kind: "not-allowed" });
  expect(await clone.push([{ ref: REF, oldSha: null, newSha: next }])).toEqual({ kind: "pushed" });
  await stage.octokit(stage.owner).repos.createCommitStatus({ ...NAMED, repo: "demo", sha: next, state: "success", context: "enki" });
  expect(await clone.push(landing)).toEqual({ kind: "pushed" });
});

test("a check that is required from one App is not met by another App's status with the same name", async () => {
  const stage = await open();
  const app = await stage.forge.createApp({ privateKeyPem: appKey(), name: "ci", secret: "s", permissions: { statuses: "write" } });
  const required = [{ context: "build", integration_id: app.id }];
  stage.forge.setRules(NAMED, [{ branch: "main", type: "required_status_checks", parameters: { required_status_checks: required } }]);
  const clone = await cloneAs(stage, stage.owner);
  const { "refs/heads/main": from = "" } = await tips(clone);
  const next = await write(clone, "next", { parents: [from] });
  await clone.push([{ ref: REF, oldSha: null, newSha: next }]);
  const green = { ...NAMED, repo: "demo", sha: next, state: "success", context: "build" } as const;
  await stage.octokit(stage.owner).repos.createCommitStatus(green);
  const landing = [{ ref: "refs/heads/main", oldSha: from, newSha: next }];
  expect(await clone.push(landing)).toMatchObject({ kind: "not-allowed" });
  await stage.octokit(stage.forge.createInstallationToken(app.id, NAMED.owner)).repos.createCommitStatus(green);
  expect(await clone.push(landing)).toEqual({ kind: "pushed" });
});

test("refuses invalid refs and refs that the forge reserves", async () => {
  const stage = await open();
  for (const ref of ["refs/pull/1/head", "refs/heads/a..b", "refs/heads/x.lock"])
    await expect(stage.git("push", stage.remote(stage.owner), `HEAD:${ref}`)).rejects.toThrow();
  expect(await stage.git("ls-remote", stage.remote(stage.owner))).not.toMatch(/refs\/(?:pull|heads\/[ax])/);
});
