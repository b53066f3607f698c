import { describe, expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import type { Act } from "./quick-runner.ts";
import { openStage, type OpenStage } from "./stage.ts";

const TWO = plan(step("fix"), step("next", { needs: ["fix"] }));
const QUICK = '[refinery]\nverify = ["true"]\n[tiers.light]\ntimeout_minutes = 0.01\n[tiers.standard]\ntimeout_minutes = 0.01\n';
const MINUTE = 60_000;

/** Opens a stage with the plan `TWO`. Each attempt of the first step uses the next act; the last act repeats. */
const withFix = async (...acts: readonly Act[]): Promise<{ stage: OpenStage; issue: number; attempts: () => number }> => {
  let attempts = 0;
  const stage = await openStage({
    files: { ".enki/enki.toml": QUICK },
    script: (spec) => {
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.kind === "verify") return { verdict: "green" };
      if (spec.step?.id !== "fix") return { files: { "next.txt": "next\n" } };
      attempts += 1;
      return acts[Math.min(attempts, acts.length) - 1] ?? "dies";
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  return { stage, issue, attempts: () => attempts };
};

const ends = (stage: OpenStage, issue: number, words: RegExp): Promise<string> =>
  stage.sweepUntil(
    `a comment with ${String(words)}`,
    async () => (await stage.said(issue, "execution")).find((body) => words.test(body)),
    5_000,
  );

describe("an agent", () => {
  test("B-11 that crashes is tried three times, then its step fails and the dependents are blocked", async () => {
    const { stage, issue, attempts } = await withFix({ end: "crashed", why: "the agent exited with 3: out of memory" });
    const shown = await ends(stage, issue, /Stopped/);
    expect(attempts()).toBe(3);
    expect(shown).toMatch(/failed 3 times[^]*out of memory/);
    expect(shown).toMatch(/blocked \| `next`/);
    expect(await stage.landed()).toEqual([]);
  });

  test("B-11 that crashes once is retried and lands", async () => {
    const { stage, issue } = await withFix({ end: "crashed" }, { files: { "fix.txt": "fixed\n" } });
    await ends(stage, issue, /Done: everything landed/);
    expect(await stage.landed()).toEqual(["fix", "next"]);
  });

  test("B-12 that hangs until its limit is a fault and is retried", async () => {
    const { stage, issue } = await withFix(
      { end: "timed-out", why: "the agent did not finish within 1 s" },
      { files: { "fix.txt": "fixed\n" } },
    );
    await ends(stage, issue, /Done: everything landed/);
  });

  test("B-12 whose whole job hangs is stopped at the step's deadline and retried", async () => {
    const { stage, issue, attempts } = await withFix("hangs", { files: { "fix.txt": "fixed\n" } });
    await stage.until("the job to hang", () => Promise.resolve(attempts() === 1));
    stage.later(16 * MINUTE);
    await ends(stage, issue, /Done: everything landed/);
    expect(attempts()).toBe(2);
  });

  test("B-13 that changes nothing without a reason fails its step with a message", async () => {
    const why = "The agent ended without a change and without saying why.";
    const { stage, issue, attempts } = await withFix({ end: "failed", why });
    expect(await ends(stage, issue, /Stopped/)).toContain(why);
    expect(attempts()).toBe(1);
  });

  test("B-14/7 with nothing to do opens no pull request; its reason is shown, and dependents continue when a person confirms", async () => {
    const outcome = { kind: "nothing-to-do" as const, reason: "It is fixed already." };
    const { stage, issue } = await withFix({ end: "unchanged", why: outcome.reason, outcome });
    const waiting = await ends(stage, issue, /Waiting for you/);
    expect(waiting).toContain("`fix` found **nothing to do**: It is fixed already.");
    const [, line = ""] = /^(\/enki approve \S+-fix@[0-9a-f]{12})$/m.exec(waiting) ?? [];
    await stage.maintainer.comment(issue, line);
    expect(await ends(stage, issue, /Done: everything landed/)).toContain("✅ nothing to change: It is fixed already.");
    expect(await stage.landed()).toEqual(["next"]);
    expect((await stage.maintainer.pulls()).map(({ head }) => head.ref.replace(/.*-/, ""))).toEqual(["next"]);
  });

  test("B-20 whose runner dies is a fault and is retried", async () => {
    const { stage, issue, attempts } = await withFix("dies", { files: { "fix.txt": "fixed\n" } });
    await ends(stage, issue, /Done: everything landed/);
    expect(attempts()).toBe(2);
  });
});

const text = (path: string, content: string) => ({
  path,
  kind: "file" as const,
  executable: false,
  size: content.length,
  content: Buffer.from(content),
});

describe("B-19 a bundle", () => {
  test.each<[string, Act, RegExp]>([
    ["with a path outside of the tree", { bundle: [text("../../escape", "x")] }, /not a valid path inside/],
    ["with an absolute path", { bundle: [text("/etc/passwd", "x")] }, /not a valid path inside/],
    ["with a path into git's own directory", { bundle: [text(".git/hooks/post-checkout", "x")] }, /not a valid path inside/],
    ["with a symbolic link", { bundle: [{ path: "link", kind: "link", executable: false, size: 0, content: null }] }, /symbolic link/],
    ["with a submodule", { bundle: [{ path: "sub", kind: "other", executable: false, size: 0, content: null }] }, /submodule/],
    ["with a workflow file", { bundle: [text(".github/workflows/steal.yml", "on: push\n")] }, /protected/],
    ["with Enki's own configuration", { bundle: [text(".enki/enki.toml", "")] }, /protected/],
    ["with 10,000 files", { bundle: Array.from({ length: 10_000 }, (_, at) => text(`f${at}`, "x")) }, /10000 files/],
  ])("%s is refused: nothing is published, and the step fails with the reason", async (_, act, reason) => {
    const { stage, issue } = await withFix(act);
    expect(await ends(stage, issue, /Stopped/)).toMatch(reason);
    expect(await stage.landed()).toEqual([]);
    expect(await stage.maintainer.pulls()).toEqual([]);
    const attempt =
      (await stage.git("log", "--all", "--format=%H %s"))
        .split("\n")
        .find((line) => line.includes("work/"))
        ?.slice(0, 40) ?? "";
    expect((await stage.git("ls-tree", "-r", "--name-only", attempt)).split("\n")).toEqual(["output.md", "result.json"]);
  });
});
