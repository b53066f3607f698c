import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { readConfig } from "../../src/core/config/read-config.ts";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import { readInstallationLayers, readRepositoryConfig } from "../../src/storage/config/repository-config.ts";
import { plan, step } from "../support/build.ts";
import { repository } from "../support/repository.ts";
import { ID, openJobs } from "../job/stage.ts";
import { openOrganisation } from "../stories/organisation.ts";
import { openStage, type OpenStage } from "../stories/stage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SEEDS = join(ROOT, "test", "fixtures", "seeds");
const AGENT = join(ROOT, "test", "fixtures", "agent.mjs");

const role = (over: string): string => `name = "tester"\nlabel = "Tester"\ndescription = "Tests."\nsystem_prompt = "Test."\n${over}`;
const read = (...files: (readonly [string, string])[]) => readConfig(files.map(([path, text]) => ({ path, text })));

describe("the seeds' own role files", () => {
  const document = readFileSync(join(SEEDS, "roles.md"), "utf8");
  const names = readdirSync(join(SEEDS, "roles"));

  test("are the document's, byte for byte", () => {
    expect(names).toHaveLength([...document.matchAll(/^name = "/gm)].length);
    for (const name of names) expect(document).toContain(readFileSync(join(SEEDS, "roles", name), "utf8").trimEnd());
  });

  test.each(names)("R-01 reads %s without a fault", (name) => {
    const text = readFileSync(join(SEEDS, "roles", name), "utf8");
    const { config, faults } = read([`.enki/roles/${name}`, text]);
    expect(faults).toEqual([]);
    const [own] = Object.values(config.roles);
    expect(own?.name).toBe(/^name = "(.*)"$/m.exec(text)?.[1]);
    expect(own?.canEdit).toBe(!text.includes("can_edit = false"));
    expect(own?.output).toBe(/^output = "(\w+)"/m.exec(text)?.[1]);
  });
});

test("R-01 a role without can_edit and output edits and delivers a branch; output artifact delivers a report", () => {
  expect(read(["roles/t.toml", role("")]).config.roles["tester"]).toMatchObject({ canEdit: true, output: "branch" });
  expect(read(["roles/t.toml", role('output = "artifact"\n')]).config.roles["tester"]?.output).toBe("artifact");
});

test("R-02 a project's role named ralph replaces the built-in ralph completely", async () => {
  const repo = await repository();
  onTestFinished(repo.close);
  const own = 'name = "ralph"\nlabel = "Mine"\ndescription = "Own."\nsystem_prompt = "Mine."\ncan_edit = false\noutput = "artifact"\n';
  const commit = await repo.commit("main", { ".enki/roles/any-name.toml": own });
  const clone = await repo.clone();
  await clone.fetch();
  const { config, faults } = await readRepositoryConfig(clone, commit, await readInstallationLayers(ROOT));
  expect(faults).toEqual([]);
  const mine = { label: "Mine", description: "Own.", systemPrompt: "Mine.", canEdit: false, output: "artifact" };
  expect(config.roles["ralph"]).toEqual({ name: "ralph", ...mine });
  expect(Object.keys(config.roles)).toEqual(expect.arrayContaining(["feature_developer", "bug_fixer", "researcher"]));
});

test("an organisation's repository .github also protects enki/**, which configures its other repositories", async () => {
  const repo = await repository();
  onTestFinished(repo.close);
  const commit = await repo.commit("main", { "README.md": "x" });
  const clone = await repo.clone();
  await clone.fetch();
  const protectedIn = async (url: string) =>
    (await readRepositoryConfig({ ...clone, url }, commit, await readInstallationLayers(ROOT))).config.policy.protected;
  for (const url of ["https://github.com/acme/.github.git", "https://github.com/acme/.GitHub", "/srv/acme/.github.git"])
    expect(await protectedIn(url)).toContain("enki/**");
  expect(await protectedIn("https://github.com/acme/web.git")).not.toContain("enki/**");
});

test("R-04 reports a role without system_prompt with its file, and refuses output patch", () => {
  const missing = role("").replace(/system_prompt.*\n/, "");
  expect(read([".enki/roles/t.toml", missing])).toMatchObject({
    faults: [{ file: ".enki/roles/t.toml", line: 1, code: "missing-key", why: "system_prompt is missing" }],
    config: { roles: {} },
  });
  expect(read([".enki/roles/t.toml", role('output = "patch"\n')])).toMatchObject({
    faults: [{ file: ".enki/roles/t.toml", line: 5, code: "bad-value", suggestion: 'write "branch" or "artifact"' }],
    config: { roles: {} },
  });
});

const BASE = '[agent]\ncommand = "base"\nargs = ["acp"]\nenv = { A = "1", B = "1" }\n';

const COMMON = { preset: null, protocol: null, idleMs: 600_000 };

test("R-08 a worker's own command and env: args are inherited, env is merged, the coordinator is unchanged", () => {
  const { config, faults } = read(["enki.toml", `${BASE}[agent.worker]\ncommand = "own"\nenv = { B = "2" }\n`]);
  expect(faults).toEqual([]);
  expect(config.agents.worker).toEqual({
    ...COMMON,
    command: "own",
    args: ["acp"],
    env: { A: "1", B: "2" },
    source: { file: "enki.toml", key: "[agent.worker] command" },
  });
  expect(config.agents.planner).toEqual({
    ...COMMON,
    command: "base",
    args: ["acp"],
    env: { A: "1", B: "1" },
    source: { file: "enki.toml", key: "[agent] command" },
  });
});

test("R-09 a sidecar's own command inherits args and env", () => {
  const { config } = read(["enki.toml", `${BASE}[agent.sidecar]\ncommand = "own"\n`]);
  expect(config.agents.sidecar).toEqual({
    ...COMMON,
    command: "own",
    args: ["acp"],
    env: { A: "1", B: "1" },
    source: { file: "enki.toml", key: "[agent.sidecar] command" },
  });
});

let jobs: Awaited<ReturnType<typeof openJobs>> | null = null;
afterEach(() => jobs?.repo.close());

describe("a role's file counts when its job starts", () => {
  const prepare = async (files: Readonly<Record<string, string | null>>) => {
    jobs = await openJobs({ agent: [process.execPath, AGENT, '{"say":"I am at work all the same."}'] });
    await jobs.repo.commit("main", files);
    return { ...(await jobs.prepare(`work/${ID}-fix/1`)), jobs };
  };

  test("R-02 including changes after the plan", async () => {
    const text = role("can_edit = false\n").replaceAll("tester", "fixer").replace("Test.", "Look only.");
    const { claimed } = await prepare({ ".enki/roles/fixer.toml": text });
    expect(claimed).toMatchObject({ value: { role: { systemPrompt: "Look only.", canEdit: false } } });
  });

  test.each([
    ["is gone", null],
    ["has a mistake", "name = \n"],
  ])("R-10 a step whose role's file %s fails with the reason instead of running with other rights", async (_, text) => {
    const prepared = await prepare({ ".enki/roles/fixer.toml": text });
    const why = expect.stringMatching(/^The role `fixer` no longer exists: .*`enki validate`.*adviser, looker$/) as unknown;
    expect(await runAgentJob(prepared.host)).toEqual({ end: "failed", why });
    expect(prepared.log.join("\n")).not.toContain("at work all the same");
    await prepared.jobs.publish(`work/${ID}-fix/1`, prepared.at.bundle);
    expect(prepared.jobs.published(`work/${ID}-fix/1`)).toMatchObject({ result: { end: "failed", reason: why, files: [] } });
  });
});

describe("R-10 a role with can_edit = false", () => {
  const permission = {
    toolCall: { toolCallId: "1", title: "t", kind: "edit" },
    options: [
      { optionId: "yes", name: "y", kind: "allow_once" },
      { optionId: "no", name: "n", kind: "reject_once" },
    ],
  };
  const git = "git -c user.name=a -c user.email=a@b";
  const MEANS: readonly (readonly [string, object, string])[] = [
    ["a shell that writes a file", { run: "echo x > by-shell.txt" }, "`by-shell.txt`"],
    ["a shell that appends, deletes and makes executable", { run: "echo x >> src/a.txt; rm docs/b.md" }, "`docs/b.md`, `src/a.txt`"],
    ["a commit of its own", { run: `echo x > c.txt; git add -A; ${git} commit -qm mine` }, "`c.txt`"],
    ["a commit on the branch that lands", { run: `git checkout -qb main; echo x > c.txt; git add -A; ${git} commit -qm mine` }, "`c.txt`"],
    ["a change that it tells git to overlook", { run: "git update-index --assume-unchanged src/a.txt; echo x > src/a.txt" }, "`src/a.txt`"],
    ["the client's own file system", { ask: "fs/write_text_file", params: { path: "src/a.txt", content: "x" } }, ""],
    ["a permission that it asks for", { ask: "session/request_permission", params: permission }, ""],
    ["Enki's tool that edits", { tool: "enki_edit_file", arguments: { path: "src/a.txt", edits: [] } }, ""],
    ["a push", { run: "git push -q ../enki/clone.git HEAD:refs/heads/main; git push -q origin HEAD:main; true" }, ""],
  ];

  test.each(MEANS)("cannot change files by %s: the changes are dropped and reported", async (_, act, named) => {
    const acts = [act, { say: "[OUTPUT]Nothing to change, I think.[/OUTPUT]" }];
    jobs = await openJobs({ agent: [process.execPath, AGENT, ...acts.map((each) => JSON.stringify(each))] });
    const job = `work/${ID}-advise/1`;
    const before = jobs.repo.git("for-each-ref");
    const prepared = await jobs.prepare(job);
    await runAgentJob(prepared.host);
    expect(jobs.repo.git("for-each-ref")).toBe(before);
    await jobs.publish(job, prepared.at.bundle);
    const published = jobs.published(job);
    expect(published?.result).toMatchObject({ end: "unchanged", files: [] });
    expect(published?.tree.filter((path) => path.includes("files/"))).toEqual([]);
    expect(published?.result?.reason).toBe(named === "" ? "" : `It may not change files, so its changes were discarded: ${named}.`);
    if (named === "") expect(prepared.log.join("\n")).not.toContain('"optionId":"yes"');
  });

  test("is reported in the comment after an attempt, and later steps continue", async () => {
    const files = { ".enki/roles/adviser.toml": role("can_edit = false\n").replaceAll("tester", "adviser") };
    const two = plan(step("advise", { role: "adviser" }), step("look", { output: "artifact", needs: ["advise"] }));
    const why = "It may not change files, so its changes were discarded: `src/a.txt`.";
    const stage = await openStage({
      files,
      script: ({ kind, step: of }) => {
        if (kind === "plan") return { plan: two };
        return of?.id === "look" ? { report: "# Found\n", why } : { end: "unchanged", why, output: "Leave it as it is." };
      },
    });
    const issue = await stage.ask();
    await stage.approve(issue);
    const shown = await stage.shows(issue, /Done: there was nothing to land/);
    for (const id of ["advise", "look"]) expect(shown).toContain(`> \`${id}\`: ${why}`);
    expect(await stage.landed()).toEqual([]);
  });
});

test("an artifact role's report is stored in the ledger, linked from the comment, passed to later steps, and never merged", async () => {
  const auditor = readFileSync(join(SEEDS, "roles", "security_auditor.toml"), "utf8");
  const report = "# Risk: low\n\n`src/a.txt:1` is harmless.\n";
  const seen: unknown[] = [];
  const stage = await openStage({
    files: { ".enki/roles/security_auditor.toml": auditor },
    script: ({ kind, step: of, role: given, artifacts }) => {
      if (kind === "plan")
        return { plan: plan(step("audit", { role: "security_auditor", output: "artifact" }), step("fix", { needs: ["audit"] })) };
      if (kind === "verify") return { verdict: "green" };
      seen.push([of?.id, given?.canEdit, artifacts]);
      return of?.id === "audit" ? { report } : { files: { "fix.txt": "1\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  const shown = await stage.shows(issue, /Done: everything landed/);
  expect(seen).toEqual([
    ["audit", false, []],
    ["fix", undefined, [{ step: "audit", text: report }]],
  ]);
  const [, path = "", link = ""] = /\[`(artifacts\/[0-9a-f]{6}\/audit\.md)`\]\((\S+)\)/.exec(shown) ?? [];
  expect(`${await stage.git("show", `refs/enki/ledger:${path}`)}\n`).toBe(report);
  const page = await fetch(new URL(link, `${stage.forge.url}/${stage.owner}/${stage.name}/issues/${issue}`));
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("Risk: low")]);
  expect(await stage.landed()).toEqual(["fix"]);
  expect(await stage.maintainer.pulls()).toHaveLength(1);
});

test("R-02 an organisation's role applies to its repositories until one has its own; later changes count later", async () => {
  const text = (name: string, prompt: string): string => role("").replace("tester", name).replace('"Test."', JSON.stringify(prompt));
  const seen: string[] = [];
  const stage: OpenStage = await openStage({
    files: { ".enki/roles/mine.toml": text("mine", "The repository's.") },
    script: async ({ kind, step: of, role: given }) => {
      if (kind === "plan") return { plan: plan(step("mine", { role: "mine" }), step("theirs", { role: "theirs", needs: ["mine"] })) };
      if (kind === "verify") return { verdict: "green" };
      seen.push(`${of?.id ?? ""}: ${given?.systemPrompt ?? "none"}`);
      if (of?.id === "mine") await say({ "enki/roles/theirs.toml": text("theirs", "The organisation's, mended.") });
      return { files: { [`${of?.id ?? ""}.txt`]: "1\n" } };
    },
  });
  const say = await openOrganisation(stage);
  const first = await stage.ask("/enki status");
  await stage.replies(first, /./); // The App has read the organisation's configuration, which did not exist yet.
  await say({
    "enki/roles/mine.toml": text("mine", "The organisation's."),
    "enki/roles/theirs.toml": text("theirs", "The organisation's."),
    "roles/x.toml": "no",
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(seen).toEqual(["mine: The repository's.", "theirs: The organisation's, mended."]);
  expect(stage.log.join("\n")).not.toContain("roles/x.toml");
});
