import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeRepository, openTerminal } from "./stage.ts";

type Finding = { code: string; level: string; message: string; command: string };

/** The first page of a list: https://docs.github.com/rest/actions/secrets, https://docs.github.com/rest/actions/variables */
const cutPage = (answer: unknown, url: string): unknown => {
  const size = Number(new URL(url, "http://localhost").searchParams.get("per_page") ?? 0);
  const cut = (list: unknown, [usual, most]: readonly [number, number]): unknown =>
    Array.isArray(list) ? list.slice(0, Math.min(size || usual, most)) : list;
  const limits: Readonly<Record<string, readonly [number, number]>> = { secrets: [30, 100], variables: [10, 30] };
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return answer;
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, limits[name] ? cut(value, limits[name]) : value]));
};

/** Opens a repository on a GitHub that gives each path the test's answer, or else 404; PUT and POST create a path. */
const open = async (answers: Record<string, unknown>) => {
  const written: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/\?.*$/, "").replace("/repos/octo/demo", "") || "/";
    if (request.method !== "GET") {
      written.push(path);
      answers[path] = path === "/actions/permissions" ? { enabled: true, allowed_actions: "all" } : {};
    }
    const answer = answers[path];
    response
      .writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" })
      .end(JSON.stringify(cutPage(answer, request.url ?? "") ?? { message: "Not Found" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "go.mod": "module a\n" });
  git("remote", "add", "origin", "https://127.0.0.1:1/octo/demo.git");
  const env = { GH_TOKEN: "for-this-test", GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const doctor = (...args: string[]) => terminal.call(["doctor", ...args], { cwd, env });
  const findings = async (...args: string[]): Promise<{ code: number | null; findings: Finding[] }> => {
    const { code, out } = await doctor("--json", ...args);
    return { code, ...(JSON.parse(out) as { findings: Finding[] }) };
  };
  return { terminal, cwd, git, doctor, findings, written };
};

const SETTINGS = (): Record<string, unknown> => ({
  "/": { private: false, size: 10, permissions: { push: true }, allow_merge_commit: true, default_branch: "main" },
  "/actions/permissions": { enabled: true, allowed_actions: "all" },
  "/actions/permissions/workflow": { default_workflow_permissions: "read", can_approve_pull_request_reviews: true },
  "/environments/enki": { name: "enki", deployment_branch_policy: { protected_branches: false, custom_branch_policies: true } },
  "/environments/enki/secrets": { total_count: 1, secrets: [{ name: "ENKI_MODEL_KEY" }] },
  "/actions/secrets": { total_count: 0, secrets: [] },
  "/rules/branches/main": [],
});

test("given an empty repository, when init wrote and a person committed the set-up, then enki doctor finds nothing in the way", async () => {
  const { terminal, cwd, git, findings, doctor } = await open(SETTINGS());
  const before = await findings();
  expect(before.code).toBe(1);
  expect(before.findings.map(({ code }) => code)).toEqual(expect.arrayContaining(["verify-missing", "step-workflow-missing"]));
  await terminal.call(["init", "--yes"], { cwd });
  expect((await findings()).findings.map(({ code }) => code)).toContain("not-committed");
  git("add", ".");
  git("commit", "-q", "-m", "Set up Enki");
  const after = await doctor();
  expect({ code: after.code, errors: after.out.match(/^✗.*/gm) }).toEqual({ code: 0, errors: null });
});

test("without a key that signs the ledger, enki doctor says who is trusted, and how to change that", async () => {
  const settings = SETTINGS();
  const { terminal, cwd, doctor } = await open(settings);
  await terminal.call(["init", "--yes"], { cwd });
  const { out } = await doctor();
  expect(out).toContain("! ledger-unsigned: The ledger is not signed, so anyone with write access to the repository could change it.");
  expect(out).toContain("gh secret set ENKI_LEDGER_KEY --repo octo/demo --env enki < ledger-key; rm -f ledger-key ledger-key.pub\n");
  settings["/environments/enki/secrets"] = { total_count: 2, secrets: [{ name: "ENKI_MODEL_KEY" }, { name: "ENKI_LEDGER_KEY" }] };
  expect((await doctor()).out).not.toContain("ledger-unsigned");
});

test("where jobs act as an App, Actions need not open pull requests", async () => {
  const settings = SETTINGS();
  const { terminal, cwd, findings } = await open(settings);
  await terminal.call(["init", "--yes"], { cwd });
  const found = async () => (await findings()).findings.find(({ code }) => code === "actions-cannot-open-pulls");
  settings["/actions/permissions/workflow"] = { default_workflow_permissions: "read", can_approve_pull_request_reviews: false };
  expect(await found()).toMatchObject({ level: "error" });
  const others = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `A${at}`, value: "1" }));
  const secrets = [...others(30), { name: "ENKI_MODEL_KEY" }, { name: "ENKI_APP_KEY" }];
  settings["/environments/enki/secrets"] = { total_count: 32, secrets };
  expect(await found(), "its id is missing").toMatchObject({ level: "error" });
  const id = { name: "ENKI_APP_ID", value: "1" };
  settings["/actions/variables"] = { total_count: 31, variables: [...others(30), id] };
  settings["/actions/variables/ENKI_APP_ID"] = id;
  expect(await found()).toBeUndefined();
});

test("an environment that every branch may use is found, and --fix leaves it to the default branch alone", async () => {
  const { terminal, cwd, findings, doctor, written } = await open({
    ...SETTINGS(),
    "/environments/enki": { name: "enki", deployment_branch_policy: null },
  });
  await terminal.call(["init", "--yes"], { cwd });
  const found = (await findings()).findings.find(({ code }) => code === "environment-open");
  expect(found?.message).toBe(
    "Workflows on any branch may read the secrets of the environment `enki`, so anyone who may push can take its keys.",
  );
  expect((await doctor("--fix")).out).toContain(
    "environment-open: changed POST /repos/octo/demo/environments/enki/deployment-branch-policies",
  );
  expect(written.slice(-2)).toEqual(["/environments/enki", "/environments/enki/deployment-branch-policies"]);
});

test("an environment that more than the default branch may use is found with the names that GitHub lists", async () => {
  const settings = {
    ...SETTINGS(),
    "/environments/enki/deployment-branch-policies": {
      branch_policies: [{ name: "main", type: "branch" }, { name: "task/*" }, { name: "v*", type: "tag" }],
    },
  };
  const { terminal, cwd, findings } = await open(settings);
  await terminal.call(["init", "--yes"], { cwd });
  expect((await findings()).findings.find(({ code }) => code === "environment-wide")).toMatchObject({
    level: "warning",
    message:
      "Workflows on `task/*`, the tag `v*` may read the secrets of the environment `enki`, so anyone who may push there can take its keys.",
    command: "leave only `main` in Settings › Environments › enki",
  });
});

test("--fix writes the workflow file and changes settings, and reports what is left", async () => {
  const settings = { ...SETTINGS(), "/actions/permissions": { enabled: false } };
  delete (settings as Record<string, unknown>)["/environments/enki"];
  const { doctor, findings, written } = await open(settings);
  const fixed = await doctor("--fix");
  expect(fixed.out).toContain("wrote .github/workflows/enki-step.yml");
  expect(fixed.out).toContain("actions-disabled: changed PUT /repos/octo/demo/actions/permissions");
  expect(written).toContain("/actions/permissions");
  const left = (await findings()).findings.map(({ code }) => code);
  expect(left).not.toContain("actions-disabled");
  expect(left).not.toContain("step-workflow-missing");
});

test("steps that a person adds to [jobs] or removes from it are found until the next enki init, which --fix runs", async () => {
  const { terminal, cwd, git, findings, doctor } = await open(SETTINGS());
  const config = join(cwd, ".enki/enki.toml");
  const commit = (): void => {
    git("add", ".");
    git("commit", "-q", "--allow-empty", "-m", "Set up Enki");
  };
  const read = async () => (await findings()).findings.filter(({ code }) => /^(?:jobs|earlier|workflow|not-)/.test(code));
  await terminal.call(["init", "--yes", "--repository-secret", "--agent", "codex"], { cwd });
  commit();
  expect(await read()).toEqual([]);
  const text = readFileSync(config, "utf8");
  writeFileSync(config, `${text}[jobs]\nsetup = "- run: ./prepare.sh"\n`);
  commit();
  expect(await read()).toEqual([
    {
      code: "jobs-not-written",
      level: "error",
      message: ".github/workflows/enki-step.yml does not follow setup in [jobs] of .enki/enki.toml yet.",
      command: "enki init",
    },
  ]);
  await doctor("--fix");
  commit();
  expect(await read()).toEqual([]);
  const workflow = readFileSync(join(cwd, ".github/workflows/enki-step.yml"), "utf8");
  expect(workflow.match(/run: \.\/prepare\.sh|environment:|install --global .*codex/g)).toHaveLength(3);
  writeFileSync(config, text);
  commit();
  expect((await read()).map(({ code }) => code)).toEqual(["jobs-not-written"]);
  await doctor("--fix");
  commit();
  expect(await read()).toEqual([]);
});

test("a project that changed since enki init, and a set-up that is not pushed, are found", async () => {
  const { terminal, cwd, git, findings } = await open(SETTINGS());
  await terminal.call(["init", "--yes", "--vendor"], { cwd });
  git("add", ".");
  git("commit", "-q", "-m", "Set up Enki");
  git("update-ref", "refs/remotes/origin/main", "HEAD~1");
  const read = async () => Object.fromEntries((await findings()).findings.map(({ code, message }) => [code, message]));
  expect((await read())["not-pushed"]).toMatch(/^Enki reads main on the remote, where \.enki\/enki\.toml, .* differ from this checkout\.$/);
  git("update-ref", "refs/remotes/origin/main", "HEAD");
  expect(await read()).not.toHaveProperty("not-pushed");
  expect(await read()).not.toHaveProperty("earlier-workflow");
  writeFileSync(join(cwd, "package.json"), '{"scripts":{"test":"x"}}');
  expect((await read())["earlier-workflow"]).toBe(
    ".github/workflows/enki-step.yml is not as Enki would write it now: the project, its agent or Enki changed since then.",
  );
});

test("only commits that are ahead of the remote's default branch are found as not pushed", async () => {
  const { terminal, cwd, git, findings } = await open(SETTINGS());
  const read = async () => (await findings()).findings.find(({ code }) => code === "not-pushed")?.command;
  const commit = (message: string): void => {
    git("add", ".");
    git("commit", "-q", "--allow-empty", "-m", message);
  };
  await terminal.call(["init", "--yes"], { cwd });
  commit("Set up Enki");
  git("update-ref", "refs/remotes/origin/main", "HEAD");
  git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  git("switch", "-q", "-c", "feature");
  commit("Start");
  expect(await read()).toBeUndefined();
  const config = join(cwd, ".enki/enki.toml");
  writeFileSync(config, `${readFileSync(config, "utf8")}# more\n`);
  commit("Change the configuration");
  expect(await read()).toMatch(/^merge this branch into main by a pull request/);
  git("switch", "-q", "main");
  expect(await read()).toBeUndefined();
  git("update-ref", "refs/remotes/origin/main", "feature");
  expect(await read()).toBeUndefined();
  git("merge", "-q", "feature");
  commit("Go on");
  expect(await read()).toBeUndefined();
  git("switch", "-q", "feature");
  git("update-ref", "refs/remotes/origin/main", git("commit-tree", "-p", "main~2", "-m", "Squashed", "feature^{tree}").trim());
  expect(await read()).toBeUndefined();
});

test("the advice for a set-up that is not pushed fits a diverged branch and a shallow clone", async () => {
  const { terminal, cwd, git, findings } = await open(SETTINGS());
  const read = async () => (await findings()).findings.find(({ code }) => code === "not-pushed");
  const commit = (message: string, parent: string): string => git("commit-tree", "-p", parent, "-m", message, "HEAD^{tree}").trim();
  await terminal.call(["init", "--yes"], { cwd });
  const before = git("rev-parse", "HEAD").trim();
  const theirs = commit("Meanwhile", before);
  git("add", ".");
  git("commit", "-q", "-m", "Set up Enki");
  git("update-ref", "refs/remotes/origin/main", before);
  expect(await read()).toMatchObject({ command: "git push origin main" });
  git("update-ref", "refs/remotes/origin/main", theirs);
  expect(await read()).toMatchObject({ command: "git pull --rebase origin main && git push origin main" });
  // Both histories end before the commit that they share.
  writeFileSync(join(cwd, ".git/shallow"), `${git("rev-parse", "HEAD").trim()}\n${theirs}\n`);
  expect(await read()).toMatchObject({
    message: expect.stringMatching(
      /^Enki reads main on the remote, where .*enki\.toml.* differ from this shallow clone, which does not show whose files are newer\.$/,
    ),
    command: "git fetch --unshallow origin && enki doctor",
  });
});

test("a checkout with the line ends of Windows is the same set-up, also of a copied action", async () => {
  const { terminal, cwd, git, findings } = await open(SETTINGS());
  await terminal.call(["init", "--yes", "--vendor"], { cwd });
  git("add", ".");
  git("commit", "-q", "-m", "Set up Enki");
  const before = (await findings()).findings;
  git("config", "core.autocrlf", "true");
  git("rm", "-rq", "--cached", ".");
  git("reset", "-q", "--hard");
  expect(readFileSync(join(cwd, ".github/enki/action.yml"), "utf8")).toContain("\r\n");
  expect((await findings()).findings).toEqual(before);
  expect((await terminal.call(["init", "--yes"], { cwd })).out).toMatch(/^Everything is up to date\.$/m);
});

test("each finding is a code, a sentence and what to do; a missing token is said, not an error", async () => {
  const { terminal, cwd } = await open({});
  const { out, code } = await terminal.call(["doctor"], { cwd });
  expect(code).toBe(1);
  expect(out).toMatch(
    /^✗ verify-missing: No command verifies a change, so nothing can land\.\n {4}enki init, or write \[refinery\] verify/m,
  );
  expect(out).toMatch(/^! github-unread: .*there is no token in GH_TOKEN or GITHUB_TOKEN\.$/m);
});

test("--verify runs the verify commands on the base, and names the one that fails", async () => {
  const { terminal, cwd, git, findings } = await open(SETTINGS());
  await terminal.call(["init", "--yes", "--verify", "test -f go.mod", "--verify", "test -f missing", "--agent", "npx -y x"], { cwd });
  git("add", ".");
  git("commit", "-q", "-m", "Set up Enki");
  expect((await findings()).findings.map(({ code }) => code)).not.toContain("base-red");
  const red = (await findings("--verify")).findings.find(({ code }) => code === "base-red");
  expect(red?.message).toBe("`test -f missing` fails on main itself, so no change can pass it.");
  writeFileSync(join(cwd, "missing"), "");
  git("add", ".");
  git("commit", "-q", "-m", "Fix it");
  expect((await findings("--verify")).findings.map(({ code }) => code)).not.toContain("base-red");
});

test("--rebuild keeps a ledger that cannot be read under another ref, and deletes it so that Enki writes it again", async () => {
  const { terminal, cwd, git } = await open({});
  const origin = join(terminal.root, "origin.git");
  git("init", "-q", "--bare", origin);
  git("remote", "remove", "origin");
  git("remote", "add", "origin", origin);
  writeFileSync(join(cwd, "inbox.json"), "{");
  git("add", "inbox.json");
  git("commit", "-q", "-m", "No ledger");
  const broken = git("rev-parse", "HEAD");
  git("push", "-q", "origin", "HEAD:refs/enki/ledger");
  const doctor = (...args: string[]) => terminal.call(["doctor", ...args], { cwd });
  expect((await doctor()).out).toMatch(/^✗ ledger-broken: .*\n {4}enki doctor --rebuild$/m);
  const rebuilt = await doctor("--rebuild");
  expect(rebuilt.out).toContain(`The ledger is kept as refs/enki-broken/${broken}.`);
  expect(rebuilt.out).not.toContain("ledger-broken");
  expect(git("ls-remote", "origin").split("\n")).toEqual([`${broken}\trefs/enki-broken/${broken}`]);
});
