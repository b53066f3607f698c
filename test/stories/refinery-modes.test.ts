import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage, type OpenStage, type StageOptions } from "./stage.ts";

const TWO = plan(step("fix"), step("more"));
const fileOf = (id: string) => ({ files: { [`${id}.txt`]: `${id}\n` } });
const PULL = { branch: "main", type: "pull_request", parameters: { required_approving_review_count: 0 } };
const REVIEWED = { ...PULL, parameters: { required_approving_review_count: 1 } };

const REPOSITORY = { owner: "octo", name: "demo" };

/** Opens a base with these rules, and two parallel steps; `fix` finishes first. */
const open = async (rules: readonly { branch: string; type: string; parameters?: unknown }[], over: Partial<StageOptions> = {}) => {
  const stage: OpenStage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.kind === "verify") return { verdict: "green" };
      if (spec.step?.id === "more")
        await stage.until("fix to be delivered", () =>
          stage.git("for-each-ref", `refs/heads/task/${spec.execution}-fix`).then((ref) => ref !== ""),
        );
      return fileOf(spec.step?.id ?? "");
    },
    ...over,
  });
  stage.forge.setRules(REPOSITORY, rules);
  const issue = await stage.ask();
  await stage.approve(issue);
  return { stage, issue };
};

test("63 with required reviews pull requests wait for them, and GitHub merges one at a time", async () => {
  const { stage, issue } = await open([REVIEWED]);
  await stage.shows(issue, /is \*\*held\*\*/);
  expect(await stage.landed()).toEqual([]);
  stage.later(2_000);
  for (const pull of await stage.until("two pull requests", async () => {
    const pulls = await stage.maintainer.pulls();
    return pulls.length === 2 && pulls;
  }))
    await stage.maintainer.approve(pull);
  await stage.shows(issue, /Done: everything landed/);
  const merges = (await stage.git("log", "--first-parent", "--merges", "--format=%s", "main")).split("\n");
  expect(merges.map((subject) => subject.replace(/#\d+ from octo\/task\/\w+-/, ""))).toEqual([
    "Merge pull request more",
    "Merge pull request fix",
  ]);
  expect((await stage.maintainer.pulls()).map(({ state }) => state)).toEqual(["closed", "closed"]);
});

test("38 50 a batch merge with a lost answer and a late report is read back and not repeated", async () => {
  let lost = 0;
  const { stage, issue } = await open([PULL], {
    faults: {
      requests: ({ method, path }) => {
        const isMerge = method === "PUT" && path.endsWith("/merge");
        return isMerge && (lost += 1) === 1 ? "after" : null;
      },
    },
  });
  await stage.sweepUntil("the end", async () => (await stage.said(issue, "execution")).join().includes("Done: everything landed"), 1_000);
  // Every sent request resulted in a merge.
  expect((await stage.git("log", "--first-parent", "--merges", "--format=%H", "main")).split("\n")).toHaveLength(lost);
  for (const file of ["fix.txt", "more.txt"])
    expect((await stage.git("log", "--first-parent", "--format=%H", "main", "--", file)).split("\n")).toHaveLength(1);
  expect(await stage.git("for-each-ref", "refs/heads/enki")).toBe("");
});

test("10 a required check runs on the candidate's branch, which lands when it is green", async () => {
  const seen: string[] = [];
  const stage: Awaited<ReturnType<typeof openStage>> = await openStage({
    files: { ".enki/enki.toml": '[refinery]\nverify = ["true"]\nchecks = [{ name = "lint", app = "ci" }]\n' },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind !== "verify") return fileOf("fix");
      const at = await stage.git("for-each-ref", "--format=%(objectname)", "refs/heads/enki/candidate");
      seen.push(at === spec.baseCommit ? "the candidate" : at);
      for (const name of ["build", "lint"])
        await stage.appDoes("ci", "/check-runs", { name, head_sha: spec.baseCommit, status: "completed", conclusion: "success" });
      return { verdict: "green" };
    },
  });
  stage.forge.setRules(REPOSITORY, [
    { branch: "main", type: "required_status_checks", parameters: { required_status_checks: [{ context: "build" }] } },
  ]);
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(seen).toEqual(["the candidate"]);
  expect(await stage.landed()).toEqual(["fix"]);
});

test("an open pull request states once that the rules now require reviews", async () => {
  let edits = 0;
  const says = async (): Promise<string> => {
    const answer = await fetch(`${stage.forge.apiUrl}/repos/octo/demo/pulls/2`);
    return ((await answer.json()) as { body: string }).body;
  };
  const stage: OpenStage = await openStage({
    observe: ({ method, path }) => void (method === "PATCH" && path.endsWith("/pulls/2") && (edits += 1)),
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind !== "verify") return fileOf("fix");
      await stage.until("its pull request", async () => (await stage.maintainer.pulls()).length === 1);
      expect(await says()).toContain("On `main` the very commit that was verified is pushed (exact): no rule forbids it.");
      stage.forge.setRules(REPOSITORY, [REVIEWED]);
      return { verdict: "green" };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /is \*\*held\*\*/);
  await stage.until("the other text", async () =>
    (await says()).includes("pull requests are merged one at a time (each): its rules require a review"),
  );
  expect(edits).toBe(1);
  stage.later(2_000);
  for (const pull of await stage.maintainer.pulls()) await stage.maintainer.approve(pull);
  await stage.shows(issue, /Done: everything landed/);
  // The two other edits report the return to the queue and the landing.
  expect(edits).toBe(3);
});
