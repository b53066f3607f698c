import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { isSha } from "../../src/core/domain/ids.ts";
import { toResultRef } from "../../src/core/domain/refs.ts";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import { renderJobPrompt } from "../../src/job/job-prompt.ts";
import { writeStepTexts } from "../../src/job/step-texts.ts";
import { ID, openJobs } from "./stage.ts";

const FIXTURE = new URL("../fixtures/headless.mjs", import.meta.url);
const KEY = "the-key-of-the-model-0123456789";
const FIRST = `work/${ID}-fix/1` as const;
const SECOND = `work/${ID}-fix/2` as const;

let open: Awaited<ReturnType<typeof openJobs>> | null = null;
let root = "";
afterEach(() => {
  open?.repo.close();
  rmSync(root, { recursive: true, force: true });
});

type Act = { readonly act: string; readonly value?: string | number };

/** Runs an attempt of an agent that does these acts and then ends; returns the coordinator's view of the result. */
const interrupt = async (acts: readonly Act[]) => {
  root = mkdtempSync(join(tmpdir(), "enki-interrupted-"));
  const agent = join(root, "claude", "index.mjs");
  mkdirSync(join(root, "claude"));
  copyFileSync(FIXTURE, agent);
  const it = await openJobs({ agent: [process.execPath, agent, ...acts.map((act) => JSON.stringify(act))] });
  open = it;
  const { host, at } = await it.prepare(FIRST, { agentEnv: { ANTHROPIC_API_KEY: KEY } });
  await runAgentJob(host);
  const markdown = join(at.bundle, "transcript.md");
  const transcript = existsSync(markdown) ? readFileSync(markdown, "utf8") : "";
  await it.publish(FIRST, at.bundle);
  const result = it.repo.git("rev-parse", toResultRef(FIRST)).trim();
  if (!isSha(result)) throw new Error("no result");
  return { ...it, result, transcript, published: it.published(FIRST) };
};

/** Opens the next attempt, as seen by its agent. */
const continueWith = async (it: Awaited<ReturnType<typeof interrupt>>, base = it.base) => {
  await it.alter("fix", { attempt: 2, baseCommit: base, result: it.result });
  const { claimed, host } = await it.prepare(SECOND);
  if (!claimed.ok) throw new Error(claimed.refusal.message);
  const text = (path: string): string | null =>
    existsSync(join(host.workspace, path)) ? readFileSync(join(host.workspace, path), "utf8") : null;
  return { text, prompt: renderJobPrompt(host, claimed.value, await writeStepTexts(host, claimed.value)) };
};

const CRASH: readonly Act[] = [
  { act: "say", value: "I write half of it." },
  { act: "write", value: "half.txt" },
  { act: "exit", value: 1 },
];

describe("an attempt that is interrupted", () => {
  test.each<[how: string, last: Act, end: string]>([
    ["crashes", { act: "exit", value: 1 }, "crashed"],
    ["finds its quota used up", { act: "fail", value: "You've hit your usage limit. Try again in 2 hours." }, "failed"],
    ["has a wrong key", { act: "fail", value: "API Error: 401 authentication_failed" }, "failed"],
  ])("and %s keeps its files as its result, which lands nothing", async (_, last, end) => {
    const it = await interrupt([...CRASH.slice(0, 2), last]);
    expect(it.published?.result).toMatchObject({ end, files: [], kept: [{ path: "half.txt", mode: "100644" }] });
    expect(it.published?.tree).toEqual(["100644 kept/half.txt", "100644 output.md", "100644 result.json", "100644 transcript.md"]);
  });

  test("gives its files and the end of its transcript to the next attempt", async () => {
    const it = await interrupt(CRASH);
    const next = await continueWith(it);
    expect(next.text("half.txt")).toBe("written\n");
    expect(next.prompt).toContain("## An attempt before this one was interrupted");
    expect(next.prompt).toContain("The files that it changed are in the working directory, not committed");
    expect(next.prompt).toContain("I write half of it.\n\n**`Write`** `half.txt`");
  });

  test("gives its files on a newer base too", async () => {
    const it = await interrupt(CRASH);
    const newer = await it.repo.commit("main", { "src/new.txt": "new\n" });
    const next = await continueWith(it, newer);
    expect([next.text("half.txt"), next.text("src/new.txt")]).toEqual(["written\n", "new\n"]);
  });

  test("keeps its files apart if they no longer fit the base, and says where they are", async () => {
    const it = await interrupt(CRASH);
    const newer = await it.repo.commit("main", { "half.txt": "of a person\n" });
    const next = await continueWith(it, newer);
    expect(next.text("half.txt")).toBe("of a person\n");
    expect(next.prompt).toContain("They are under `kept/` of `refs/enki/interrupted`");
  });

  test("keeps no protected file", async () => {
    const it = await interrupt([
      { act: "write", value: ".enki/enki.toml" },
      { act: "write", value: "half.txt" },
      { act: "exit", value: 1 },
    ]);
    expect(it.published?.result?.kept).toEqual([{ path: "half.txt", mode: "100644" }]);
  });

  test("keeps its files beside a link, which has no content", async () => {
    const it = await interrupt([
      { act: "write", value: "half.txt" },
      { act: "link", value: "tool" },
      { act: "exit", value: 1 },
    ]);
    expect(it.published?.result?.kept).toEqual([{ path: "half.txt", mode: "100644" }]);
  });

  test("keeps a lock file with its manifest", async () => {
    const it = await interrupt([
      { act: "write", value: "package.json" },
      { act: "write", value: "package-lock.json" },
      { act: "exit", value: 1 },
    ]);
    expect(it.published?.result?.kept?.map(({ path }) => path)).toEqual(["package-lock.json", "package.json"]);
  });

  test.each(['{"resets_at":"0001-01-01T00:00:00Z"}', `Try again in ${"9".repeat(21)} days.`, `resets at ${"1".repeat(200)}`])(
    "keeps its files although its provider names an absurd time: %s",
    async (words) => {
      const it = await interrupt([...CRASH.slice(0, 2), { act: "fail", value: `You've hit your usage limit. ${words}` }]);
      expect(it.published?.result).toMatchObject({ end: "failed", failure: { code: "quota" }, kept: [{ path: "half.txt" }] });
    },
  );

  test("leaves a transcript for people beside the one for programs", async () => {
    const { transcript } = await interrupt(CRASH);
    expect(transcript).toContain(`# work/${ID}-fix/1\n\nClaude Code (headless)\n`);
    expect(transcript).toContain("I write half of it.\n\n**`Write`** `half.txt`\n\n```\ndone\n```\n");
    expect(transcript).toContain(
      "\n---\n\nthe agent exited with 1. The end of its transcript may say why; test the agent with enki doctor --agent.\n",
    );
  });
});

test("an attempt that ends by itself keeps nothing", async () => {
  const it = await interrupt([{ act: "say", value: "Nothing to do here." }]);
  expect(it.published?.result?.kept).toBeUndefined();
  const next = await continueWith(it);
  expect(next.prompt).not.toContain("interrupted");
});
