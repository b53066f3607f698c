import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import { EMPTY_BUNDLE, writeBundle } from "../../src/job/job-bundle.ts";
import { plan, step } from "../support/build.ts";
import { CLI } from "../support/cli.ts";
import { ID, openJobs } from "../job/stage.ts";
import { openStage, type OpenStage } from "../stories/stage.ts";
import { makeRepository, openTerminal } from "../cli/stage.ts";

const AGENT = fileURLToPath(new URL("../fixtures/agent.mjs", import.meta.url));
const JOB = `work/${ID}-fix/1`;

let jobs: Awaited<ReturnType<typeof openJobs>> | null = null;
afterEach(() => jobs?.repo.close());

const agentThat = (...acts: readonly object[]) => openJobs({ agent: [process.execPath, AGENT, ...acts.map((act) => JSON.stringify(act))] });

/** Opens a stage whose steps leave fixed files. `before` runs first in each step. */
const tell = async (
  steps: ReturnType<typeof plan>,
  over: { before?: (stage: OpenStage, id: string, base: string) => Promise<void> } = {},
) => {
  const stage: OpenStage = await openStage({
    script: async ({ kind, step: of, baseCommit }) => {
      if (kind === "plan") return { plan: steps };
      if (kind === "verify") return { verdict: "green" };
      await over.before?.(stage, of?.id ?? "", baseCommit);
      return { files: { "shared.txt": "the same\n", ...(of?.id === "alone" ? { "alone.txt": "1\n" } : {}) } };
    },
  });
  return stage;
};

test("W-01 differs: a job has its own fresh checkout, detached and without a remote: tracked files and no ignored ones", async () => {
  jobs = await agentThat();
  const { host } = await jobs.prepare(JOB);
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: host.workspace, encoding: "utf8" }).trim();
  expect(git("ls-files").split("\n")).toEqual(expect.arrayContaining([".gitignore", "docs/b.md", "src/a.txt"]));
  expect(readFileSync(join(host.workspace, "src/a.txt"), "utf8")).toBe("a\n");
  expect(git("rev-parse", "HEAD", "--abbrev-ref", "HEAD")).toBe(`${jobs.base}\nHEAD`);
  expect([git("remote"), git("branch", "--format=%(refname)").replace(/^\(.*\)$/m, ""), git("status", "--porcelain", "--ignored")]).toEqual(
    ["", "", ""],
  );
  expect(existsSync(join(host.workspace, "built"))).toBe(false);
});

test("W-02 a worker's change is one commit with the step's title; an attempt without changes adds none", async () => {
  const stage = await tell(plan(step("alone", { title: "Write it down" }), step("again", { needs: ["alone"] })));
  const issue = await stage.ask();
  await stage.approve(issue);
  const shown = await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["alone"]);
  expect(await stage.git("log", "--format=%s", "main^2", "^main^1")).toBe("Write it down");
  expect(await stage.git("log", "-1", "--format=%(trailers:key=Enki-Task,valueonly,separator=)", "main^2")).toMatch(/^[0-9a-f]{6}-alone$/);
  expect(shown).toMatch(/nothing to change.*`again` /);
});

test("W-03 ignored files are never committed, at any depth or through links", async () => {
  jobs = await agentThat({ run: "mkdir -p built/deep && echo x > built/deep/x && ln -s built/deep linked && rm linked && echo y > y.txt" });
  const { host, at } = await jobs.prepare(JOB);
  await runAgentJob(host);
  await jobs.publish(JOB, at.bundle);
  expect(jobs.published(JOB)).toMatchObject({ result: { end: "success", files: [{ path: "y.txt", mode: "100644" }] } });
  expect(jobs.published(JOB)?.tree.filter((path) => path.includes("files/"))).toEqual(["100644 files/y.txt"]);
});

test("W-04 differs: a checkout belongs to one attempt; after a crash the next attempt starts on the base", async () => {
  jobs = await agentThat({ run: 'test -e half.txt && echo "found half of it" > found.txt; echo x > half.txt' }, { crash: 3 });
  const first = await jobs.prepare(JOB);
  expect((await runAgentJob(first.host)).end).toBe("crashed");
  const second = await jobs.prepare(JOB);
  expect(second.claimed.ok).toBe(true);
  expect(existsSync(join(first.host.workspace, "half.txt"))).toBe(true);
  expect(existsSync(join(second.host.workspace, "half.txt"))).toBe(false);
  await runAgentJob(second.host);
  expect(existsSync(join(second.host.workspace, "found.txt"))).toBe(false);
});

test("W-05 a worker that starts after a landing finds the landed work", async () => {
  const found: string[] = [];
  const stage = await tell(plan(step("alone"), step("after", { needs: ["alone"] })), {
    before: async (own, id, base) => void found.push(`${id}: ${await own.git("ls-tree", "--name-only", base, "alone.txt")}`),
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(found).toEqual(["alone: ", "after: alone.txt"]);
});

test("W-06 a tracked link stays a link after a worker's commit", async () => {
  const stage = await tell(plan(step("alone")));
  const tree = await stage.git("ls-tree", "main");
  const target = execFileSync("git", ["hash-object", "-w", "--stdin"], { cwd: stage.bare, input: "AGENTS.md", encoding: "utf8" }).trim();
  const input = `${tree}\n120000 blob ${target}\tCLAUDE.md\n`;
  const linked = execFileSync("git", ["mktree"], { cwd: stage.bare, input, encoding: "utf8" }).trim();
  const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  await stage.git("update-ref", "refs/heads/main", await stage.git(...who, "commit-tree", "-p", "main", "-m", "Link it", linked));
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("ls-tree", "main", "CLAUDE.md")).toBe(`120000 blob ${target}\tCLAUDE.md`);
  expect(await stage.git("ls-tree", "main^2", "CLAUDE.md")).toBe(`120000 blob ${target}\tCLAUDE.md`);
  expect(await stage.landed()).toEqual(["alone"]);
});

/** Prepares a person's repository and an agent that plans one command. */
const openOwn = (command: string) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "list.txt": "b\na\n", "verify.sh": "grep -q spoiled list.txt && echo no good && exit 1\nexit 0\n" });
  const play = join(terminal.root, "play.toml");
  const steps = `[{ id = "one", title = "One step", description = "d", run = ${JSON.stringify(command)} }]`;
  writeFileSync(
    play,
    `title = "one command"\n[[scene]]\nrole = "plan"\n[[scene.act]]\ntool = "enki_execution_create"\nmust = true\n[scene.act.arguments]\nsteps = ${steps}\n`,
  );
  const args = ["run", "--agent", `'${process.execPath}' '${CLI}' rehearse '${play}'`, "--verify", "bash verify.sh"];
  return { terminal, cwd, git, args };
};

test("W-07 refuses a detached repository with a message, and works with a branch", async () => {
  const { terminal, cwd, git, args } = openOwn("sort -o list.txt list.txt");
  git("checkout", "-q", "--detach");
  const refused = await terminal.run([...args, "sort"], { cwd });
  expect(refused).toMatchObject({
    code: 1,
    err: `enki run: ${cwd} has no branch checked out; check out the branch that work should land on\n`,
  });
  git("checkout", "-q", "main");
  expect(await terminal.run([...args, "sort"], { cwd })).toMatchObject({ code: 3, err: "" });
});

test("F-02 unverified work does not land: the failing command is named first, and the base is unchanged", async () => {
  const { terminal, cwd, git, args } = openOwn("echo spoiled > list.txt");
  const { code, out } = await terminal.run([...args, "--yes", "spoil it"], { cwd });
  expect(code).toBe(1);
  expect(out).toMatch(/^one failed: `bash verify\.sh` failed, so .*\n {4}\$ bash verify\.sh\n {4}\| no good\n/m);
  expect(out).toContain("There is nothing to merge.");
  expect(git("branch", "--format=%(refname:short)")).toBe("main");
});

test.each([["<<<<<<< ours"], ["======="], [">>>>>>> theirs"]])("F-04 a resolution with %s left is refused completely", async (marker) => {
  jobs = await agentThat();
  await jobs.conflict();
  const job = `resolve/${ID}-fix/1`;
  const { at } = await jobs.prepare(job);
  const content = Buffer.from(`one\n${marker}\ntwo\n`);
  const file = { path: "src/a.txt", kind: "file" as const, executable: false, size: content.length, content };
  await writeBundle(at.bundle, { ...EMPTY_BUNDLE, end: "success", files: [file] });
  await jobs.publish(job, at.bundle);
  expect(jobs.published(job)).toMatchObject({ result: { end: "refused", reason: '"src/a.txt" still has conflict markers.', files: [] } });
});

test("F-07 a person who switches branches receives the result on the starting branch", async () => {
  const { terminal, cwd, git, args } = openOwn("sort -o list.txt list.txt");
  const started = terminal.start([...args, "--yes", "sort"], { cwd });
  await started.prints(/reads the code/);
  git("checkout", "-q", "-b", "other");
  git("commit", "-q", "--allow-empty", "-m", "Mine");
  const { code, out } = await started.ended;
  expect(code).toBe(0);
  const [, branch = ""] = /^ {2}git log --graph main\.\.(\S+)$/m.exec(out) ?? [];
  expect(git("merge-base", branch, "other")).toBe(git("rev-parse", "main"));
  expect([git("log", "-1", "--format=%s", "other"), git("symbolic-ref", "--short", "HEAD"), git("show", `${branch}:list.txt`)]).toEqual([
    "Mine",
    "other",
    "a\nb",
  ]);
});

test("F-08 work that a sibling already landed succeeds with nothing to land", async () => {
  const stage = await tell(plan(step("first"), step("second")), {
    before: async (own, id) => {
      if (id === "second") await own.until("first to land", async () => (await own.landed()).includes("first"));
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  expect(await stage.shows(issue, /Done: everything landed/)).toMatch(/✅ nothing to change.*`second` /);
  expect(await stage.landed()).toEqual(["first"]);
});

test("F-10 the next process completes a landing that a crash interrupted", async () => {
  let crashed = false;
  const stage: OpenStage = await openStage({
    script: async ({ kind }) => {
      if (kind === "plan") return { plan: plan(step("fix")) };
      if (kind !== "verify") return { files: { "fix.txt": "1\n" } };
      if (!crashed) await stage.app.close();
      crashed = true;
      return { verdict: "green" };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.until("the process to end while its candidate is verified", () => Promise.resolve(crashed));
  expect(await stage.landed()).toEqual([]);
  const next = await stage.startApp();
  await stage.sweep(next);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix"]);
});
