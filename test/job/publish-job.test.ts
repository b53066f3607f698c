import { cancel, pause } from "../../src/core/domain/step-lifecycle.ts";
import { lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BundleEnd, type NewBundle, EMPTY_BUNDLE, writeBundle } from "../../src/job/job-bundle.ts";
import { readJobKey } from "../../src/core/domain/job.ts";
import { type DeliveredTrace, deliverResult } from "../../src/job/deliver-result.ts";
import { publishJob } from "../../src/job/publish-job.ts";
import { toResultRef } from "../../src/core/domain/refs.ts";
import { plan, step } from "../support/build.ts";
import { ID, openJobs } from "./stage.ts";

let it: Awaited<ReturnType<typeof openJobs>>;
beforeAll(async () => {
  it = await openJobs();
});
afterAll(() => it.repo.close());

const FIX = `work/${ID}-fix/1` as const;
const DOCS = `work/${ID}-docs/1` as const;
const LOOK = `work/${ID}-look/1` as const;
const ADVISE = `work/${ID}-advise/1` as const;
const PLAN = "plan/fedcba/1" as const;

type File = NewBundle["files"][number];

const file = (path: string, over: Partial<File> = {}): File => {
  const content = over.content === undefined ? Buffer.from(`new ${path}\n`) : over.content;
  return { path, kind: "file", executable: false, size: content?.length ?? 0, ...over, content };
};
const directory = (): string => mkdtempSync(join(it.repo.root, "bundle-"));
const bundle = async (over: Partial<NewBundle> = {}): Promise<string> => {
  const at = directory();
  await writeBundle(at, { ...EMPTY_BUNDLE, end: "success", output: "did it", ...over });
  return at;
};
/** Publishes a bundle and reads the result. Deletes the result's ref, so that another test can publish the same attempt. */
const publish = async (job: string, at: string, over: Parameters<typeof it.publish>[2] = {}) => {
  const { end, woken } = await it.publish(job, at, over);
  const made = it.published(job);
  if (made) it.repo.git("update-ref", "-d", toResultRef(job as typeof FIX));
  return { end, woken, ...made };
};

describe("publish", () => {
  test("carries no check of the work that the spec did not ask for", async () => {
    const made = await publish(FIX, await bundle({ check: { failed: ["true"], end: "passed" } }));
    expect(made.result).toMatchObject({ end: "success" });
    expect(made.result).not.toHaveProperty("check");
  });

  test("hands the parts of a job over to the step that delivers and sends them, and refuses parts of another form", async () => {
    const phases = [{ kind: "agent", from: 5, to: 9, passed: true }] as const;
    const host = it.host(FIX);
    const options = { token: "t", run: 7, preparedOn: "", conclusion: { job: "success", step: "" } };
    await publishJob(host, { ...options, bundle: await bundle({ phases: [...phases] }) });
    const traces: DeliveredTrace[] = [];
    const delivered = {
      token: "t",
      wakeCoordinator: () => Promise.resolve(),
      onDelivered: (trace: DeliveredTrace) => void traces.push(trace),
    };
    expect(await deliverResult(host, delivered)).toBe("delivered");
    expect(traces[0]).toMatchObject({ job: readJobKey(FIX), phases, executions: [{ id: ID }] });
    it.repo.git("update-ref", "-d", toResultRef(FIX));
    const forged = [{ kind: "agent session of nobody", from: -1, to: 1e99, passed: "yes" }];
    const { result } = await publish(FIX, await bundle({ phases: forged as never }));
    expect(result).toMatchObject({ end: "refused" });
  });

  test("accepts no files while enki.toml is invalid, because protected paths are unknown", async () => {
    const whole = it.repo.git("show", "main:.enki/enki.toml");
    await it.repo.commit("main", { ".enki/enki.toml": `${whole}\n[policy]\nprotectd = ["src/**"]\n` });
    const { result } = await publish(FIX, await bundle({ files: [file("src/new.txt")] }));
    await it.repo.commit("main", { ".enki/enki.toml": `${whole}\n` });
    expect(result).toMatchObject({ end: "refused", reason: expect.stringContaining(".enki/enki.toml:10"), files: [] });
  });

  test("publishes the new content of each changed path and wakes the coordinator", async () => {
    const at = await bundle({
      files: [file("src/new.txt"), file("bin/run", { executable: true }), file("src/a.txt", { kind: "deleted", content: null })],
    });
    const { end, woken, result, tree } = await publish(FIX, at);
    expect({ end, woken }).toEqual({ end: "delivered", woken: 1 });
    expect(result).toMatchObject({
      job: FIX,
      run: 7,
      baseCommit: it.base,
      end: "success",
      reason: "",
      output: "did it",
      files: [
        { path: "src/new.txt", mode: "100644" },
        { path: "bin/run", mode: "100755" },
        { path: "src/a.txt", mode: null },
      ],
    });
    expect(tree).toEqual(["100755 files/bin/run", "100644 files/src/new.txt", "100644 output.md", "100644 result.json"]);
  });

  test("writes the page of the run: what the job was for, how it ended, and where it was requested", async () => {
    const options = { token: "t", run: 7, preparedOn: "", conclusion: { job: "success", step: "" } };
    const summarize = async (over: Partial<NewBundle>): Promise<string> => {
      const built = await publishJob(it.host(FIX), { ...options, bundle: await bundle(over) });
      return built.kind === "built" ? built.summary : "";
    };
    const usage = { inputTokens: 1_234, outputTokens: 56, cachedTokens: null, costUsd: 0.02 };
    const finished = await summarize({ files: [file("src/new.txt")], usage });
    expect(finished).toMatch(/^### `fix`: .+\n\nFinished: it changed 1 file\.\n\nAttempt 1 · /);
    expect(finished).toContain("1,234 tokens in, 56 out, $0.02");
    expect(finished).toMatch(/Requested in \[issue \d+\]\(.+\/issues\/\d+\)\.\n/);
    const hostile = await summarize({ end: "failed", why: "<img src=x> @octocat [x](javascript:alert(1))\n# Heading" });
    expect(hostile).toContain("Failed: \\<img src=x\\> @\u200boctocat \\[x\\](javascript:alert(1)) \\# Heading.");
  });

  test("names the ledgers that prepare and publish read, and leaves out what is no commit", async () => {
    const files = [file("src/new.txt")];
    const tip = it.repo.git("rev-parse", "refs/enki/ledger");
    const prepared = "a".repeat(40);
    const ledgersOf = async (preparedOn: string) => (await publish(FIX, await bundle({ files }), { preparedOn })).result?.ledgers;
    expect(await ledgersOf(prepared)).toEqual([prepared, tip]);
    for (const none of ["", "main", "A".repeat(40), `${prepared}\n`]) expect(await ledgersOf(none)).toEqual([tip]);
  });

  test.each([
    ["a step that still shares the remote's objects", true],
    ["a step that no longer does", false],
  ])("near its remote, builds a result that %s delivers", async (_, isNear) => {
    const host = it.host(FIX);
    const near = { ...host, near: it.repo.url };
    const options = { token: "t", bundle: await bundle({ files: [file("src/deep/new.txt")] }), run: 7, preparedOn: "" };
    const built = await publishJob(near, { ...options, conclusion: { job: "success", step: "" } });
    expect(lstatSync(join(host.temp, "enki-publish.git", "objects")).isSymbolicLink()).toBe(false);
    const woken = Promise.resolve();
    expect(await deliverResult(isNear ? near : host, { token: "t", wakeCoordinator: () => woken })).toBe("delivered");
    expect(it.repo.git("rev-parse", toResultRef(FIX))).toBe(built.kind === "built" ? built.commit : "");
    expect(it.repo.git("show", `${toResultRef(FIX)}:files/src/deep/new.txt`)).toBe("new src/deep/new.txt");
    it.repo.git("update-ref", "-d", toResultRef(FIX));
  });

  test("accepts a rename that differs in case only", async () => {
    const at = await bundle({ files: [file("README.txt", { kind: "deleted", content: null }), file("Readme.txt")] });
    expect((await publish(FIX, at)).result).toMatchObject({ end: "success", files: [{ mode: null }, { mode: "100644" }] });
  });

  test("accepts a folder in the place of a file", async () => {
    const at = await bundle({ files: [file("src", { kind: "deleted", content: null }), file("src/a.txt")] });
    expect((await publish(FIX, at)).result).toMatchObject({ end: "success" });
  });

  test.each([
    ["failure", { code: "interrupted" }],
    ["cancelled", undefined],
  ])(
    "an interruption of a job that GitHub concluded as %s is reported as %j: a cancel on GitHub counts as a fault",
    async (job, failure) => {
      const at = await bundle({ end: "crashed", why: "the agent was interrupted", failure: { code: "interrupted" } });
      const { result } = await publish(FIX, at, { conclusion: { job, step: "" } });
      expect({ end: result?.end, failure: result?.failure }).toEqual({ end: "crashed", failure });
    },
  );

  test("stores a report separately and completely, or marks the cut", async () => {
    const short = await publish(LOOK, await bundle({ end: "artifact", artifact: "# Found\n" }));
    expect(short).toMatchObject({ result: { end: "artifact", artifact: "# Found\n" } });
    expect(short.tree).toContain("100644 artifact.md");
    const long = await publish(LOOK, await bundle({ end: "artifact", artifact: "x".repeat(9_000_000) }));
    expect(long.result).toMatchObject({ end: "artifact" });
    expect(long.result?.artifact).toMatch(/x\n\n\[cut here: it had 9000000 characters\]\n$/);
  });
});

describe("B-19 publish refuses the whole bundle with", () => {
  test.each<[string, File[], string]>([
    ["a path outside of the tree", [file("../x")], '"../x" is not a valid path inside the repository.'],
    ["a path that leaves the tree later", [file("src/../../x")], '"src/../../x" is not a valid path inside the repository.'],
    ["an absolute path", [file("/etc/passwd")], '"/etc/passwd" is not a valid path inside the repository.'],
    ["a hook of git", [file(".git/hooks/post-checkout")], '".git/hooks/post-checkout" is not a valid path inside the repository.'],
    ["a symbolic link", [file("link", { kind: "link" })], '"link" is a symbolic link; only regular files are accepted.'],
    [
      "a submodule",
      [file("lib", { kind: "other", content: null })],
      '"lib" is a special file or submodule; only regular files are accepted.',
    ],
    ["a workflow file", [file(".github/workflows/x.yml")], '".github/workflows/x.yml" is protected: no step may change it.'],
    ["Enki's configuration", [file(".enki/enki.toml")], '".enki/enki.toml" is protected: no step may change it.'],
    [
      "a deleted workflow file",
      [file(".github/workflows/x.yml", { kind: "deleted", content: null })],
      '".github/workflows/x.yml" is protected: no step may change it.',
    ],
    ["10,000 files", Array.from({ length: 10_000 }, (_, at) => file(`f${at}`)), "10000 files changed, but at most 1000 may change."],
    [
      "more files than a report lists",
      Array.from({ length: 120_000 }, (_, at) => file(`node_modules/some-package/lib/${at}.js`, { content: null })),
      "20000 files changed, but at most 1000 may change.",
    ],
    ["200 MB", [file("big.bin", { size: 200_000_000, content: null })], "200000000 bytes changed, but at most 1000000 may change."],
    ["the same path twice", [file("src/x"), file("src/x")], '"src/x" occurs twice, perhaps in different case.'],
    [
      "a path that is written and deleted",
      [file("src/x", { kind: "deleted", content: null }), file("src/x")],
      '"src/x" occurs twice, perhaps in different case.',
    ],
    ["a file that is a folder too", [file("src/x"), file("src/x/y")], '"src/x" is both a file and a folder.'],
    ["a file that is a folder too, later", [file("src/X/y"), file("src/x")], '"src/x" is both a file and a folder.'],
    ["a secret", [file("src/x", { content: Buffer.from(`t = "ghp_${"a".repeat(36)}"\n`) })], '"src/x" seems to contain a GitHub token.'],
  ])("%s", async (_, files, why) => {
    const { end, woken, result, tree } = await publish(FIX, await bundle({ files }));
    expect({ end, woken }).toEqual({ end: "delivered", woken: 1 });
    expect(result).toMatchObject({ end: "refused", reason: why, files: [] });
    expect(tree).toEqual(["100644 output.md", "100644 result.json"]);
  });

  test("a path outside the step's paths", async () => {
    const { result } = await publish(DOCS, await bundle({ files: [file("docs/c.md"), file("src/x")] }));
    expect(result).toMatchObject({ end: "refused", reason: '"src/x" is outside the paths that this step may change.' });
  });

  const swapped = async (swap: (at: string) => void): Promise<string> => {
    const at = await bundle({ files: [file("src/x", { content: Buffer.from("12345") })] });
    swap(at);
    return at;
  };
  test.each<[string, (at: string) => void]>([
    ["less content than it reports", (at) => truncateSync(join(at, "files/0"), 4)],
    ["more content than it reports", (at) => writeFileSync(join(at, "files/0"), "123456")],
    ["content that is missing", (at) => rmSync(join(at, "files/0"))],
    ["content that is a link out of it", (at) => link(join(at, "files/0"), outside("12345"))],
    ["a folder of contents that is a link out of it", (at) => link(join(at, "files"), at.replace(/[^/]*$/, "elsewhere"))],
  ])("%s", async (_, swap) => {
    mkdirSync(join(it.repo.root, "elsewhere"), { recursive: true });
    writeFileSync(join(it.repo.root, "elsewhere/0"), "12345");
    const { result } = await publish(FIX, await swapped(swap));
    expect(result).toMatchObject({ end: "refused", reason: "A changed file is missing from the job's bundle.", files: [] });
  });

  const outside = (content: string): string => {
    const path = join(directory(), "outside");
    writeFileSync(path, content);
    return path;
  };
  const link = (at: string, to: string): void => {
    renameSync(at, `${at}.away`);
    symlinkSync(to, at);
  };

  test.each<[string, (at: string) => void]>([
    ["a report of 30 MB", (at) => writeFileSync(join(at, "report.json"), `"${"x".repeat(30_000_000)}"`)],
    ["a report that is no JSON", (at) => writeFileSync(join(at, "report.json"), "{")],
    ["a report of another form", (at) => writeFileSync(join(at, "report.json"), '{"format":1,"end":"success"}')],
    ["an end of its own making", (at) => writeFileSync(join(at, "report.json"), JSON.stringify({ ...REPORT, end: "landed" }))],
    ["a field that nobody asked for", (at) => writeFileSync(join(at, "report.json"), JSON.stringify({ ...REPORT, base: "0".repeat(40) }))],
    ["a command that no tool records", (at) => writeFileSync(join(at, "report.json"), JSON.stringify({ ...REPORT, tools: [APPROVE] }))],
    ["a plan of the wrong form", (at) => writeFileSync(join(at, "report.json"), JSON.stringify({ ...REPORT, tools: [MISSHAPEN] }))],
    ["a report that is a link out of it", (at) => link(join(at, "report.json"), outside(JSON.stringify(REPORT)))],
    ["a report that is a folder", (at) => (rmSync(join(at, "report.json")), mkdirSync(join(at, "report.json")))],
  ])("%s", async (_, spoil) => {
    const at = await bundle({ files: [file("src/x")] });
    spoil(at);
    const { result, woken } = await publish(FIX, at);
    expect(woken).toBe(1);
    expect(result).toMatchObject({
      end: "refused",
      reason: expect.stringContaining("The job's bundle is malformed."),
      tools: [],
    });
  });
  const REPORT = { format: 1, end: "success", why: "", files: [], tools: [] };
  const APPROVE = { kind: "approve-plan", plan: "f".repeat(64) };
  const MISSHAPEN = { kind: "propose", plan: { steps: [{ id: "../x", title: "t" }] } };
});

describe("publish checks a job's rights itself:", () => {
  test.each<[string, string, Partial<NewBundle>]>([
    ["files of a step that leaves a report", LOOK, { files: [file("src/x")] }],
    ["files of a role that may not edit", ADVISE, { files: [file("src/x")] }],
    ["a report of a step that leaves files", FIX, { end: "artifact", artifact: "# Done\n" }],
  ])("%s", async (_, job, over) => {
    const { result, tree } = await publish(job, await bundle(over));
    expect(result).toMatchObject({ end: "refused", files: [], artifact: null });
    expect(tree).toEqual(["100644 output.md", "100644 result.json"]);
  });

  test.each([
    ["a plan with a hidden command", { kind: "propose", plan: plan(step("a", { run: "npm test \u001b]; touch PWNED #\u0007" })) }],
    ["a question with a reversed text", { kind: "backlog-add", body: "see \u202etxt.exe" }],
    ["a task with an invisible instruction", { kind: "quick", prompt: "fix it \u{e0072}\u{e006d}" }],
  ] as const)("refuses %s, and names the character and its place", async (_, command) => {
    const { result } = await publish(PLAN, await bundle({ tools: [command] }));
    expect(result).toMatchObject({ end: "refused", tools: [] });
    expect(result?.reason).toMatch(/^The job recorded '\S+' with a text .* has U\+\w+ at line 1, column \d+: /);
  });

  test("removes hidden characters from a report, also inside a credential", async () => {
    const split = `ghp_${"b".repeat(18)}\u200b${"b".repeat(18)}`;
    const { result } = await publish(LOOK, await bundle({ end: "artifact", artifact: `# Found\u202e\u{e0041}\n${split}\n` }));
    expect(result?.artifact).toBe("# Found\n[redacted]\n");
  });

  test("ignores files beside a plan", async () => {
    const { result, tree } = await publish(PLAN, await bundle({ files: [file("src/x")] }));
    expect(result).toMatchObject({ end: "success", files: [] });
    expect(tree).toEqual(["100644 output.md", "100644 result.json"]);
  });

  test.each<BundleEnd>(["unchanged", "failed", "timed-out", "crashed"])("ignores files of a job that ended as %s", async (end) => {
    const { result } = await publish(FIX, await bundle({ end, why: "because", files: [file("src/x")] }));
    expect(result).toMatchObject({ end, reason: "because", files: [] });
  });

  test("redacts credentials in texts and recorded commands", async () => {
    const token = `ghp_${"b".repeat(36)}`;
    const words = await publish(FIX, await bundle({ end: "failed", why: `no: ${token}`, output: token }));
    expect(JSON.stringify(words.result)).not.toContain(token);
    const tools = [{ kind: "report" as const, status: `I use ${token}` }];
    const { result } = await publish(FIX, await bundle({ tools, files: [file("src/x")] }));
    expect(result).toMatchObject({ end: "success", tools: [{ kind: "report", status: "I use [redacted]" }] });
    const report = await publish(LOOK, await bundle({ end: "artifact", artifact: `# ${token}\n` }));
    expect(report.result?.artifact).toBe("# [redacted]\n");
  });
});

describe("publish, once:", () => {
  test("one of two concurrent publishes wins, and neither fails", async () => {
    const both = await Promise.all([
      it.publish(FIX, await bundle({ files: [file("one")] })),
      it.publish(FIX, await bundle({ files: [file("two")] })),
    ]);
    expect(both.map(({ end }) => end).sort()).toEqual(["delivered", "was-there"]);
    const won = both[0]?.end === "delivered" ? "one" : "two";
    expect(it.published(FIX)?.result?.files).toEqual([{ path: won, mode: "100644" }]);
    const third = await it.publish(FIX, await bundle({ files: [file("three")] }));
    expect(third.end).toBe("was-there");
    expect(it.published(FIX)?.result?.files).toEqual([{ path: won, mode: "100644" }]);
    it.repo.git("update-ref", "-d", toResultRef(FIX));
  });

  describe("with a person's commit in the ref", () => {
    /** Pushes a person's commit to the ref of the job. */
    const occupy = async (): Promise<string> => {
      const forged = await it.repo.commit("forged", { "result.json": "{}" }, { parents: [] });
      it.repo.git("update-ref", toResultRef(FIX), forged);
      return forged;
    };
    const knowRun = (run: number): Promise<void> => {
      const known = { at: 1, attempts: 1, notBefore: 0, refused: null, number: run, digest: "d" };
      return it.record({ ...it.ledger, effectRecords: { [`start-job:${FIX}`]: known } });
    };

    test("the run that the ledger knows replaces it, whether it was there before or came between", async () => {
      await knowRun(7);
      await occupy();
      expect(await publish(FIX, await bundle({ files: [file("one")] }))).toMatchObject({ end: "delivered", woken: 1, result: { run: 7 } });
      const late = await publish(FIX, await bundle({ files: [file("two")] }), { between: occupy });
      expect(late).toMatchObject({ end: "delivered", result: { files: [{ path: "two" }] } });
      await it.record(it.ledger);
    });

    test("any other run leaves it and ends", async () => {
      await knowRun(6);
      const forged = await occupy();
      expect(await publish(FIX, await bundle({ files: [file("one")] }))).toMatchObject({ end: "was-there", woken: 0, result: null });
      await publish(FIX, await bundle({ files: [file("two")] }), { between: occupy });
      await occupy();
      expect(it.repo.git("rev-parse", toResultRef(FIX))).toBe(forged);
      it.repo.git("update-ref", "-d", toResultRef(FIX));
      await it.record(it.ledger);
    });
  });

  test.each(["work/abcdef-fix/2", "work/abcdef-none/1", "work/012345-fix/1", "plan/abcdef/1", `verify/${"0".repeat(40)}/1`])(
    "%s, which the ledger does not expect, publishes nothing",
    async (job) => {
      expect(await publish(job, await bundle({ files: [file("x")] }))).toEqual({ end: "not-running", woken: 0 });
    },
  );

  test("a cancelled attempt publishes nothing", async () => {
    const execution = it.ledger.executions[ID];
    const fix = execution?.steps["fix"];
    if (!execution || !fix) throw new Error("there is no such step");
    const cancelled = {
      ...execution,
      steps: { ...execution.steps, fix: cancel(fix, { code: "cancelled", message: "Cancelled.", next: "" }) },
    };
    await it.record({ ...it.ledger, executions: { ...it.ledger.executions, [ID]: cancelled } });
    expect(await publish(FIX, await bundle({ files: [file("x")] }))).toEqual({ end: "not-running", woken: 0 });
    await it.record(it.ledger);
  });
});

describe("publish of an attempt whose step a person paused", () => {
  const pauseFix = async (): Promise<void> => {
    const execution = it.ledger.executions[ID];
    const fix = execution?.steps["fix"];
    if (!execution || !fix) throw new Error("there is no such step");
    const paused = { ...execution, steps: { ...execution.steps, fix: pause(fix, { code: "paused", message: "Paused.", next: "" }) } };
    await it.record({ ...it.ledger, executions: { ...it.ledger.executions, [ID]: paused } });
  };

  test.each([
    ["was stopped", { end: "crashed", failure: { code: "interrupted" } }],
    ["had just finished", { end: "success", failure: null }],
  ] as const)("and whose agent %s keeps the changed files, and lands nothing", async (_what, report) => {
    await pauseFix();
    const left = await bundle({ files: [file("src/half.ts")], ...report });
    const { end, result, tree } = await publish(FIX, left, { conclusion: { job: "cancelled", step: "cancelled" } });
    expect({ end, result }).toMatchObject({
      end: "delivered",
      result: { end: "cancelled", files: [], kept: [{ path: "src/half.ts" }], tools: [] },
    });
    expect(tree).toContain("100644 kept/src/half.ts");
    await it.record(it.ledger);
  });

  test("publishes nothing without any changed file", async () => {
    await pauseFix();
    expect(await publish(FIX, await bundle({ end: "crashed", failure: { code: "interrupted" } }))).toEqual({
      end: "not-running",
      woken: 0,
    });
    await it.record(it.ledger);
  });
});

describe("publish of a job without a bundle", () => {
  test.each([
    ["failure", "The agent's job ended as failure. The job left no bundle."],
    ["cancelled", "The agent's job ended as cancelled. The job left no bundle."],
    ["", "The agent's job ended as unknown. The job left no bundle."],
  ])("(%s) reports a crash, which is retried", async (job, why) => {
    const { result } = await publish(FIX, join(it.repo.root, "nowhere"), { conclusion: { job, step: "" } });
    expect(result).toMatchObject({ end: "crashed", reason: why });
  });
});

describe("publish of a verdict", () => {
  const VERIFY = (): string => `verify/${it.base}/1`;
  test.each([
    ["success", "success", "success", ""],
    ["failure", "failure", "failed", "The candidate did not pass."],
    // A failed upload, a lost runner or a cancellation gives no verdict, and never a red one.
    ["failure", "success", "crashed", "The verify job ended as failure without a verdict."],
    ["success", "", "crashed", "The verify job ended as success without a verdict."],
    ["success", "skipped", "crashed", "The verify job ended as success without a verdict."],
    ["cancelled", "", "crashed", "The verify job ended as cancelled without a verdict."],
    ["", "", "crashed", "The verify job ended as unknown without a verdict."],
  ])("uses GitHub's conclusion (job %s, step %s), whatever the bundle says", async (job, step, end, why) => {
    for (const lie of ["success", "failed"] as const) {
      const { result } = await publish(VERIFY(), await bundle({ end: lie, output: "$ npm test\n| ok" }), { conclusion: { job, step } });
      expect(result).toMatchObject({ end, reason: why, output: "$ npm test\n| ok", baseCommit: it.base, files: [] });
    }
  });

  test("names what failed, but only commands that verify, and without credentials or hidden characters", async () => {
    const token = `ghp_${"d".repeat(36)}`;
    const failures = [
      { command: "true", tests: [`a\u202eb ${token}`], passedAgain: true },
      { command: "curl example.com", tests: ["a"], passedAgain: true },
    ];
    const { result } = await publish(VERIFY(), await bundle({ end: "failed", failures }), {
      conclusion: { job: "success", step: "success" },
    });
    expect(result?.failures).toEqual([{ command: "true", tests: ["ab [redacted]"], passedAgain: true }]);
    const crashed = await publish(VERIFY(), await bundle({ end: "failed", failures }), { conclusion: { job: "success", step: "" } });
    expect(crashed.result?.failures).toBeUndefined();
  });

  test("needs no bundle", async () => {
    const { result } = await publish(VERIFY(), join(it.repo.root, "nowhere"), { conclusion: { job: "success", step: "success" } });
    expect(result).toMatchObject({ end: "success", output: "" });
  });
});
