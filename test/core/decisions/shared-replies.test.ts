import { describe, expect, test } from "vitest";
import { parseComment } from "../../../src/core/commands/parse-comment.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import { isSharedReplyKey, toSharedReplyKey } from "../../../src/core/domain/shared-reply.ts";
import { renderGraphReply } from "../../../src/core/messages/graph-reply.ts";
import { comment, plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

type Story = ReturnType<typeof openStory>;

const written = (it: Story, id: number, text: string): Event =>
  ({ ...comment(id), at: it.state.now, requests: parseComment(text) }) as Event;
const write = (it: Story, id: number, text: string): Promise<void> => it.tell(written(it, id, text));
/** Saves the outcomes with another write, and lists the shared replies that are still unwritten. */
const listUnwritten = async (it: Story): Promise<string[]> => {
  await it.say(9, { kind: "stop" });
  return Object.keys(it.state.ledger.outbox).filter((key) => isSharedReplyKey(key));
};
const DAY_MS = 24 * 60 * 60_000;

describe("help and mistyped commands", () => {
  test("share one comment of their issue, which says whose comment it answers", async () => {
    const it = openStory();
    await write(it, 71, "/enki hlep");
    await write(it, 72, "/enki approve");
    await write(it, 73, "/enki aprove abc");
    expect(it.replies()).toHaveLength(1);
    expect(it.lastReply()).toMatch(
      /^<!-- enki:reply:hint1 -->\n\nAnswer to \[a comment\]\(https:\/\/github\.test\/octo\/demo\/issues\/1#issuecomment-73\) by `maintainer`:\n\nThere is no `\/enki aprove`; did you mean `\/enki approve`\?/,
    );
    expect(it.state.reactions).toHaveLength(3);
    await it.tell({ ...written(it, 74, "/enki help"), issue: 2 } as Event);
    expect(it.replies()).toHaveLength(2);
    it.replay();
  });

  test("find their comment again after a restart, and after the ledger forgot it", async () => {
    const it = openStory();
    await write(it, 71, "/enki hlep");
    it.restart();
    await write(it, 72, "/enki stauts");
    it.state.now += 2 * DAY_MS;
    await it.say(3, { kind: "status", target: null });
    await it.say(3, { kind: "status", target: null });
    expect(it.state.ledger.effectRecords[toSharedReplyKey("hint", 1)]).toBeUndefined();
    await write(it, 73, "/enki aprove");
    expect(it.replies().filter((body) => body.includes("hint1"))).toEqual([expect.stringContaining("#issuecomment-73")]);
  });

  test("cost a reaction and one write each, however often they are delivered", async () => {
    const it = openStory();
    await write(it, 71, "/enki hlep");
    const { requests } = it.state;
    for (let again = 0; again < 3; again += 1) await write(it, 72, "/enki hlep");
    expect(it.state.requests - requests).toBe(2);
    expect(await listUnwritten(it)).toEqual([]);
  });

  test("leave other answers of the same comment in a comment of their own", async () => {
    const it = openStory();
    await it.propose(plan(step("a")));
    await write(it, 71, "/enki status\n\n/enki hlep");
    const [own, hint] = it.replies();
    expect([own, hint]).toEqual([expect.stringMatching(/reply:71 [^]*is \*\*proposed\*\*/), expect.stringMatching(/reply:hint1 [^]*hlep/)]);
  });

  test("are answered again after GitHub refused an answer", async () => {
    let isLocked = true;
    const it = openStory({ refuse: ({ kind }) => (kind === "write-comment" && isLocked ? "Locked." : null) });
    await write(it, 71, "/enki hlep");
    isLocked = false;
    await write(it, 72, "/enki hlep");
    expect(it.replies()).toEqual([expect.stringContaining("#issuecomment-72")]);
    expect(await listUnwritten(it)).toEqual([]);
  });

  test("the end of an earlier write does not remove a newer answer", async () => {
    const it = openStory();
    await write(it, 71, "/enki hlep");
    const key = toSharedReplyKey("hint", 1);
    const earlier = { kind: "write-comment", key, digest: "0".repeat(16), ending: { kind: "done", answer: { comment: 1_000 } } } as const;
    await it.tell(written(it, 72, "/enki stauts"), { kind: "performed", at: it.state.now, outcome: earlier });
    expect(it.replies()).toEqual([expect.stringContaining("#issuecomment-72")]);
  });
});

describe("/enki graph", () => {
  test("draws the unfinished executions of the issue, each with its table, and refreshes one comment", async () => {
    const it = openStory();
    const first = await it.propose(plan(step("a"), step("b", { needs: ["a"] })));
    await it.approve();
    await write(it, 71, "/enki graph");
    expect(it.lastReply()).toMatch(
      /reply:graph1 [^]*\*\*`[0-9a-f]{6}`\*\* is running, 0 of 2 steps done · make it so\n\n```mermaid\ngraph LR[^]*\| `a` \|[^]*As of 1970-01-01 00:0\d UTC/,
    );
    await it.say(1, { kind: "quick", prompt: "fix the typo" });
    const second = Object.keys(it.state.ledger.executions).find((id) => id !== first) ?? "";
    await write(it, 72, "/enki graph");
    expect(it.replies()).toHaveLength(1);
    expect(it.lastReply().match(/^\| (?:state \| )?step \|/gm)).toHaveLength(2);
    expect(it.lastReply().indexOf(second)).toBeLessThan(it.lastReply().indexOf(first));
    await write(it, 73, `/enki graph ${first}`);
    expect(it.lastReply()).not.toContain(second);
    await write(it, 74, "/enki graph nope");
    expect(it.lastReply()).toContain("unknown-target");
    it.replay();
  });

  test("fits into a comment, whatever the size of the plans", async () => {
    const it = openStory();
    const many = Array.from({ length: 90 }, (_, at) =>
      step(`s${at}`, { title: `<&${"x".repeat(90)}`, needs: at === 0 ? [] : [`s${at - 1}`] }),
    );
    await it.propose(plan(...many));
    const [execution] = Object.values(it.state.ledger.executions);
    const shown = execution ? { execution, plan: plan(...many), runs: {} } : null;
    const text = renderGraphReply(shown ? [shown, shown, shown, shown, shown] : [], 0);
    expect(text.length).toBeLessThan(60_000);
    expect(text.match(/^\| (?:state \| )?step \|/gm)).toHaveLength(5);
    expect(text.match(/```mermaid/g)).not.toBeNull();
  });
});
