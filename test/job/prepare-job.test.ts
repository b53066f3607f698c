import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type JobSpec, toJobPaths } from "../../src/job/job-spec.ts";
import { listWorkspaceChanges } from "../../src/job/job-workspace.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { after } from "../support/after.ts";
import { brief } from "../support/build.ts";
import { ID, openJobs, TOKEN } from "./stage.ts";

let it: Awaited<ReturnType<typeof openJobs>>;
beforeAll(async () => {
  it = await openJobs();
});
afterAll(() => it.repo.close());

const contents = (directory: string): { path: string; content: Buffer }[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, content: readFileSync(path) }));

const git = (cwd: string, ...args: string[]): string => execFileSync("git", args, { cwd, encoding: "utf8" }).trim();

describe("prepare", () => {
  test("checks out the step's base with history and writes the task", async () => {
    const { claimed, host, at } = await it.prepare(`work/${ID}-fix/1`);
    expect(claimed.ok).toBe(true);
    expect(git(host.workspace, "rev-parse", "HEAD")).toBe(it.base);
    expect(git(host.workspace, "status", "--porcelain")).toBe("");
    const spec = JSON.parse(readFileSync(at.spec, "utf8")) as JobSpec;
    expect(spec).toMatchObject({
      job: `work/${ID}-fix/1`,
      baseCommit: it.base,
      step: { id: "fix" },
      role: { name: "fixer" },
      request: "uploads fail",
    });
  });

  test("gives a new attempt the previous branch or result, and omits missing ones", async () => {
    const head = await it.repo.commit("task/abcdef-fix", { "src/a.txt": "tried\n" }, { parents: [it.base] });
    const again = { attempt: 2, lastFailure: "not ok 3", base: it.base } as const;
    const cases = [
      [
        { head: { sha: head, since: 1, by: "worker" as const }, result: "1".repeat(40) },
        { kind: "head", commit: head },
      ],
      [
        { head: null, result: head },
        { kind: "result", commit: head },
      ],
      [{ head: null, result: "1".repeat(40) }, null],
      [{ head: { sha: it.base, since: 1, by: "person" as const }, result: head }, null],
      [{ head: null, result: null }, null],
    ] as const;
    for (const [over, earlier] of cases) {
      await it.alter("fix", { ...again, ...over });
      const { host, at } = await it.prepare(`work/${ID}-fix/2`);
      expect(JSON.parse(readFileSync(at.spec, "utf8"))).toMatchObject({ lastFailure: "not ok 3", earlier });
      expect(readFileSync(join(host.workspace, "src/a.txt"), "utf8")).toBe("a\n");
      const shown = earlier && git(host.workspace, "show", "refs/enki/earlier:src/a.txt");
      expect(shown).toBe(earlier && "tried");
    }
    await it.alter("fix", { attempt: 1, head: null, result: null, lastFailure: null });
  });

  test("gives a job on a pull request its target branch without a remote", async () => {
    const tip = await it.repo.commit("release", { "src/z.txt": "z\n" }, { parents: [it.base] });
    const pull = { baseBranch: "release", headRef: "feature", head: it.base, files: [], omittedFiles: 0 };
    await it.record({ ...it.ledger, briefs: { [ID]: brief({ pull }) } });
    const { host } = await it.prepare(`work/${ID}-fix/1`);
    expect(git(host.workspace, "rev-parse", "origin/release")).toBe(tip);
    expect(git(host.workspace, "diff", "--name-only", "HEAD", "origin/release")).toBe("src/z.txt");
    expect(git(host.workspace, "remote")).toBe("");
    await it.record(it.ledger);
  });

  test("near its remote, fetches nothing and leaves a workspace and a clone that need no other repository", async () => {
    const host = { ...it.host(`work/${ID}-fix/1`), near: it.repo.url };
    expect((await prepareJob(host, TOKEN)).ok).toBe(true);
    const { clone } = toJobPaths(host.temp);
    expect(lstatSync(join(clone, "objects")).isDirectory()).toBe(true);
    expect(existsSync(join(clone, "objects/info/alternates"))).toBe(false);
    expect(git(clone, "for-each-ref")).toBe("");
    expect(git(host.workspace, "rev-parse", "HEAD")).toBe(it.base);
    for (const at of [clone, host.workspace]) expect(git(at, "log", "--format=%H", it.base)).toBe(it.base);
    expect(() => git(clone, "cat-file", "-e", it.repo.git("rev-parse", "refs/enki/ledger"))).toThrow(/Command failed/);
    writeFileSync(join(host.workspace, "src/a.txt"), "changed\n");
    const changes = await listWorkspaceChanges({ directory: host.workspace, after }, clone, { workspace: host.workspace, base: it.base });
    expect(changes.map(({ path, kind }) => [path, kind])).toEqual([["src/a.txt", "file"]]);
  });

  test("leaves neither token nor address in files, remotes and settings", async () => {
    const { host, log } = await it.prepare(`work/${ID}-fix/1`);
    const basic = Buffer.from(`x-access-token:${TOKEN}`).toString("base64");
    const found = contents(host.temp).filter(({ content }) => [TOKEN, basic, it.repo.url].some((text) => content.includes(text)));
    expect(found.map(({ path }) => path)).toEqual([]);
    expect(git(host.workspace, "remote")).toBe("");
    expect(
      git(host.workspace, "config", "--local", "--name-only", "--list")
        .split("\n")
        .filter((name) => !name.startsWith("core.")),
    ).toEqual([]);
    expect(JSON.stringify([process.env, log])).not.toContain(TOKEN);
  });

  test("leaves a workspace that works without the job's clone", async () => {
    const { host, at } = await it.prepare(`work/${ID}-fix/1`);
    execFileSync("rm", ["-rf", at.clone]);
    expect(git(host.workspace, "fsck", "--full")).not.toMatch(/missing|broken/);
  });

  test.each([`work/${ID}-fix/2`, `work/${ID}-none/1`, "work/012345-fix/1", `plan/${ID}/1`, `verify/${"0".repeat(40)}/1`])(
    "gives %s, which the ledger does not expect, neither work nor checkout",
    async (job) => {
      const { claimed, host, at } = await it.prepare(job);
      expect(claimed).toMatchObject({ ok: false, refusal: { code: "not-running", message: `the ledger shows no running job ${job}` } });
      expect(existsSync(at.spec)).toBe(false);
      expect(readdirSync(host.workspace)).toEqual([]);
    },
  );

  test("gives a verify job the repository's commands, then those of its steps", async () => {
    const { at } = await it.prepare(`verify/${it.base}/1`);
    expect(JSON.parse(readFileSync(at.spec, "utf8"))).toMatchObject({
      baseCommit: it.base,
      verify: ["true", "echo own check of fix"],
      step: null,
    });
  });

  test("starts a plan job from the branch", async () => {
    const { claimed } = await it.prepare("plan/fedcba/1");
    expect(claimed).toMatchObject({ ok: true, value: { baseCommit: it.base, kind: "plan", step: null } });
  });
});
