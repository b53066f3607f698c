import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LEDGER_REF, toBranchRef } from "../../src/core/domain/refs.ts";
import { deliverResult } from "../../src/job/deliver-result.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { publishJob } from "../../src/job/publish-job.ts";
import { createGitServer } from "../local-github/actions/git-server.ts";
import { ID, openJobs, TOKEN } from "./stage.ts";

const BRANCH_BYTES = 300_000;
const toText = (bytes: number): string => randomBytes(bytes / 2).toString("hex");

/** Opens a repository behind HTTP with a long history, a large file and another large branch. */
const openServed = async ({ hasFilter = true } = {}) => {
  const it = await openJobs({ files: { "large.txt": toText(BRANCH_BYTES) } });
  onTestFinished(it.repo.close);
  await it.repo.commit("main", { "large.txt": toText(BRANCH_BYTES) });
  const tip = await it.repo.commit("main", { "large.txt": toText(BRANCH_BYTES) });
  await it.repo.commit("other", { "other.txt": toText(BRANCH_BYTES) }, { parents: [tip] });
  it.repo.git("config", "uploadpack.allowFilter", String(hasFilter));
  const root = mkdtempSync(join(it.repo.root, "served-"));
  mkdirSync(join(root, "octo"));
  symlinkSync(it.repo.url, join(root, "octo", "demo.git"));
  const server = await createGitServer(root, [TOKEN]);
  const host = (job: string) => ({ ...it.host(job), url: `${server.url}/octo/demo.git` });
  /** Counts git commands, requests for the organisation's settings, and bytes since the last call. */
  const measure = () => {
    const requests = server.requests.splice(0);
    return {
      commands: requests.filter(({ line }) => line.startsWith("GET /octo/demo.git/info/refs")).length,
      organisation: requests.filter(({ line }) => line.includes("/.github.git/")).length,
      bytes: requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    };
  };
  return { it, host, measure };
};

const PUBLISHING = { token: TOKEN, bundle: "none", run: 7, preparedOn: "", conclusion: { job: "failure", step: "" }, now: () => 1_000 };

test("prepare fetches the ledger and the branches of its job, and asks for the organisation's settings once", async () => {
  const { it, host, measure } = await openServed();
  const at = host(`work/${ID}-fix/1`);
  expect((await prepareJob(at, TOKEN)).ok).toBe(true);
  expect(measure()).toMatchObject({ commands: 2, organisation: 1 });
  expect(it.repo.git("-C", at.workspace, "status", "--porcelain")).toBe("");
});

test.each(["plan/fedcba/1", `work/${ID}-fix/1`, "verify"])(
  "publish of %s fetches neither history nor files of the repository",
  async (name) => {
    const { it, host, measure } = await openServed();
    const at = host(name === "verify" ? `verify/${it.base}/1` : name);
    expect(await publishJob(at, PUBLISHING)).toMatchObject({ kind: "built" });
    const { commands, organisation, bytes } = measure();
    expect({ commands, organisation }).toEqual({ commands: 2, organisation: 1 });
    expect(bytes).toBeLessThan(20_000);
    const wakeCoordinator = () => Promise.resolve();
    expect(await deliverResult(at, { token: TOKEN, wakeCoordinator })).toBe("delivered");
    expect(measure()).toMatchObject({ commands: 1, organisation: 0 });
  },
);

test("a server without filters sends the newest files, and publish works", async () => {
  const { host, measure } = await openServed({ hasFilter: false });
  expect(await publishJob(host(`work/${ID}-fix/1`), PUBLISHING)).toMatchObject({ kind: "built" });
  const { commands, bytes } = measure();
  expect(commands).toBe(1);
  expect(bytes).toBeLessThan(2 * BRANCH_BYTES);
});

test("publish of a planner finds a base that is not the default branch", async () => {
  const { it, host } = await openServed();
  const release = await it.repo.commit("release", { "a.txt": "1\n" });
  const { fedcba } = it.ledger.executions;
  await it.record({
    ...it.ledger,
    executions: { ...it.ledger.executions, ...(fedcba && { fedcba: { ...fedcba, baseBranch: "release" } }) },
  });
  const published = await publishJob(host("plan/fedcba/1"), PUBLISHING);
  expect(published.kind).toBe("built");
  expect(it.repo.git("rev-parse", toBranchRef("release"))).toBe(release);
});

test("prepare fetches all refs if only another branch contains its base", async () => {
  const { it, host, measure } = await openServed();
  const base = await it.repo.commit("elsewhere", { "a.txt": "1\n" });
  await it.alter("fix", { baseCommit: base });
  const at = host(`work/${ID}-fix/1`);
  expect((await prepareJob(at, TOKEN)).ok).toBe(true);
  expect(measure().commands).toBe(3);
  expect(it.repo.git("-C", at.workspace, "rev-parse", "HEAD")).toBe(base);
});

test("a job without a ledger is not running", async () => {
  const { it, host } = await openServed();
  it.repo.git("update-ref", "-d", LEDGER_REF);
  expect((await prepareJob(host(`work/${ID}-fix/1`), TOKEN)).ok).toBe(false);
  expect(await publishJob(host(`work/${ID}-fix/1`), PUBLISHING)).toEqual({ kind: "not-running" });
});
