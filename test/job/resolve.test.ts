import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import { openBundle } from "../../src/job/job-bundle.ts";
import type { JobSpec } from "../../src/job/job-spec.ts";
import type { Resolution } from "../../src/core/domain/conflict.ts";
import { openPromptReceiver } from "../support/prompt-receiver.ts";
import { ID, openJobs } from "./stage.ts";

const AGENT = fileURLToPath(new URL("../fixtures/agent.mjs", import.meta.url));
const JOB = `resolve/${ID}-fix/1`;

let open: Awaited<ReturnType<typeof openJobs>> | null = null;
afterEach(() => open?.repo.close());

type Text = { readonly ours?: string; readonly theirs?: string; readonly verify?: readonly string[] };

const prepare = async (acts: readonly object[], over: Partial<Resolution> = {}, { verify, ...text }: Text = {}) => {
  const agent = [process.execPath, AGENT, ...acts.map((act) => JSON.stringify(act))];
  const jobs = await openJobs({ agent, ...(verify && { verify, corrections: 1 }) });
  open = jobs;
  const sides = await jobs.conflict(over, text);
  const { claimed, host, at } = await jobs.prepare(JOB);
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: host.workspace, encoding: "utf8" }).trim();
  const work = async () => {
    const end = await runAgentJob(host);
    const bundle = await openBundle(at.bundle);
    if (!bundle.ok) throw new Error(bundle.refusal.message);
    return {
      ...end,
      check: bundle.value.report.check,
      files: bundle.value.report.files.map(({ path }) => path),
      output: bundle.value.output,
    };
  };
  const publish = async () => {
    await jobs.publish(JOB, at.bundle);
    return jobs.published(JOB);
  };
  return { ...sides, jobs, claimed, host, at, git, work, publish };
};

describe("a merger's job", () => {
  test("starts from the merge of both sides with conflict markers; each side is a parent", async () => {
    const it = await prepare([]);
    expect(readFileSync(join(it.host.workspace, "src/a.txt"), "utf8")).toMatch(/^<<<<<<< .*\nours\n=======\ntheirs\n>>>>>>> .*\n$/);
    expect(readFileSync(join(it.host.workspace, "src/c.txt"), "utf8")).toBe("new\n");
    expect(it.git("rev-parse", "HEAD^1", "HEAD^2")).toBe(`${it.onto}\n${it.head}`);
    const spec = JSON.parse(readFileSync(it.at.spec, "utf8")) as JobSpec;
    expect(spec).toMatchObject({ baseCommit: it.onto, toolSet: "merger", mails: [], conflict: { landed: [{ title: "change main" }] } });
  });

  test("delivers its changes against that merge, on the landed base", async () => {
    const it = await prepare([{ run: "printf 'both\\n' > src/a.txt" }, { say: "[OUTPUT]Both stay.[/OUTPUT]" }]);
    expect(await it.work()).toMatchObject({ end: "success", files: ["src/a.txt"], output: "Both stay." });
    expect(await it.publish()).toMatchObject({
      result: { end: "success", baseCommit: it.onto, files: [{ path: "src/a.txt", mode: "100644" }] },
    });
  });

  test("checks its resolution on a copy with both sides, and corrects it", async () => {
    const command = "grep both src/a.txt && grep new src/c.txt && git cat-file -e HEAD^^2";
    const acts = [{ run: "printf 'one\\n' > src/a.txt" }, { turn: 2, run: "printf 'both\\n' > src/a.txt" }];
    const it = await prepare(acts, {}, { verify: [command] });
    expect(await it.work()).toMatchObject({ end: "success", files: ["src/a.txt"], check: { failed: [command], end: "passed" } });
  });

  test("checks nothing before commands regenerate files", async () => {
    const it = await prepare([{ run: "printf 'one\\n' > src/a.txt" }], { regenerateCommands: ["true"] }, { verify: ["exit 1"] });
    expect(await it.work()).toMatchObject({ end: "success", check: null });
  });

  test("may keep a file that one side deleted", async () => {
    const it = await prepare([{ say: "It stays." }]);
    expect(await it.work()).toMatchObject({ end: "unchanged", files: [] });
    expect(await it.publish()).toMatchObject({ result: { end: "unchanged", files: [] } });
  });

  test("receives the conflicts and the previous attempt's outcome in its prompt", async () => {
    const received = await openPromptReceiver();
    const it = await prepare([{ promptTo: received.url }], { log: "conflict markers are left in src/a.txt" });
    await it.work();
    const prompt = received.prompt("fix");
    expect(prompt).toMatch(/## Conflicts\n\n.* `main` .*\n\n- `src\/a\.txt`\n/);
    expect(prompt).toContain("conflict markers are left in src/a.txt");
    expect(prompt).toContain("Description of fix.");
  });

  test.each([
    ["another try was asked for", { attempt: 2 }],
    ["none runs", { deadline: null }],
    ["another head is the step's", { head: "1".repeat(40) }],
    ["it is resolved", { resolvedHead: "1".repeat(40) }],
  ] as const)("does nothing if %s", async (_, over) => {
    const it = await prepare([], over);
    expect(it.claimed).toMatchObject({ ok: false, refusal: { code: "not-running" } });
  });
});

describe("62 generated files", () => {
  const anew = (command: string): Partial<Resolution> => ({ regenerated: ["src/a.txt"], regenerateCommands: [command] });

  test("start from the landed side; without other conflicts no agent starts", async () => {
    const it = await prepare([{ crash: 9 }], anew('test "$(cat src/a.txt)" = ours && echo made > src/a.txt && echo junk > junk.txt'));
    expect(await it.work()).toMatchObject({ end: "success", files: ["src/a.txt"] });
    expect(await it.publish()).toMatchObject({ result: { end: "success", files: [{ path: "src/a.txt", mode: "100644" }] } });
  });

  test("are not delivered if the command fails, which is reported with its last lines", async () => {
    const it = await prepare([], anew("echo there is no network here; exit 3"));
    expect(await it.work()).toMatchObject({
      end: "failed",
      why: "the command exited with 3",
      output: expect.stringContaining("there is no network"),
    });
  });

  test("are generated after the merger resolved the other files", async () => {
    const it = await prepare([{ run: "printf 'both\\n' > src/a.txt" }, { say: "done" }], {
      conflicts: [
        { path: "all.lock", kind: "contents" },
        { path: "src/a.txt", kind: "contents" },
      ],
      regenerated: ["all.lock"],
      regenerateCommands: ["cat src/a.txt > all.lock"],
    });
    expect(await it.work()).toMatchObject({ end: "success", files: ["all.lock", "src/a.txt"] });
    expect(readFileSync(join(it.host.workspace, "all.lock"), "utf8")).toBe("both\n");
  });
});

test("57 leaves an earlier heading that resembles a marker to the coordinator, and refuses a new one", async () => {
  const heading = (text: string): string => `Heading\n=======\n${text}\n`;
  const it = await prepare([{ write: "src/a.txt", content: heading("both") }], {}, { ours: heading("one"), theirs: heading("two") });
  await it.work();
  expect(await it.publish()).toMatchObject({ result: { end: "success" } });
  it.jobs.repo.close();
  const other = await prepare([{ write: "src/a.txt", content: heading("both") }]);
  await other.work();
  expect(await other.publish()).toMatchObject({ result: { end: "refused" } });
});
