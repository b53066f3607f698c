import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage, type OpenStage, type StageOptions } from "./stage.ts";

const TWO = plan(step("fix"), step("next", { needs: ["fix"] }));
const fileOf = (id: string) => ({ files: { [`${id}.txt`]: `${id}\n` } });

/** Opens a story of two steps; a person meddles once, during the verification of the first step. */
const open = async (meddle: (stage: OpenStage, task: string) => Promise<unknown>, over: Partial<StageOptions> = {}) => {
  let once: Promise<unknown> | null = null;
  const stage: OpenStage = await openStage({
    ...over,
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.kind !== "verify") return fileOf(spec.step?.id ?? "");
      await (once ??= meddle(stage, `task/${spec.execution}-fix`));
      return { verdict: "green" };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  return { stage, issue };
};

const FIRST = 2;

test("30 a person closes a pull request during verification: nothing lands, it says so, and continues when reopened", async () => {
  const { stage, issue } = await open((at) => at.does("PATCH", `/pulls/${FIRST}`, { state: "closed" }));
  expect(await stage.shows(issue, /is \*\*held\*\*/)).toMatch(/A person closed .*2, so its work waits/);
  expect(await stage.landed()).toEqual([]);
  await stage.does("PATCH", `/pulls/${FIRST}`, { state: "open" });
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix", "next"]);
  expect(await stage.said(issue, "execution")).toHaveLength(1);
});

const setLabels = (at: OpenStage, labels: readonly string[]): Promise<unknown> => at.does("PATCH", `/issues/${FIRST}`, { labels });
const setDraft = (at: OpenStage, draft: boolean): Promise<unknown> =>
  Promise.resolve(at.forge.setDraft(at, { number: FIRST, draft, login: "maintainer" }));

test.each([
  { how: "the label hold", on: (at) => setLabels(at, ["hold"]), off: (at) => setLabels(at, []), told: "labeled" },
  { how: "that it is a draft", on: (at) => setDraft(at, true), off: (at) => setDraft(at, false), told: "converted_to_draft" },
] satisfies {
  how: string;
  on: (at: OpenStage) => Promise<unknown>;
  off: (at: OpenStage) => Promise<unknown>;
  told: string;
}[])("66 a person holds by $how right before the landing: its webhook alone holds and releases it", async ({ on, off, told }) => {
  const { stage, issue } = await open(async (at) => {
    await on(at);
    const arrived = () => at.forge.deliveries().some(({ payload, status }) => payload["action"] === told && status === 200);
    await at.until(`the webhook ${told}`, () => Promise.resolve(arrived()));
  });
  await stage.shows(issue, /is \*\*held\*\*/);
  expect(await stage.landed()).toEqual([]);
  await off(stage);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix", "next"]);
});

test("66 a hold label without a webhook is found right before the landing", async () => {
  const { stage, issue } = await open(
    (at) => {
      at.later(31_000);
      return setLabels(at, ["hold"]);
    },
    { faults: { deliveries: ({ payload }) => (String(payload["action"]).endsWith("labeled") ? 0 : 1) } },
  );
  await stage.shows(issue, /is \*\*held\*\*/);
  expect(await stage.landed()).toEqual([]);
  await setLabels(stage, []);
  await stage.sweep();
  await stage.shows(issue, /Done: everything landed/);
});

test("31 a person changes a pull request's base: it leaves the queue and returns with the base", async () => {
  const { stage, issue } = await open(async (at) => {
    await at.push("other", { "other.txt": "1\n" }, { onto: await at.git("rev-parse", "main") });
    await at.does("PATCH", `/pulls/${FIRST}`, { base: "other" });
  });
  expect(await stage.shows(issue, /is \*\*held\*\*/)).toContain("no longer lands on");
  await stage.does("PATCH", `/pulls/${FIRST}`, { base: "main" });
  await stage.shows(issue, /Done: everything landed/);
});

test.each(["merge", "squash"])("a person merges a pull request by hand (%s): its step is done and does not land twice", async (style) => {
  const { stage, issue } = await open((at) => at.does("PUT", `/pulls/${FIRST}/merge`, { merge_method: style }));
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["next"]);
  const touched = await stage.git("log", "--first-parent", "--format=%H", "main", "--", "fix.txt");
  expect(touched.split("\n")).toHaveLength(1);
});

test("65 a person requests changes on green work: another attempt lands", async () => {
  let attempts = 0;
  let asked: Promise<unknown> | null = null;
  const stage: OpenStage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind === "verify") {
        stage.later(2_000);
        await (asked ??= stage.does("POST", `/pulls/${FIRST}/reviews`, { event: "REQUEST_CHANGES", body: "say why" }));
        return { verdict: "green" };
      }
      attempts += 1;
      return { files: { "fix.txt": `${attempts}\n` } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(attempts).toBe(2);
  expect(await stage.git("show", "main:fix.txt")).toBe("2");
});
