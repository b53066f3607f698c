import type { Ledger } from "../../../../src/core/domain/ledger.ts";
import { toBranchRef } from "../../../../src/core/domain/refs.ts";
import { plan, step } from "../../../support/build.ts";
import { config } from "../../../support/config.ts";
import { openStory } from "../../../support/story.ts";

const DAY = 24 * 60 * 60_000;
const AT = 1_700_000_000_000;

const WORKFLOW = `---
roles:
  begin: {}
  end: { join: any }
edges:
  - begin -> end
  - end -> begin until '{{ eq .Round 2 }}' max 3
---

## begin

Begin with {{ .Args }}.

## end

End.
`;

const readRules = { isReadable: true, types: ["pull_request"], checks: [], requiredReviews: 0, allowedMethods: null };

/**
 * Covers executions in many states, a conflict, feedback, mails, an amendment, a revision, a workflow and archived executions. Also returns the
 * ledger while effects were pending.
 */
const tellWork = async (): Promise<{ ledgers: Ledger[]; archived: unknown[] }> => {
  let landed = "";
  const it = openStory({
    config: config({
      workers: { total: 40, tiers: { light: 40, standard: 40, heavy: 40 } },
      workflows: { twice: { path: "twice.md", text: WORKFLOW } },
      refinery: { ...config().refinery, parallel: 2 },
    }),
    // Earlier versions did not know the number of runners.
    runners: 2,
    conflicts: (_, message, onto) => /-clash$/m.test(message) && landed !== "" && it.contains(landed, onto),
  });
  await it.propose(plan(step("old")));
  await it.approve();
  await it.landed("old");
  it.state.now += 8 * DAY;
  const mail = {
    kind: "mail-send",
    subject: "How",
    body: "So.",
    priority: "high",
    type: "info",
    thread: null,
    replyTo: null,
    ttl: null,
  } as const;
  const first = await it.propose(
    plan(
      step("one"),
      step("clash"),
      step("look", { output: "artifact" }),
      step("bad"),
      step("after", { needs: ["bad"] }),
      step("late", { needs: ["clash"], optional: true }),
    ),
  );
  await it.approve();
  await it.end(`work/${it.task("look")}/`, {
    end: "artifact",
    artifact: "# Found",
    answer: "All of it.",
    tools: [
      { ...mail, to: `worker/${first}-one` },
      { kind: "backlog-add", body: "Later" },
      { kind: "backlog-remove", issue: 500 },
    ],
  });
  await it.landed("one");
  landed = it.at("one")?.head?.sha ?? "";
  await it.worked("clash");
  await it.fails("bad");
  await it.propose(plan(step("fix", { checkpoint: true })), 2);
  await it.approve(2);
  await it.worked("fix");
  while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
  const pull = it.pull("fix")?.number ?? 0;
  it.state.pulls = it.state.pulls.map((each) => (each.number === pull ? { ...each, hasActivity: true } : each));
  const review = {
    id: 7,
    by: "maintainer",
    bot: false,
    verdict: "changes-requested" as const,
    head: it.head("fix") ?? "",
    at: it.state.now + 1_000,
  };
  it.state.reviews.set(pull, [{ ...review, text: "Not so." }]);
  const said = { by: "maintainer", permission: "write", at: AT } as const;
  it.state.talk.set(pull, {
    reviews: [{ ...said, id: "review:7", text: "Not so.", verdict: "changes-requested", head: review.head }],
    lineComments: [
      {
        ...said,
        id: "review-comment:10",
        text: "Why?",
        thread: 10,
        byPerson: true,
        path: "a.txt",
        line: 1,
        startLine: null,
        side: "new",
        hunk: "@@ -1 +1 @@",
        outdated: false,
      },
    ],
    remarks: [{ ...said, id: "comment:12", text: "Shorter." }],
  });
  await it.tell({ kind: "woken", activity: "reviews", pull });
  await it.tell({ kind: "remarked", id: "comment:13", pull });
  await it.propose(plan(step("big")), 3);
  await it.say(3, { kind: "revise", text: "smaller" });
  await it.propose(plan(step("base")), 4);
  await it.approve(4);
  await it.say(4, { kind: "add", text: "and the docs" });
  await it.say(5, { kind: "run", workflow: "twice", args: "it" });
  await it.propose(plan(step("shy")), 6);
  await it.approve(6);
  await it.say(6, { kind: "pause", target: null });
  await it.propose(plan(step("gone")), 7);
  await it.say(7, { kind: "cancel", target: null });
  await it.say(8, { kind: "quick", prompt: "Say hello" });
  await it.say(8, { kind: "help" });
  const busy = it.state.writes.findLast(({ ledger }) => ledger.queues["main"]?.candidates.length)?.ledger;
  return { ledgers: [it.state.ledger, ...(busy ? [busy] : [])], archived: Object.values(it.state.archive) };
};

/** A requested landing without an answer by GitHub, on a base that accepts only pull requests. */
const tellLanding = async (): Promise<{ ledgers: Ledger[]; archived: unknown[] }> => {
  const it = openStory({ merging: () => "unclear" });
  it.state.rules = readRules;
  await it.propose(plan(step("a"), step("b"), step("c")));
  await it.approve();
  await it.worked("a");
  await it.worked("b");
  await it.worked("c");
  while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
  const landing = it.state.writes.findLast(({ ledger }) => ledger.queues["main"]?.landing)?.ledger;
  return { ledgers: landing ? [landing] : [], archived: [] };
};

/** A red candidate, then a rewind of the base during work. */
const tellRewind = async (): Promise<{ ledgers: Ledger[]; archived: unknown[] }> => {
  const it = openStory();
  const root = it.base();
  await it.propose(plan(step("a"), step("b"), step("c"), step("d", { needs: [{ step: "c", condition: "completed" }] })));
  await it.approve();
  await it.landed("a");
  await it.worked("b");
  await it.worked("c");
  await it.rejected("it is red");
  const red = it.state.writes.findLast(({ ledger }) => {
    const { items = [], candidates = [] } = ledger.queues["main"] ?? {};
    return items.some(({ strikes }) => strikes > 0) && candidates.length > 0;
  })?.ledger;
  it.state.refs[toBranchRef("main")] = root;
  await it.tell({ kind: "woken" });
  const frozen = it.state.ledger;
  await it.say(1, { kind: "retry", target: null });
  return { ledgers: [...(red ? [red] : []), frozen, it.state.ledger], archived: [] };
};

export const STORIES = { work: tellWork, landing: tellLanding, rewind: tellRewind };
