import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage, type OpenStage } from "./stage.ts";

const ONE = plan(step("fix"));
const FIX = { files: { "fix.txt": "fix\n" } };
const LIMIT = 120_000;
const HOUR = 60 * 60_000;

/** GitHub limits the App for a while, from the App's first comment after the start of the third job, the candidate's. */
const openLimit = (now: () => number, tip: () => string) => {
  const seen = { until: Infinity, met: 0, early: [] as string[], tips: [] as string[] };
  let jobs = 0;
  const meet = (method: string, path: string): { retryAfter: number } | null => {
    const isWrite = method !== "GET";
    if (seen.until === Infinity && !(isWrite && jobs === 3 && path.includes("/comments"))) {
      if (path.endsWith("/dispatches")) jobs += 1;
      return null;
    }
    if (now() >= seen.until) {
      if (isWrite) seen.tips.push(tip());
      return null;
    }
    if (seen.met > 0) seen.early.push(`${method} ${path}`);
    seen.met += 1;
    seen.until = Math.min(seen.until, now() + LIMIT);
    return { retryAfter: LIMIT / 1_000 };
  };
  return { seen, meet };
};

/** Opens a story with one step, whose candidate ends while GitHub limits the App. */
const openLimited = async (first: "green" | "red") => {
  const limit = openLimit(
    () => stage.now(),
    () => execFileSync("git", ["rev-parse", "main"], { cwd: stage.bare, encoding: "utf8" }).trim(),
  );
  let verified = 0;
  const stage: OpenStage = await openStage({
    faults: {
      requests: ({ method, path, login }) => (login === "enki[bot]" && path.includes("/api/") ? limit.meet(method, path) : null),
    },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: ONE };
      if (spec.kind !== "verify") return FIX;
      // Enki comments on a running step only after a while.
      await stage.sweepUntil("the limit to be met", () => Promise.resolve(limit.seen.met > 0), 10_000);
      return { verdict: (verified += 1) === 1 ? first : "green" };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  return {
    stage,
    limit: limit.seen,
    /** Advances the time to this long after the limit, and lets the App look. */
    passLimit: async (by: number): Promise<void> => {
      stage.later(limit.seen.until - stage.now() + by);
      await stage.sweep();
    },
    done: () => stage.shows(issue, /Done: everything landed/),
  };
};

test("48 a secondary limit with retry-after 120 delays every request; then a green verdict lands before any comment", async () => {
  const { stage, limit, passLimit, done } = await openLimited("green");
  await stage.until("the verdict", async () => (await stage.git("for-each-ref", "refs/enki/results")).includes("verify"));
  await stage.sweep();
  await passLimit(-20_000);
  expect(await stage.landed()).toEqual([]);
  await passLimit(1_000);
  await done();
  expect(limit).toMatchObject({ met: 1, early: [] });
  expect(limit.tips[0]).toBe(await stage.git("rev-parse", "main"));
});

test("48 a verdict that arrives by git counts after the limit, because the coordinator asks GitHub for its run", async () => {
  const { stage, limit, passLimit, done } = await openLimited("red");
  const ledger = (): Promise<string> => stage.git("grep", "-E", '"verdict": ?"red"', "refs/enki/ledger", "--", "queues");
  await stage.until("the verdict", async () => (await stage.git("for-each-ref", "refs/enki/results")).includes("verify"));
  await stage.sweep();
  await passLimit(-20_000);
  expect(await ledger().catch(() => null)).toBeNull();
  await passLimit(1_000);
  await stage.until("the verdict in the ledger", () => ledger().catch(() => null));
  await done();
  expect(limit).toMatchObject({ met: 1, early: [] });
});

test.each([
  ["by both clocks", 0],
  ["by GitHub's clock, ten minutes before ours", -10 * 60_000],
])("49 the token expires %s during verification: another one is requested, and the same candidate lands", async (_, ahead) => {
  const verified: string[] = [];
  const tokens: string[] = [];
  const stage: OpenStage = await openStage({
    files: { ".enki/enki.toml": '[refinery]\nverify = ["true"]\ntimeout_minutes = 300\n' },
    ahead,
    observe: ({ path, status }) => {
      if (path.endsWith("/access_tokens")) tokens.push(String(status));
    },
    script: (spec) => {
      if (spec.kind === "plan") return { plan: ONE };
      if (spec.kind !== "verify") return FIX;
      verified.push(spec.baseCommit);
      stage.later(HOUR);
      return { verdict: "green" };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(verified).toEqual([await stage.git("rev-parse", "main")]);
  expect(tokens.length).toBeGreaterThan(1);
});
