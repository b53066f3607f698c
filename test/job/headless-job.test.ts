import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openBundle } from "../../src/job/job-bundle.ts";
import type { JobSpec } from "../../src/job/job-spec.ts";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import type { StepHost } from "../../src/job/step-host.ts";
import { plan, step } from "../support/build.ts";
import { openModelServer } from "./proxy/model-server.ts";
import { ID, openJobs } from "./stage.ts";

const FIXTURE = new URL("../fixtures/headless.mjs", import.meta.url);
const KEY = "the-key-of-the-model-0123456789";

let open: Awaited<ReturnType<typeof openJobs>> | null = null;
let root = "";
afterEach(() => {
  open?.repo.close();
  rmSync(root, { recursive: true, force: true });
});

type Act = { readonly act: string; readonly value?: string | number | null; readonly input?: object; readonly resumed?: boolean };

type Work = { readonly job?: string; readonly verify?: readonly string[]; readonly corrections?: number; readonly budget?: number };

/** Runs a job of an agent with Claude Code's name and headless protocol. */
const work = async (acts: readonly Act[], over: Work & Partial<StepHost> = {}) => {
  root = mkdtempSync(join(tmpdir(), "enki-headless-"));
  const agent = join(root, "claude", "index.mjs");
  mkdirSync(join(root, "claude"));
  copyFileSync(FIXTURE, agent);
  const { job = `work/${ID}-fix/1`, verify = ["true"], corrections = 0, budget, ...host } = over;
  open = await openJobs({
    agent: [process.execPath, agent, ...acts.map((act) => JSON.stringify(act))],
    verify,
    corrections,
    plan: plan(step("fix", { role: "fixer" }), step("advise", { role: "adviser" })),
  });
  const prepared = await open.prepare(job, { agentEnv: { ANTHROPIC_API_KEY: KEY }, ...host });
  if (budget !== undefined) {
    const spec = JSON.parse(readFileSync(prepared.at.spec, "utf8")) as JobSpec;
    writeFileSync(prepared.at.spec, JSON.stringify({ ...spec, maxCostUsd: budget }));
  }
  const ended = await runAgentJob(prepared.host);
  const bundle = await openBundle(prepared.at.bundle);
  if (!bundle.ok) throw new Error(bundle.refusal.message);
  const { report, answer, output } = bundle.value;
  const file = join(prepared.at.bundle, "transcript.jsonl");
  const transcript = existsSync(file) ? readFileSync(file, "utf8") : "";
  const files = report.files.map(({ path }) => path);
  const publish = async () => {
    await open?.publish(job, prepared.at.bundle);
    return open?.published(job)?.result;
  };
  return {
    ...ended,
    files,
    answer,
    output,
    failure: report.failure,
    usage: report.usage,
    outcome: report.outcome,
    check: report.check,
    transcript,
    publish,
  };
};

const USAGE = { inputTokens: 11, outputTokens: 7, cachedTokens: 5, costUsd: 0.25 };

test("a headless agent plays a whole job: files, Enki's tools, answer, usage and transcript", async () => {
  const job = await work([
    { act: "say", value: "I look." },
    { act: "write", value: "new.txt" },
    { act: "tool", value: "enki_status", input: {} },
    { act: "see" },
    { act: "say", value: "Done.\n[OUTPUT]It is 10 MB.[/OUTPUT]" },
  ]);
  expect(job).toMatchObject({ end: "success", why: "", files: ["new.txt"], output: "It is 10 MB.", failure: null, usage: USAGE });
  const lines = job.transcript
    .trim()
    .split("\n")
    .map(
      (line) => JSON.parse(line) as { note?: string; sessionUpdate: string; title?: string; status?: string; content?: { text: string } },
    );
  expect(lines.shift()?.note).toBe("The model's key is outside the agent: Enki's proxy adds it to requests to `api.anthropic.com`.");
  expect(lines.map(({ sessionUpdate, title, status }) => [sessionUpdate, title ?? status ?? ""])).toEqual([
    ["agent_message_chunk", ""],
    ["tool_call", "Write"],
    ["tool_call_update", "completed"],
    ["tool_call", "mcp__enki__enki_status"],
    ["tool_call_update", "completed"],
    ["agent_message_chunk", ""],
    ["agent_message_chunk", ""],
  ]);
  const seen = lines[5]?.content?.text ?? "";
  expect(seen).toContain("uploads fail");
  expect(seen).toMatch(/"key":"enki-outside-[0-9a-f]{32}"/);
  expect(job.transcript).not.toContain(KEY);
  expect(await job.publish()).toMatchObject({ end: "success", usage: USAGE });
});

test("a headless agent that may not edit has no tool that writes", async () => {
  const job = await work([{ act: "see" }], { job: `work/${ID}-advise/1` });
  expect(job.transcript).toMatch(/\\"denied\\":\\"[^"]*,Write,Edit,/);
});

test("a wrong key ends the job at its second refusal, with the key's name", async () => {
  const job = await work([{ act: "retry", value: 401 }, { act: "retry", value: 401 }, { act: "hang" }]);
  expect(job).toMatchObject({
    end: "failed",
    failure: { code: "auth" },
    why: expect.stringMatching(/^Claude Code could not authenticate \(API Error: 401 unknown\)\. Check ANTHROPIC_API_KEY or /) as string,
  });
});

test("a used quota is told with the time of its renewal", async () => {
  const job = await work([{ act: "fail", value: "You've hit your limit · resets 3pm (UTC)" }]);
  expect(job).toMatchObject({ end: "failed", failure: { code: "quota", resets: "3pm (UTC)" }, usage: USAGE });
  expect(job.why).toMatch(
    /^The quota of Claude Code's model is used up \(.*\); it resets at 3pm \(UTC\)\. Retry then, or use another key\.$/,
  );
});

test("a used quota is renewed when the model's server says, although the agent leaves the time out", async () => {
  const server = await openModelServer((_, response) => void response.writeHead(429, { "retry-after": "7200" }).end("{}"));
  const agentEnv = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: server.url };
  const acts = [{ act: "ask" }, { act: "fail", value: "API Error: Request rejected (429)" }];
  const job = await work(acts, { agentEnv, now: () => 1_000 });
  await server.close();
  expect(job).toMatchObject({ end: "failed", failure: { code: "quota", resets: "in 7200 s", resetsAt: 7_201_000 } });
  expect(job.why).toContain("; it resets in 7200 s. Retry then, or use another key.");
});

test("an exit without a result is a crash", async () => {
  expect(
    await work([
      { act: "write", value: "half.txt" },
      { act: "exit", value: 0 },
    ]),
  ).toMatchObject({
    end: "crashed",
    why: "the agent exited with 0. The end of its transcript may say why; test the agent with enki doctor --agent.",
    failure: { code: "agent-crashed" },
    // For the next attempt only: publish lands no file of a crashed attempt.
    files: ["half.txt"],
  });
});

test("a headless agent corrects its work in the session of its first process", async () => {
  const acts: readonly Act[] = [
    { act: "remember", value: "the plan", resumed: false },
    { act: "write", value: "half.txt", resumed: false },
    { act: "recall", resumed: true },
    { act: "write", value: "new.txt", resumed: true },
    { act: "say", value: "Corrected.\n[OUTPUT]It is whole.[/OUTPUT]", resumed: true },
  ];
  const job = await work(acts, { verify: ["test -e new.txt"], corrections: 1 });
  expect(job).toMatchObject({ end: "success", files: ["half.txt", "new.txt"], output: "It is whole." });
  expect(job.check).toEqual({ failed: ["test -e new.txt"], end: "passed" });
  expect(job.transcript).toContain("recalled: the plan");
  expect(job.usage).toEqual({ inputTokens: 22, outputTokens: 14, cachedTokens: 10, costUsd: 0.5 });
});

test.each([
  [1, "options: "],
  [0.25, ""],
])("a correction by a headless agent keeps to the money of the attempt: $%d", async (budget, told) => {
  const acts: readonly Act[] = [
    { act: "remember", value: "x", resumed: false },
    { act: "write", value: "half.txt", resumed: false },
    { act: "options", resumed: true },
  ];
  const job = await work(acts, { verify: ["exit 1"], corrections: 1, budget });
  expect(job).toMatchObject({ end: "success", usage: { costUsd: told === "" ? 0.25 : 0.5 }, check: { failed: ["exit 1"], end: "failed" } });
  expect(job.answer.slice(0, told.length)).toBe(told);
  if (told !== "") expect(job.answer).toContain(`--max-budget-usd ${budget}`);
});
