import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { ciFile, ciRunner } from "./ci-runner.ts";
import type { Script } from "./quick-runner.ts";
import { openStage, type OpenStage } from "./stage.ts";

const REPOSITORY = { owner: "octo", name: "demo" };
const script: Script = (spec) => {
  if (spec.kind === "plan") return { plan: plan(step("fix")) };
  return spec.kind === "verify" ? { verdict: "green" } : { files: { "limit.txt": "2\n" } };
};

const requires = (stage: OpenStage, ...checks: readonly { context: string; integration_id?: number }[]): void =>
  stage.forge.setRules(REPOSITORY, [{ branch: "main", type: "required_status_checks", parameters: { required_status_checks: checks } }]);

const land = async (stage: OpenStage): Promise<void> => {
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
};

test("Enki reports a required `enki/refinery` on the landing commit right before the landing", async () => {
  const stage = await openStage({ script });
  requires(stage, { context: "enki/refinery" });
  await land(stage);
  const statuses = await stage.does("GET", `/commits/${await stage.git("rev-parse", "main")}/statuses`);
  const target_url = expect.stringMatching(/\/octo\/demo\/actions\/runs\/\d+$/);
  expect(statuses).toMatchObject([{ context: "enki/refinery", state: "success", target_url, creator: { login: "enki[bot]" } }]);
});

test("Enki reports it on the pull request's head if that is squashed", async () => {
  const stage = await openStage({ script });
  await stage.does("PATCH", "", { allow_merge_commit: false });
  requires(stage, { context: "enki/refinery" });
  await land(stage);
  const [pull] = (await stage.does("GET", "/pulls?state=all")) as { head: { sha: string } }[];
  expect(await stage.does("GET", `/commits/${pull?.head.sha}/statuses`)).toMatchObject([{ context: "enki/refinery", state: "success" }]);
});

test("a required check on pull requests only: `/enki fix` is refused with three remedies, and the third works", async () => {
  const stage = await openStage({ script, runner: ciRunner(script, () => "success"), files: ciFile("pull_request") });
  requires(stage, { context: "build" });
  const issue = await stage.ask();
  const answer = await stage.replies(issue, /The check `build` is required on `main`/);
  for (const way of ["enki/candidate/", "workflow_dispatch", 'landing = "each"']) expect(answer).toContain(way);
  expect(answer).not.toContain("/enki retry");
  expect(await stage.said(issue, "execution")).toEqual([]);
  stage.forge.setRules(REPOSITORY, []);
  await stage.push("main", { ".enki/enki.toml": '[refinery]\nverify = ["true"]\nlanding = "each"\n' });
  requires(stage, { context: "build" });
  await land(stage);
});

test("a required check that is red on the head of a pull request counts against its step", async () => {
  const stage = await openStage({
    script,
    runner: ciRunner(script, () => "failure"),
    files: { ...ciFile("pull_request"), ".enki/enki.toml": '[refinery]\nverify = ["true"]\nlanding = "each"\n' },
  });
  requires(stage, { context: "build" });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Stopped/);
  expect(await stage.landed()).toEqual([]);
});

test("a dispatchable workflow: Enki starts it on the candidate and reports its conclusion for GitHub's rules", async () => {
  const seen: string[] = [];
  const stage: OpenStage = await openStage({
    script,
    runner: ciRunner(script, ({ event, ref }) => {
      seen.push(`${event.name} ${ref.replace(/[0-9a-f]{12}$/, "")}`);
      return "success";
    }),
    files: ciFile("workflow_dispatch"),
  });
  requires(stage, { context: "build" });
  await land(stage);
  expect(seen).toEqual(["workflow_dispatch refs/heads/enki/candidate/"]);
  const statuses = await stage.does("GET", `/commits/${await stage.git("rev-parse", "main")}/statuses`);
  expect(statuses).toMatchObject([{ context: "build", state: "success", description: expect.stringContaining("Passed on candidate") }]);
});

test("a workflow triggered by pushes of candidates needs nothing more", async () => {
  const stage = await openStage({
    script,
    runner: ciRunner(script, () => "success"),
    files: ciFile('{ push: { branches: ["enki/candidate/**"] } }'),
  });
  requires(stage, { context: "build", integration_id: 15_368 });
  await land(stage);
});
