import { expect, test } from "vitest";
import type { PullDiscussion } from "../../../src/core/domain/feedback.ts";
import { plan, step } from "../../support/build.ts";
import { Crash } from "../../support/memory-world.ts";
import { openStory } from "../../support/story.ts";

const AT = 1_700_000_000_000;
const said = (id: number, text: string): PullDiscussion["lineComments"][number] => ({
  id: `review-comment:${id}`,
  by: "maintainer",
  permission: "write",
  at: AT,
  text,
  thread: id,
  byPerson: true,
  path: "a.txt",
  line: 1,
  startLine: null,
  side: "new",
  hunk: "",
  outdated: false,
});

/** Plays a review round from the request for changes to the landing. The process dies at one point, and another process continues. */
const play = async (at: number) => {
  let points = -1;
  let isArmed = false;
  const it = openStory({
    crash: (point) => {
      if (isArmed && (points += 1) === at) throw new Crash(point);
    },
  });
  await it.propose(plan(step("fix", { checkpoint: true })));
  await it.approve();
  await it.worked("fix");
  await it.verified();
  const pull = it.pull("fix")?.number ?? 0;
  it.state.pulls = it.state.pulls.map((each) => ({ ...each, hasActivity: true }));
  const review = (id: number, verdict: "approved" | "changes-requested"): void => {
    const one = { id, by: "maintainer", bot: false, verdict, text: "", head: it.head("fix") ?? "", at: it.state.now + 1_000 };
    it.state.reviews.set(pull, [...(it.state.reviews.get(pull) ?? []), one]);
  };
  const woken = async (): Promise<void> => {
    try {
      await it.tell({ kind: "woken", activity: "reviews", pull });
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      it.restart();
    }
  };
  review(1, "changes-requested");
  const first = it.head("fix");
  const reviews: PullDiscussion["reviews"] = [
    { id: "review:1", by: "maintainer", permission: "write", at: AT, text: "", verdict: "changes-requested", head: first ?? "" },
  ];
  it.state.talk.set(pull, { reviews, lineComments: [said(10, "Why?"), said(20, "And this?")] });
  isArmed = true;
  let approved = false;
  for (let turn = 0; turn < 60 && it.execution()?.state === "running"; turn += 1) {
    const replies = [{ comment: 1, addressed: true, text: "So." }];
    for (const job of it.running()) it.finish(job, job.startsWith("work/") ? { end: "success", replies } : { end: "success" });
    await woken();
    if (!approved && it.head("fix") !== first && it.state_("fix") === "waiting") {
      review(2, "approved");
      approved = true;
    }
  }
  // The next process finishes the remaining work.
  for (let turn = 0; turn < 5; turn += 1) await woken();
  return { ...it, points };
};

test("a process that dies at any point of a review round starts one attempt and answers each thread once", async () => {
  const { points } = await play(Infinity);
  expect(points).toBeGreaterThan(15);
  for (let at = 0; at <= points; at += 1) {
    const it = await play(at);
    expect([at, it.states()]).toEqual([at, { fix: "done" }]);
    expect([at, it.at("fix")?.attempt]).toEqual([at, 2]);
    expect([at, it.state.replies.map(({ thread }) => thread).toSorted((a, b) => a - b)]).toEqual([at, [10, 20]]);
    it.replay();
  }
});
