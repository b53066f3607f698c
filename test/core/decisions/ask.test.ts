import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { claimJob } from "../../../src/job/claim-job.ts";
import { readJobKey } from "../../../src/core/domain/job.ts";
import { readConfig } from "../../../src/core/config/read-config.ts";
import { openStory } from "../../support/story.ts";

const ask = { kind: "ask", question: "Where is the size of an upload checked?" } as const;

/** Asks a question, and starts the job that answers. */
const openQuestion = async () => {
  const it = openStory();
  await it.say(7, ask);
  const [id = ""] = Object.keys(it.state.ledger.executions);
  const comments = () => it.state.comments.filter(({ body }) => !body.startsWith("<!-- enki:execution"));
  return { ...it, id, comments };
};

test("a question starts one job without a plan, and its report becomes a comment to the person who asked", async () => {
  const it = await openQuestion();
  expect(it.running()).toEqual([`work/${it.id}-answer/1`]);
  await it.end("work/", { end: "artifact", artifact: "In `src/limit.js:3`.\n\n/enki stop @everyone", output: "In one file." });
  expect(it.execution(it.id)?.state).toBe("done");
  expect(it.comments()).toHaveLength(1);
  const [answer] = it.comments();
  expect(answer?.body.split("\n").slice(1).join("\n")).toMatch(
    /^@maintainer, here is the answer\. \[Report and run\]\(https:\/\/\S+#issuecomment-\d+\)\n\n> In `src\/limit\.js:3`\.\n>\n> \\\/enki stop @\u200beveryone$/,
  );
  expect(answer?.body).not.toContain("@everyone");
  it.replay();
});

test("a question opens no pull request, lands nothing, and says nothing of an open issue", async () => {
  const it = await openQuestion();
  const base = it.base();
  await it.end("work/", { end: "artifact", artifact: "Nowhere.", output: "Nowhere." });
  expect({ pulls: it.state.pulls, base: it.base() }).toEqual({ pulls: [], base });
  expect(it.comments().map(({ body }) => body)).not.toContainEqual(expect.stringContaining("stays open"));
});

test("the answer comes once, also if the process dies after it was written", async () => {
  const it = await openQuestion();
  await it.end("work/", { end: "artifact", artifact: "Nowhere.", output: "Nowhere." });
  it.restart();
  await it.tell({ kind: "woken" });
  await it.tell({ kind: "woken" });
  expect(it.comments()).toHaveLength(1);
});

test("an agent without a report answers by its summary, and one that fails is reported as any failure", async () => {
  const answered = await openQuestion();
  await answered.end("work/", { end: "unchanged", output: "It is checked nowhere." });
  expect(answered.comments().at(-1)?.body).toContain("\n> It is checked nowhere.");
  const failed = await openQuestion();
  await failed.end("work/", { end: "failed", why: "the code is gone" });
  expect(failed.comments().at(-1)?.body).toContain("failed: the code is gone");
});

test("the agent of a question may read and not write", async () => {
  const it = await openQuestion();
  const job = readJobKey(`work/${it.id}-answer/1`);
  const { config } = readConfig([{ path: ".enki/roles/researcher.toml", text: readFileSync("roles/researcher.toml", "utf8") }]);
  const claimed = job && claimJob({ ledger: it.state.ledger, refs: it.state.refs, config, job });
  expect(claimed).toMatchObject({ ok: true, value: { role: { name: "researcher", canEdit: false }, toolSet: "sidecar" } });
});
