import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage } from "./stage.ts";

const nothing = { script: () => ({ plan: plan(step("fix")) }) };

/** Resolves when Enki has read every comment so far: it has answered a last comment from the maintainer. */
const settle = async (stage: Awaited<ReturnType<typeof openStage>>, issue: number): Promise<void> => {
  await stage.maintainer.comment(issue, "/enki help");
  await stage.replies(issue, /show this table/);
};

describe("no commands", () => {
  test("B-01 ignores text without a command", async () => {
    const stage = await openStage(nothing);
    const issue = await stage.maintainer.openIssue("A question", "");
    for (const text of ["Could /enki fix this?", "enki fix it", "/enkify", "// /enki fix it"]) await stage.maintainer.comment(issue, text);
    await settle(stage, issue);
    expect(await stage.said(issue)).toHaveLength(1);
    expect(await stage.said(issue, "execution")).toEqual([]);
  });

  test("B-04 ignores a command in a quote, code, HTML or a bot's comment", async () => {
    const stage = await openStage(nothing);
    const issue = await stage.maintainer.openIssue("A question", "");
    const texts = [
      "> /enki fix it",
      "```\n/enki fix it\n```",
      "    /enki fix it",
      "`/enki fix it`",
      "<!--\n/enki fix it\n-->",
      "<pre>\n/enki fix it\n</pre>",
    ];
    for (const text of texts) await stage.maintainer.comment(issue, text);
    await stage.bot("/enki fix it", issue);
    await settle(stage, issue);
    expect(await stage.said(issue)).toHaveLength(1);
    expect(await stage.said(issue, "execution")).toEqual([]);
  });
});

describe("refusals", () => {
  test("B-02 answers an unknown command with a suggestion", async () => {
    const stage = await openStage(nothing);
    const issue = await stage.ask("/enki aprove abc");
    expect(await stage.replies(issue, /approve/)).toMatch(/did you mean|`\/enki approve/i);
    expect(await stage.said(issue, "execution")).toEqual([]);
  });

  test("help and typos edit one answer of Enki, also after a restart, and never a comment of a person", async () => {
    const stage = await openStage(nothing);
    const issue = await stage.maintainer.openIssue("A question", "");
    const forged = `<!-- enki:reply:hint${issue} -->\nnot Enki's`;
    await stage.person("stranger", "read").comment(issue, forged);
    const typo = await stage.maintainer.comment(issue, "/enki hlep");
    await stage.replies(issue, new RegExp(`#issuecomment-${typo}\\)`));
    await stage.app.close();
    await stage.startApp();
    const asked = await stage.maintainer.comment(issue, "/enki help");
    expect(await stage.replies(issue, new RegExp(`#issuecomment-${asked}\\)`))).toMatch(/by `maintainer`:\n\nStart a line of a comment/);
    expect(await stage.said(issue)).toHaveLength(1);
    expect((await stage.maintainer.comments(issue)).map(({ body }) => body)).toContain(forged);
  });

  test("B-03 tells a person without write permission so, and plans nothing", async () => {
    const stage = await openStage(nothing);
    const issue = await stage.maintainer.openIssue("A question", "");
    await stage.person("stranger", "read").comment(issue, "/enki fix it");
    await stage.replies(issue, /permission/);
    await settle(stage, issue);
    expect(await stage.said(issue, "execution")).toEqual([]);
    expect(await stage.git("for-each-ref", "refs/enki/results")).toBe("");
  });

  test("B-03 an approval by a person without write permission opens no gate", async () => {
    const stage = await openStage(nothing);
    const issue = await stage.ask();
    const line = await stage.planned(issue);
    await stage.person("stranger", "read").comment(issue, line);
    await stage.replies(issue, /permission/);
    expect((await stage.said(issue, "execution")).join()).toMatch(/A plan, for your approval/);
    expect(await stage.landed()).toEqual([]);
  });

  test("a planner's wish to resume what a person paused waits in the execution's comment for the person's own line", async () => {
    let victim = "";
    const stage = await openStage({
      script: ({ job }) =>
        job.startsWith("plan/")
          ? { plan: plan(step("fix")), ...(victim !== "" && { tools: [{ kind: "resume", target: victim }] as const }) }
          : "hangs",
    });
    const issue = await stage.ask();
    // Enki shows progress at most every half minute.
    const seesLater = (words: RegExp): Promise<string> =>
      stage.sweepUntil(
        `a comment with ${String(words)}`,
        async () => (await stage.said(issue, "execution")).find((body) => words.test(body)),
        30_000,
      );
    await stage.approve(issue);
    victim = /\/enki cancel ([0-9a-f]+)/.exec(await seesLater(/Running/))?.[1] ?? "";
    await stage.maintainer.comment(issue, "/enki pause");
    await seesLater(/Paused/);
    const other = await stage.ask("/enki fix what this issue says");
    await stage.planned(other);
    const shown = await seesLater(/proposes to resume/);
    expect(shown).toContain(`\n/enki resume ${victim}\n`);
    expect(shown).toMatch(/### Paused/);
    await stage.maintainer.comment(issue, `/enki resume ${victim}`);
    expect(await seesLater(/### Running/)).not.toContain("proposes");
  });

  test("a stranger's many commands get a few answers and one note", async () => {
    const stage = await openStage(nothing);
    const issue = await stage.maintainer.openIssue("A question", "");
    const stranger = stage.person("stranger", "read");
    for (let count = 0; count < 12; count += 1) await stranger.comment(issue, "/enki fix it");
    await stage.replies(issue, /wrote more comments with commands than Enki answers/);
    await settle(stage, issue);
    // Three refusals, the note, and the answer to the maintainer.
    expect(await stage.said(issue)).toHaveLength(5);
  });

  test("B-28 answers an approval of another plan's hash with the line to copy, and approves nothing", async () => {
    const stage = await openStage(nothing);
    const issue = await stage.ask();
    const line = await stage.planned(issue);
    await stage.maintainer.comment(issue, "/enki approve 000000000000");
    expect(await stage.replies(issue, /\/enki approve/)).toContain(line);
    expect((await stage.said(issue, "execution")).join()).toMatch(/A plan, for your approval/);
  });

  test("B-29 refuses a comment edited before it was read; a later edit has no effect", async () => {
    const stage = await openStage({ ...nothing, webhooks: false });
    const issue = await stage.maintainer.openIssue("A question", "");
    const edited = await stage.maintainer.comment(issue, "Nothing to see here");
    stage.later(2_000);
    await stage.edit(edited, "/enki fix it");
    await stage.sweep();
    await stage.replies(issue, /edited/);
    // REST's times show no edit within the second of the creation.
    const quick = await stage.maintainer.comment(issue, "Nothing to see here either");
    await stage.edit(quick, "/enki fix it");
    await stage.sweep();
    await stage.until(
      "a second refusal",
      async () => (await stage.said(issue)).filter((body) => /edited/.test(body)).length === 2 || undefined,
    );
    const asked = await stage.maintainer.comment(issue, "/enki fix it");
    await stage.sweepUntil("a plan", async () => (await stage.said(issue, "execution")).join().includes("/enki approve"));
    await stage.edit(asked, "/enki cancel");
    await stage.sweep();
    expect((await stage.said(issue, "execution")).join()).toMatch(/A plan, for your approval/);
  });
});

test("/enki explain says why a step waits, with its run and the line that helps; a reader may ask, and nothing else changes", async () => {
  const proposal = plan(step("fix", { checkpoint: true }), step("docs", { needs: ["fix"] }));
  const stage = await openStage({
    script: ({ job }) => {
      if (job.startsWith("plan/")) return { plan: proposal };
      return job.startsWith("verify/") ? { verdict: "green" } : { files: { "a.txt": "1\n" } };
    },
  });
  const issue = await stage.ask();
  const proposed = await stage.planned(issue);
  await stage.maintainer.comment(issue, "/enki explain docs");
  expect(await stage.replies(issue, /awaits-approval/)).toContain(`\n${proposed}\n`);
  await stage.approve(issue);
  await stage.shows(issue, /Waiting for you/);
  const id = /Execution `([0-9a-f]+)`/.exec(await stage.shows(issue, /Waiting for you/))?.[1] ?? "";
  const steps = async () => {
    const text = await stage.git("show", `refs/enki/ledger:executions/${id}/state.json`);
    const read = JSON.parse(text) as { steps: Record<string, { state: string; attempt: number; head: unknown; pull: number | null }> };
    return Object.values(read.steps).map(({ state, attempt, head, pull }) => ({ state, attempt, head, pull }));
  };
  const before = await steps();
  await stage.person("reader", "read").comment(issue, "/enki explain");
  const whole = await stage.replies(issue, /awaits-person/);
  expect(whole).toMatch(/- `fix` is waiting: .*checkpoint[^]*- `docs` is pending: It starts after `fix`\./);
  await stage.maintainer.comment(issue, "/enki why fix");
  const why = await stage.replies(issue, /^`fix` \(Do fix\) is \*\*waiting\*\*/m);
  expect(why).toMatch(/Gate: an approving review of #\d+ at `[0-9a-f]{12}`, by a person with write permission\./);
  expect(why).toMatch(/passed in candidate `[0-9a-f]{12}`\. · \[run\]\(http:\S+\/octo\/demo\/actions\/runs\/\d+\)/);
  expect(await steps()).toEqual(before);
});

test("B-27 refuses a webhook with a wrong signature", async () => {
  const stage = await openStage({ ...nothing, webhooks: false });
  const issue = await stage.ask();
  const body = JSON.stringify({
    action: "created",
    issue: { number: issue },
    comment: {
      id: 1,
      user: { login: "maintainer", type: "User" },
      body: "/enki fix it",
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
    },
    repository: { full_name: "octo/demo", default_branch: "main" },
    installation: { id: 1 },
  });
  const send = (secret: string): Promise<Response> =>
    fetch(stage.app.url, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "x-github-event": "issue_comment",
        "x-github-delivery": "0c1d0d76-0000-4000-a000-000000000000",
        "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
      },
    });
  expect((await send("another-secret")).ok).toBe(false);
  await stage.app.service.waitUntilIdle();
  expect(await stage.said(issue)).toEqual([]);
  expect(await stage.git("for-each-ref", "refs/enki")).toBe("");
});
