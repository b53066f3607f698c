import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { ciFile, ciRunner } from "./ci-runner.ts";
import type { Script } from "./quick-runner.ts";
import { openStage, type OpenStage } from "./stage.ts";

const REPOSITORY = { owner: "octo", name: "demo" };
const RULES = [
  { branch: "main", type: "merge_queue", parameters: { merge_method: "SQUASH" } },
  {
    branch: "main",
    type: "required_status_checks",
    parameters: { required_status_checks: [{ context: "build" }, { context: "enki/refinery" }] },
  },
];
const LIMITS: Readonly<Record<string, string>> = { fix: "2\n", more: "3\n" };
const CHAIN = plan(step("fix"), step("more", { needs: [{ step: "fix", condition: "completed" }] }));
const script: Script = (spec) => {
  if (spec.kind === "plan") return { plan: CHAIN };
  return spec.kind === "verify" ? { verdict: "green" } : { files: { "limit.txt": LIMITS[spec.step?.id ?? ""] ?? "" } };
};

/** Opens a base with a merge queue, whose check ends as given by `ci` for each event. */
const open = async (ci: (event: string) => "success" | "failure", act: Script = script): Promise<OpenStage> => {
  const stage = await openStage({
    script: act,
    runner: ciRunner(act, ({ event }) => ci(event.name)),
    files: ciFile("[pull_request, merge_group]"),
  });
  stage.forge.setRules(REPOSITORY, RULES);
  return stage;
};

test("a base with a merge queue: steps are queued one by one and land as the queue merged them", async () => {
  const stage = await open(() => "success");
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("show", "main:limit.txt")).toBe("3");
  expect((await stage.git("log", "--format=%s|%cn", "-2", "main")).split("\n")).toEqual([
    expect.stringMatching(/^Do more \(#\d+\)\|GitHub$/),
    expect.stringMatching(/^Do fix \(#\d+\)\|GitHub$/),
  ]);
  for (const { number } of await stage.maintainer.pulls())
    expect(await stage.does("GET", `/pulls/${number}`)).toMatchObject({
      merged: true,
      body: expect.stringMatching(/^✅ \*\*Landed\*\* on `main` as [0-9a-f]{40}/),
    });
  expect(await stage.git("for-each-ref", "refs/heads/gh-readonly-queue")).toBe("");
});

test("red in the merge queue: retried once, then the step fails with GitHub's reason, and nothing lands", async () => {
  let groups = 0;
  const stage = await open((event) => (event === "merge_group" && (groups += 1) > 0 ? "failure" : "success"));
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.sweepUntil("the end", async () => (await stage.said(issue, "execution")).join().includes("Stopped"), 5_000);
  expect((await stage.said(issue, "execution")).join()).toContain("a required check failed on its merge group");
  expect(groups).toBe(2);
  expect(await stage.landed()).toEqual([]);
});

test("a conflict with the base in its turn is resolved and then queued", async () => {
  let pushed = false;
  const act: Script = async (spec) => {
    if (spec.kind === "plan") return { plan: plan(step("fix")) };
    if (spec.kind === "resolve") return { files: { "limit.txt": "9\n" } };
    if (spec.kind !== "verify") return { files: { "limit.txt": "2\n" } };
    if (!pushed) {
      pushed = true;
      stage.forge.setRules(REPOSITORY, []);
      await stage.push("main", { "limit.txt": "8\n" });
      stage.forge.setRules(REPOSITORY, RULES);
    }
    return { verdict: "green" };
  };
  const stage: OpenStage = await open(() => "success", act);
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("show", "main:limit.txt")).toBe("9");
});

test("a check that does not run on merge groups: refused before the planner starts", async () => {
  const stage = await openStage({ script, runner: ciRunner(script, () => "success"), files: ciFile("pull_request") });
  stage.forge.setRules(REPOSITORY, RULES);
  const issue = await stage.ask();
  expect(await stage.replies(issue, /Next: give/)).toContain("merge_group");
  expect(await stage.said(issue, "execution")).toEqual([]);
});
