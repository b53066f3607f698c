import { expect, test } from "vitest";
import { openSeeds } from "../conformance/seed-stage.ts";
import { LOOK_AND_LIST } from "./look-and-list.ts";

test("what agents report of each attempt is in the ledger, and its sum at the end of the run", async () => {
  const acts = [{ act: "say", value: "Found.\n[OUTPUT]Found.[/OUTPUT]" }];
  const { run } = openSeeds({ ".enki/workflows/look.md": LOOK_AND_LIST }, acts, {
    program: "claude",
    fixture: "headless.mjs",
    env: { ANTHROPIC_API_KEY: "the-key-of-the-model-0123456789" },
  });
  const it = await run("--workflow", "look");
  expect({ code: it.code, err: it.err }).toEqual({ code: 0, err: "" });
  expect(it.out).toContain("\nUsage: 22 tokens in, 10 cached, 14 out, $0.50.\n");
  const usage = { inputTokens: 11, outputTokens: 7, cachedTokens: 5, costUsd: 0.25 };
  expect(it.state().usage).toEqual({ [`work/${it.id}-look/1`]: usage, [`work/${it.id}-list/1`]: usage });
});
