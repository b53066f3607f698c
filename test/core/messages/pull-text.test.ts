import { describe, expect, test } from "vitest";
import type { Conflict } from "../../../src/core/domain/conflict.ts";
import { createStep, type Step } from "../../../src/core/domain/step.ts";
import { type PullBodyInput, renderPullBody, renderUnfollowedPullBody } from "../../../src/core/messages/pull-text.ts";
import { toPullStateKey } from "../../../src/core/messages/pull-state.ts";
import { isTextOfStep, renderLostPull } from "../../../src/core/messages/lost-pull.ts";
import { SHOWN } from "./upload-limit.ts";

const URL = "https://github.example/acme/shop";
const HEAD = "a".repeat(40);
const running = SHOWN["running"];
if (!running?.plan) throw new Error("there is no running execution");
const { execution, plan } = running;

const published = {
  ...createStep("test_upload"),
  state: "published",
  attempt: 1,
  pull: 6,
  head: { sha: HEAD, since: 0, by: "worker" },
  result: "b".repeat(40),
  output: "A file of 5 MB is stored, one of 11 MB is refused.",
} as const satisfies Step;
const passed = { head: HEAD, commit: "c".repeat(40), run: 71, passed: true };
const conflicts: readonly Conflict[] = [{ path: "test/large-upload.test.js", kind: "contents" }] as const;
const WAIT = { code: "checkpoint", message: "Nobody has approved this head yet.", next: "" };

const inputOf = (step: Step, id = step.id): PullBodyInput => {
  const planned = plan.steps.find((each) => each.id === id);
  if (!planned) throw new Error(`there is no step ${id}`);
  return {
    execution,
    planned,
    step,
    progressUrl: `${URL}/issues/1#issuecomment-9`,
    terms: {
      mode: "each",
      reason: "its rules require a review of each pull request",
      checks: [],
      requiredReviews: 1,
      requiresExactCommit: false,
    },
    commands: ["npm ci", "npm test", ...planned.verify],
    repositoryUrl: URL,
  };
};

/** Returns the first lines, which show the state. */
const stateOf = (step: Step): string => renderPullBody(inputOf(step)).split("\n\nStep `")[0] ?? "";

/** Returns the part about the verification. */
const verificationOf = (step: Step): string =>
  /\*\*Verification\*\*\n\n([\s\S]*?)\n\n(?:\*\*|<sub>)/.exec(renderPullBody(inputOf(step)))?.[1] ?? "";

describe("the text of a pull request", () => {
  test("says how the agent's job checked the work, unless a person pushed since", () => {
    const checked: Step = { ...published, workCheck: { failed: ["npm test"], end: "passed" } };
    expect(verificationOf(checked)).toMatch(/\n\nThe agent's job checked its work before: `npm test` failed once, then passed\.$/);
    const pushed: Step = { ...checked, head: checked.head && { ...checked.head, by: "person" } };
    expect(verificationOf(pushed)).not.toContain("checked its work");
  });

  test("opened: what is asked, done, verified, and how it lands", () => {
    expect(renderPullBody(inputOf(published))).toMatchInlineSnapshot(`
      "🔵 **In the queue of \`main\`.** It lands once it is verified together with the work ahead of it, after the steps that it needs. [Its place in the queue](https://github.example/acme/shop/issues/1#issuecomment-9)

      Step \`test_upload\` of the plan for #1, requested by maintainer: fix the bug where users can't upload files larger than 1MB

      **Changes**, in the worker's words

      > A file of 5 MB is stored, one of 11 MB is refused.

      **Task**

      May change only \`test/**\`; verified also by \`node --test test/large-upload.test.js\`

      > A file of 5 MB is stored and given back, one of 11 MB is refused.

      **Verification**

      Enki runs these commands on the commit that would land:

      - \`npm ci\`
      - \`npm test\`
      - \`node --test test/large-upload.test.js\`

      **How it lands**

      Enki lands it automatically as soon as the commit that would land is verified and this head has the approving reviews that the rules require.

      On \`main\` pull requests are merged one at a time (each): its rules require a review of each pull request.

      <sub>Task \`abc123-test_upload\` of execution \`abc123\` · [progress](https://github.example/acme/shop/issues/1#issuecomment-9) · push to this branch to change what lands · \`/enki cancel abc123-test_upload\` on #1 withdraws it</sub>"
    `);
  });

  test("landed: nothing in it speaks of the future", () => {
    expect(renderPullBody(inputOf({ ...published, state: "done", landed: { commit: "d".repeat(40), at: 0 }, verification: passed })))
      .toMatchInlineSnapshot(`
      "✅ **Landed** on \`main\` as dddddddddddddddddddddddddddddddddddddddd.

      Step \`test_upload\` of the plan for #1, requested by maintainer: fix the bug where users can't upload files larger than 1MB

      **Changes**, in the worker's words

      > A file of 5 MB is stored, one of 11 MB is refused.

      **Task**

      May change only \`test/**\`; verified also by \`node --test test/large-upload.test.js\`

      > A file of 5 MB is stored and given back, one of 11 MB is refused.

      **Verification**

      Passed on [\`cccccccccccc\`](https://github.example/acme/shop/commit/cccccccccccccccccccccccccccccccccccccccc) · [run](https://github.example/acme/shop/actions/runs/71):

      - \`npm ci\`
      - \`npm test\`
      - \`node --test test/large-upload.test.js\`

      <sub>Task \`abc123-test_upload\` of execution \`abc123\` · [progress](https://github.example/acme/shop/issues/1#issuecomment-9)</sub>"
    `);
  });

  test("a checkpoint that waits for its review, with the proof of its verification", () => {
    const checkpoint = { ...published, id: "fix_upload_limit" };
    expect(renderPullBody(inputOf({ ...checkpoint, state: "waiting", refusal: WAIT, deadline: 1, verification: passed })))
      .toMatchInlineSnapshot(`
      "🟡 **Waits for your review.** Its work is verified: approve this head with a review to land it on \`main\`.

      Step \`fix_upload_limit\` of the plan for #1, requested by maintainer: fix the bug where users can't upload files larger than 1MB

      **Changes**, in the worker's words

      > A file of 5 MB is stored, one of 11 MB is refused.

      **Task**

      > Raise the limit to 10 MB:
      >
      > \\- \`nginx.conf\`
      > \\- \`config.json\`
      >
      > They must stay equal: \`test/config.test.js\` compares them.

      **Verification**

      Passed on [\`cccccccccccc\`](https://github.example/acme/shop/commit/cccccccccccccccccccccccccccccccccccccccc) · [run](https://github.example/acme/shop/actions/runs/71):

      - \`npm ci\`
      - \`npm test\`

      **How it lands**

      This is a **checkpoint**: Enki lands it, and starts the steps that depend on it, once a person with write permission approves this exact head in a review.

      On \`main\` pull requests are merged one at a time (each): its rules require a review of each pull request.

      <sub>Task \`abc123-fix_upload_limit\` of execution \`abc123\` · [progress](https://github.example/acme/shop/issues/1#issuecomment-9) · push to this branch to change what lands · \`/enki cancel abc123-fix_upload_limit\` on #1 withdraws it</sub>"
    `);
  });

  test("edited too often", () => {
    const { planned, progressUrl } = inputOf(published);
    expect(renderUnfollowedPullBody({ execution, planned, progressUrl })).toMatchInlineSnapshot(`
      "Step \`test_upload\` of the plan for #1. Its state changed so often that this text no longer follows it; [the comment on the issue](https://github.example/acme/shop/issues/1#issuecomment-9) does.

      **Task**

      May change only \`test/**\`; verified also by \`node --test test/large-upload.test.js\`

      > A file of 5 MB is stored and given back, one of 11 MB is refused."
    `);
  });
});

describe("the state at the top", () => {
  test("resolving a conflict", () => {
    const resolution = {
      head: HEAD,
      conflicts,
      resolvedHead: null,
      attempt: 1,
      failedAttempts: 0,
      deadline: null,
      notBefore: 0,
      log: "",
      summary: "",
    };
    expect(stateOf({ ...published, resolution } as unknown as Step)).toMatchInlineSnapshot(
      `"🔵 **Resolving a conflict** with \`main\` in \`test/large-upload.test.js\`. This branch gets a new head, which is verified again."`,
    );
  });

  test("reworked after a review", () => {
    expect(stateOf({ ...published, state: "running" })).toMatchInlineSnapshot(
      `"🔵 **Being reworked.** The next attempt gives this branch a new head, which is verified again."`,
    );
  });

  test("held by a label", () => {
    const refusal = { code: "hold", message: "#6 has the label `hold`.", next: "remove the label" };
    expect(stateOf({ ...published, state: "waiting", refusal, deadline: 1 })).toMatchInlineSnapshot(`
      "🟡 **Held by a person.** \\#​6 has the label \`hold\`. ([\`hold\`](https://github.com/enki-bot/enki/blob/v0.1.0/docs/reference/refusals.md#hold))

      Next: remove the label"
    `);
  });

  test("waiting for reviews that the rules require", () => {
    const refusal = { code: "unreviewed", message: "It has 1 of 2 required approvals.", next: "approve the pull request" };
    expect(stateOf({ ...published, state: "waiting", refusal, deadline: 1 })).toMatchInlineSnapshot(
      `"🟡 **Waits for your review.** Its work is verified: approve this head with a review to land it on \`main\`. It has 1 of 2 required approvals. ([\`unreviewed\`](https://github.com/enki-bot/enki/blob/v0.1.0/docs/reference/refusals.md#unreviewed))"`,
    );
  });

  test("failed verification: why, the last output and the run", () => {
    const step: Step = {
      ...published,
      state: "failed",
      refusal: { code: "verification-failed", message: "Its candidate did not pass verification.", next: "/enki retry abc123-test_upload" },
      lastFailure: "$ npm test\n| not ok 3 - 413\nthe command exited with 1",
      verification: { ...passed, passed: false },
    };
    expect(stateOf(step)).toMatchInlineSnapshot(`
      "❌ **Failed.** Its candidate did not pass verification. ([\`verification-failed\`](https://github.com/enki-bot/enki/blob/v0.1.0/docs/reference/refusals.md#verification-failed))

      \`\`\`
      /enki retry abc123-test_upload
      \`\`\`

      <details>
      <summary>Last output of <code>npm test</code></summary>

      \`\`\`text
      $ npm test
        not ok 3 - 413
      the command exited with 1
      \`\`\`

      </details>"
    `);
    expect(verificationOf(step)).toMatchInlineSnapshot(`
      "Failed on [\`cccccccccccc\`](https://github.example/acme/shop/commit/cccccccccccccccccccccccccccccccccccccccc) · [run](https://github.example/acme/shop/actions/runs/71):

      - \`npm ci\`
      - \`npm test\`
      - \`node --test test/large-upload.test.js\`"
    `);
  });

  test("paused, blocked, cancelled, skipped, and nothing to land", () => {
    const by = (code: string, message: string) => ({ code, message, next: "" });
    const states: readonly Step[] = [
      { ...published, state: "paused", refusal: by("paused", "Paused by maintainer.") },
      { ...published, state: "blocked", refusal: by("blocked", "It needs `abc123-fix_upload_limit`, which failed.") },
      { ...published, state: "cancelled", refusal: by("cancelled", "Cancelled by maintainer.") },
      { ...published, state: "skipped", refusal: by("skipped", "Skipped by maintainer.") },
      { ...published, state: "done", refusal: by("nothing-to-do", "The limit is already 10 MB.") },
    ];
    expect(states.map(stateOf).join("\n---\n")).toMatchInlineSnapshot(`
      "⏸️ **Not landing for now.** Paused by maintainer. ([\`paused\`](https://github.com/enki-bot/enki/blob/v0.1.0/docs/reference/refusals.md#paused))

      To continue, comment \`/enki resume abc123-test_upload\` on #1.
      ---
      ⛔ **Blocked.** It needs \`abc123-fix_upload_limit\`, which failed. ([\`blocked\`](https://github.com/enki-bot/enki/blob/v0.1.0/docs/reference/refusals.md#blocked))
      ---
      🚫 **Not landed.** Cancelled by maintainer. ([\`cancelled\`](https://github.com/enki-bot/enki/blob/v0.1.0/docs/reference/refusals.md#cancelled))
      ---
      ⏭️ **Not landed.** Skipped by maintainer. ([\`skipped\`](https://github.com/enki-bot/enki/blob/v0.1.0/docs/reference/refusals.md#skipped))
      ---
      ✅ **Nothing to land.** The limit is already 10 MB."
    `);
  });

  test("a verdict about an earlier head is not shown", () => {
    expect(
      verificationOf({ ...published, state: "waiting", refusal: WAIT, deadline: 1, verification: { ...passed, head: "e".repeat(40) } }),
    ).toContain("Enki runs these commands");
  });
});

describe("the key of what the text says", () => {
  test("stays the same while the head moves in the queue, is verified, or is held behind a need", () => {
    const key = toPullStateKey(published);
    expect(toPullStateKey({ ...published, head: { sha: "e".repeat(40), since: 9, by: "person" } })).toBe(key);
    expect(toPullStateKey({ ...published, verification: passed })).toBe(key);
    expect(toPullStateKey({ ...published, refusal: { code: "held", message: "It lands after `x`.", next: "" } })).toBe(key);
  });

  test("changes with the state, the result, the reason and the landed commit, and is part of a key of effects", () => {
    const hold = (message: string): Step => ({ ...published, state: "waiting", refusal: { code: "hold", message, next: "" }, deadline: 1 });
    const all = [
      published,
      { ...published, result: "f".repeat(40) },
      { ...published, state: "ready" } as const,
      hold("a/b"),
      hold("c"),
      { ...published, state: "done", landed: { commit: "d".repeat(40), at: 0 } } as const,
    ].map(toPullStateKey);
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((key) => key.includes("/"))).toEqual([]);
  });
});

describe("the text after the ledger was lost", () => {
  const lost = { execution: execution.id, step: "test_upload", issue: 1 };
  const words = "\n\nStep `test_upload` of the plan for #1, \n\n**How it lands**\n\n<sub>Task `abc123-test_upload` of execution ";
  const text = renderPullBody(inputOf({ ...published, output: `Done.${words}` }));

  test("keeps what was asked and done, and promises nothing", () => {
    const shown = renderLostPull(text, lost);
    expect(shown.split("\n\n")[0]).toContain("Someone deleted `refs/enki/ledger`");
    expect(shown).toContain("**Changes**, in the worker's words\n\n> Done.\n");
    expect(shown).toContain("> A file of 5 MB is stored and given back, one of 11 MB is refused.\n");
    expect(shown).not.toMatch(/In the queue|^\*\*(?:Verification|How it lands)|push to this branch|\/enki cancel/m);
    expect(shown.split("\n").at(-1)).toBe(
      `<sub>Task \`${execution.id}-test_upload\` of execution \`${execution.id}\` · [progress](${URL}/issues/1#issuecomment-9)</sub>`,
    );
  });

  test("is that of its own step only", () => {
    expect([isTextOfStep(text, lost), isTextOfStep(text, { ...lost, step: "fix" }), isTextOfStep(text, { ...lost, issue: 2 })]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
