import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { type OpenStage, openStage } from "./stage.ts";

const REPOSITORY = { owner: "octo", name: "demo" };

/** Pushes a branch as a person and opens a pull request; returns its number. */
const openPull = async (stage: OpenStage, branch: string, files: Readonly<Record<string, string>>): Promise<number> => {
  await stage.push(branch, files, { onto: await stage.git("rev-parse", "main") });
  const opened = await stage.does("POST", "/pulls", { title: `Change ${branch}`, head: branch, base: "main", body: "By hand." });
  return (opened as { number: number }).number;
};

const isMerged = async (stage: OpenStage, pull: number): Promise<boolean> =>
  ((await stage.does("GET", `/pulls/${pull}`)) as { merged: boolean }).merged;

test("/enki land puts a person's pull request into the queue; exactly the verified commit lands, and the branch stays the person's", async () => {
  const verified: string[] = [];
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "verify") verified.push(spec.baseCommit);
      return { verdict: "green" };
    },
  });
  const pull = await openPull(stage, "faster", { "faster.txt": "fast\n" });
  const head = await stage.git("rev-parse", "faster");
  await stage.maintainer.comment(pull, "/enki land");
  const shown = await stage.shows(pull, /### Done: #\d+ landed/);
  expect(await stage.git("rev-parse", "main")).toBe(verified.at(-1));
  expect(shown).toContain(verified.at(-1)?.slice(0, 12));
  expect(await stage.git("rev-parse", "main^2")).toBe(head);
  await stage.until("GitHub to mark it as merged", () => isMerged(stage, pull));
  expect(await stage.git("rev-parse", "faster")).toBe(head);
  expect(await stage.said(pull)).toHaveLength(1);
});

test("a commit pushed after /enki land is not landed until a person asks again", async () => {
  const late: string[] = [];
  const stage: OpenStage = await openStage({
    script: async (spec) => {
      if (spec.kind === "verify" && late.length === 0) late.push(await stage.push("faster", { "late.txt": "late\n" }));
      return { verdict: "green" };
    },
  });
  const before = await stage.git("rev-parse", "main");
  const pull = await openPull(stage, "faster", { "faster.txt": "fast\n" });
  await stage.maintainer.comment(pull, "/enki land");
  await stage.shows(pull, /nobody asked to land that commit/);
  expect(await stage.git("rev-parse", "main")).toBe(before);
  await stage.maintainer.comment(pull, "/enki land");
  await stage.shows(pull, /### Done: #\d+ landed/);
  expect(await stage.git("rev-parse", "main^2")).toBe(late[0]);
});

test("a red pull request leaves the queue with its log, and a step behind it lands", async () => {
  const stage: OpenStage = await openStage({
    files: { ".enki/enki.toml": '[refinery]\nverify = ["npm test"]\nparallel = 1\nretries = 0\n' },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind !== "verify") return { files: { "fix.txt": "fix\n" } };
      const files = (await stage.git("ls-tree", "--name-only", spec.baseCommit)).split("\n");
      return files.includes("broken.txt") ? { verdict: "red", log: "$ npm test\n| 1 failing" } : { verdict: "green" };
    },
  });
  const pull = await openPull(stage, "broken", { "broken.txt": "broken\n" });
  await stage.maintainer.comment(pull, "/enki land");
  const issue = await stage.ask();
  await stage.approve(issue);
  expect(await stage.shows(pull, /### Stopped: #\d+ left the queue/)).toMatch(/1 failing[^]*^\/enki land$/m);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix"]);
  expect(await isMerged(stage, pull)).toBe(false);
});

test("where rules require a review, the pull request waits for one of its head and is then merged by GitHub", async () => {
  const stage = await openStage({ script: () => ({ verdict: "green" }) });
  stage.forge.setRules(REPOSITORY, [{ branch: "main", type: "pull_request", parameters: { required_approving_review_count: 1 } }]);
  const pull = await openPull(stage, "faster", { "faster.txt": "fast\n" });
  await stage.maintainer.comment(pull, "/enki land");
  await stage.shows(pull, /ask for 1 approving review of this head; so far it has none/);
  const reviewer = stage.person("reviewer", "write");
  await reviewer.review(pull, { event: "APPROVE", body: "Good." });
  await stage.shows(pull, /### Done: #\d+ landed/);
  expect(await isMerged(stage, pull)).toBe(true);
});

test("/enki unland takes it out; a person without write access can do neither", async () => {
  let release = (): void => undefined;
  let verifying = false;
  const waiting = new Promise<void>((resolve) => (release = resolve));
  const stage = await openStage({
    script: async () => {
      verifying = true;
      await waiting;
      return { verdict: "green" };
    },
  });
  const before = await stage.git("rev-parse", "main");
  const pull = await openPull(stage, "faster", { "faster.txt": "fast\n" });
  const stranger = stage.person("stranger", "read");
  await stranger.comment(pull, "/enki land");
  expect(await stage.replies(pull, /no-permission/)).toContain("needs write permission");
  await stage.maintainer.comment(pull, "/enki land");
  await stage.shows(pull, /is in the queue of `main`/);
  await stage.until("the verification to start", () => Promise.resolve(verifying));
  await stage.maintainer.comment(pull, "/enki unland");
  await stage.shows(pull, /### Cancelled: #\d+ is not in the queue/);
  release();
  expect(await stage.git("rev-parse", "main")).toBe(before);
  expect(((await stage.does("GET", `/pulls/${pull}`)) as { state: string }).state).toBe("open");
});
