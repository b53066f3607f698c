import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { verifyLanded } from "./verify-landed.ts";
import { openStage, type OpenStage, type StageOptions } from "./stage.ts";

const REPOSITORY = { owner: "octo", name: "demo" };
/** The second step starts when the first one has finished its work, and changes the same line. */
const CHAIN = plan(step("fix"), step("more", { needs: [{ step: "fix", condition: "completed" }] }));
const LIMITS: Readonly<Record<string, string>> = { fix: "2\n", more: "3\n" };

const open = async (over: Partial<StageOptions> = {}): Promise<OpenStage> =>
  openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: CHAIN };
      if (spec.kind === "verify") return { verdict: "green" };
      return { files: { "limit.txt": LIMITS[spec.step?.id ?? ""] ?? "" } };
    },
    ...over,
  });

const runToEnd = async (stage: OpenStage): Promise<number> => {
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  return issue;
};

const PROVEN = { tip: 0, all: 0, steps: ["fix", "more"] };

test("merge commits: both steps land verified, and a plain clone proves each of them", async () => {
  const stage = await open({ isRemote: true });
  await runToEnd(stage);
  const verified = await verifyLanded(stage);
  expect(verified).toMatchObject({ ...PROVEN, methods: ["merge"] });
  expect(verified.text).toMatch(
    /^verified {2}[0-9a-f]{12} [0-9a-f]{6}-more for #1, plan [0-9a-f]{12} approved by maintainer; green in run \d+; signed by SHA256:/,
  );
});

test("a squash-only repository: both steps land as one commit each, although the second builds on the first", async () => {
  const stage = await open();
  await stage.does("PATCH", "", { allow_merge_commit: false, allow_rebase_merge: false });
  await runToEnd(stage);
  expect(await stage.landed()).toEqual(["fix", "more"]);
  expect(await stage.git("show", "main:limit.txt")).toBe("3");
  expect(await stage.git("log", "--merges", "--format=%H", "main")).toBe("");
  expect((await stage.git("log", "--format=%s|%an", "-2", "main")).split("\n")).toEqual([
    expect.stringMatching(/^Do more \(#\d+\)\|enki\[bot\]$/),
    expect.stringMatching(/^Do fix \(#\d+\)\|enki\[bot\]$/),
  ]);
  expect(await stage.git("diff", "--name-only", "main~1", "main")).toBe("limit.txt");
  expect(await verifyLanded(stage)).toMatchObject({ ...PROVEN, methods: ["squash"] });
  for (const { number } of await stage.maintainer.pulls()) {
    const { merged, merge_commit_sha: squash, body } = (await stage.does("GET", `/pulls/${number}`)) as Record<string, unknown>;
    expect({ merged, body }).toEqual({
      merged: true,
      body: expect.stringContaining(`**Landed** on \`main\` as ${String(squash)}.`) as unknown,
    });
  }
});

test("a linear history without squashes: both steps are rebased", async () => {
  const stage = await open();
  await stage.does("PATCH", "", { allow_squash_merge: false });
  stage.forge.setRules(REPOSITORY, [{ branch: "main", type: "required_linear_history" }]);
  await runToEnd(stage);
  expect(await stage.git("show", "main:limit.txt")).toBe("3");
  expect((await stage.git("log", "--format=%s|%an|%cn", "-2", "main")).split("\n")).toEqual([
    "Do more|enki[bot]|enki[bot]",
    "Do fix|enki[bot]|enki[bot]",
  ]);
  expect(await stage.git("log", "--merges", "--format=%H", "main")).toBe("");
  expect(await verifyLanded(stage)).toMatchObject({ ...PROVEN, methods: ["rebase"] });
});

test("signed commits: GitHub squashes and signs each landing", async () => {
  const stage = await open();
  stage.forge.setRules(REPOSITORY, [{ branch: "main", type: "required_signatures" }]);
  await runToEnd(stage);
  expect((await stage.git("log", "--format=%cn", "-2", "main")).split("\n")).toEqual(["GitHub", "GitHub"]);
});

test("a lost answer to a squash is read back, and nothing is squashed twice", async () => {
  let lost = 0;
  const stage = await open({
    faults: { requests: ({ method, path }) => (method === "PUT" && path.endsWith("/merge") && (lost += 1) === 1 ? "after" : null) },
  });
  await stage.does("PATCH", "", { allow_merge_commit: false });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.sweepUntil("the end", async () => (await stage.said(issue, "execution")).join().includes("Done: everything landed"), 1_000);
  expect(await stage.landed()).toEqual(["fix", "more"]);
});

test("if nothing could ever land, `/enki fix` is refused before a planner starts, and works once allowed", async () => {
  const stage = await open();
  await stage.does("PATCH", "", { allow_squash_merge: false });
  stage.forge.setRules(REPOSITORY, [{ branch: "main", type: "required_signatures" }]);
  const issue = await stage.ask();
  const answer = await stage.replies(issue, /Nothing can land on `main`/);
  expect(answer).toContain("([`signatures`](");
  expect(answer).toContain("Next: allow squash merging");
  expect(answer).not.toContain("/enki retry");
  expect(await stage.said(issue, "execution")).toEqual([]);
  expect(await stage.does("GET", "/actions/runs")).toMatchObject({ total_count: 0 });
  await stage.does("PATCH", "", { allow_squash_merge: true });
  await stage.maintainer.comment(issue, "/enki fix the limit");
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
});

test("a new rule during the work: verified work waits with the next action, and lands by another method once allowed", async () => {
  const stage: OpenStage = await open({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind !== "verify") return { files: { "limit.txt": "2\n" } };
      stage.forge.setRules(REPOSITORY, [
        { branch: "main", type: "required_signatures" },
        { branch: "main", type: "pull_request", parameters: { allowed_merge_methods: ["merge"] } },
      ]);
      return { verdict: "green" };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  const held = await stage.shows(issue, /Nothing lands for now/);
  expect(held).toContain("allow squash merging");
  stage.forge.setRules(REPOSITORY, [{ branch: "main", type: "required_signatures" }]);
  await stage.sweepUntil("the end", async () => (await stage.said(issue, "execution")).join().includes("Done: everything landed"), 60_000);
  expect(await stage.git("log", "--format=%cn", "-1", "main")).toBe("GitHub");
});
