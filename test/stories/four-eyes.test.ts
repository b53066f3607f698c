import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage } from "./stage.ts";

const openCheckpoint = async () => {
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix", { checkpoint: true })) };
      if (spec.kind === "verify") return { verdict: "green" };
      return { files: { "fix.txt": "by the agent\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /approve #\d+ with a review/);
  const [pull] = await stage.maintainer.pulls();
  if (!pull) throw new Error("there is no pull request");
  return { stage, issue, pull };
};

test("a person who pushed to a step's branch cannot approve the head alone, and is told so; another person can", async () => {
  const { stage, issue, pull } = await openCheckpoint();
  const other = stage.person("colleague", "write");
  // The client of the stage's repository pushes as the person named pusher.
  const pusher = stage.person("pusher", "write");
  const head = await stage.push(pull.head.ref, { "fix.txt": "by a person\n" });
  await stage.until("the head to be verified", async () => {
    await stage.sweep();
    return (await stage.said(issue, "execution"))[0]?.includes(`approve #${pull.number} with a review`);
  });
  stage.later(2_000);
  await pusher.review(pull.number, { event: "APPROVE" });
  await stage.sweepUntil("a refusal", async () =>
    (await stage.said(issue, "execution"))[0]?.includes("someone other than pusher, who pushed to this branch"),
  );
  expect(await stage.landed()).toEqual([]);
  await other.review(pull.number, { event: "APPROVE" });
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("merge-base", "--is-ancestor", head, "main")).toBe("");
});

test("an approval of the plan that was deleted on GitHub lands nothing, until a person approves again", async () => {
  const { stage, issue, pull } = await openCheckpoint();
  const approval = (await stage.maintainer.comments(issue)).find(({ body }) => body.startsWith("/enki approve"));
  await stage.does("DELETE", `/issues/comments/${approval?.id ?? 0}`).catch(() => undefined);
  stage.later(2_000);
  await stage.maintainer.review(pull.number, { event: "APPROVE" });
  await stage.shows(issue, /The approval of this plan by maintainer no longer counts/);
  expect(await stage.landed()).toEqual([]);
  await stage.maintainer.comment(issue, approval?.body ?? "");
  await stage.shows(issue, /Done: everything landed/);
});
