import { afterEach, describe, expect, test } from "vitest";
import type { PresetName } from "../../src/core/domain/agent-command.ts";
import { AGENT_PRESETS } from "../../src/job/agent/find-preset.ts";
import { CHOSEN_PRESETS, GATEWAY_KEY, installPreset } from "./real-agent.ts";
import { type ModelFault, openScriptedModel, type ScriptedCall, type ScriptedModel } from "./scripted-model.ts";
import {
  CONTINUED_HEADING,
  findActor,
  findLandedBranch,
  FIXER_WRITES,
  INTERRUPTED_HEADING,
  openStory,
  readExecution,
  readTranscripts,
  tellStory,
} from "./story-stage.ts";

const HOUR_S = 3_600;
const MS_PER_MINUTE = 60_000;

/** Each provider's answer when a quota is used up for the next two hours. */
const QUOTA_FAULTS: Readonly<Record<PresetName, ModelFault>> = {
  claude: {
    status: 429,
    message: "This request would exceed your account's rate limit.",
    headers: { "retry-after": String(2 * HOUR_S) },
  },
  codex: {
    status: 429,
    message: "The usage limit has been reached",
    fields: { type: "usage_limit_reached", resets_in_seconds: 2 * HOUR_S },
  },
  gemini: {
    status: 429,
    message: "You exceeded your current quota. Please retry in 2h0m0s.",
    fields: { details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${2 * HOUR_S}s` }] },
  },
  opencode: { status: 429, message: "Rate limit reached", headers: { "retry-after": String(2 * HOUR_S) } },
};

let model: ScriptedModel | null = null;
afterEach(async () => {
  await model?.close();
  model = null;
});

describe.each(CHOSEN_PRESETS)("enki run with the real %s, whose model fails", (preset) => {
  const { path, missing } = installPreset(preset);
  if (missing !== null) console.log(`skipped ${preset}: ${missing}`);
  const check = missing === null ? test : test.skip;
  const heading = AGENT_PRESETS[preset].sessions === null ? INTERRUPTED_HEADING : CONTINUED_HEADING;

  /** Opens a model whose step `fix` writes its file, and then receives `fault` as long as the fault is set. */
  const openFailing = async (first: ScriptedCall | null) => {
    const fault = { call: first };
    const story = tellStory({ fixer: FIXER_WRITES });
    model = await openScriptedModel({
      script: (conversation, step) => (findActor(conversation) === "fixer" && step > 0 ? fault.call : null) ?? story(conversation, step),
    });
    return { fault, model };
  };

  check("waits for the quota until its provider's time, counts no fault, and finishes after --resume", async () => {
    const { fault, model: opened } = await openFailing({ fail: QUOTA_FAULTS[preset] });
    const { terminal, git, cwd, env, args } = openStory(preset, { path, url: opened.url });
    const running = terminal.start(args, { cwd, env });
    const [, until = ""] = await running.prints(/Waits for the quota of its model until (\S+ \S+) UTC, then continues by itself\./);
    const minutes = (Date.parse(`${until.replace(" ", "T")}Z`) - (performance.timeOrigin + performance.now())) / MS_PER_MINUTE;
    expect({ minutes, isTwoHours: minutes > 115 && minutes < 123 }).toMatchObject({ isTwoHours: true });
    expect((await readExecution(terminal))?.steps["fix"]).toMatchObject({ state: "ready", faults: 0, attempt: 1, quota: { count: 1 } });
    running.signal("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130, out: expect.stringContaining("To continue: enki run --resume") as string });
    fault.call = null;
    const told = await terminal.run(["run", "--resume"], { cwd, env });
    expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
    expect(git("show", `${findLandedBranch(told.out)}:limit.txt`)).toBe("10");
    expect(opened.requests.some(({ body }) => body.includes(heading))).toBe(true);
    expect(new Set(opened.requests.map(({ key }) => key))).toEqual(new Set([GATEWAY_KEY]));
    expect(readTranscripts(cwd).every((text) => text.includes("The model's key is outside the agent"))).toBe(true);
    expect(terminal.processes()).toEqual([]);
  });

  check("tries again after a broken server, with what the attempt left, and lands the story", async () => {
    const { fault, model: opened } = await openFailing({ fail: { status: 500, message: "Internal server error" } });
    const { terminal, git, cwd, env, args } = openStory(preset, { path, url: opened.url });
    const running = terminal.start(args, { cwd, env });
    await running.prints(/fix: .*could not reach its model/);
    fault.call = null;
    const told = await running.ended;
    expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
    expect(git("show", `${findLandedBranch(told.out)}:limit.txt`)).toBe("10");
    expect(opened.requests.some(({ body }) => body.includes(heading))).toBe(true);
    expect(terminal.processes()).toEqual([]);
  });

  check("says within a minute that its model is out of reach, and what to check", { timeout: 60_000 }, async () => {
    model = await openScriptedModel({ script: tellStory() });
    const { url } = model;
    await model.close();
    const { terminal, cwd, env, args } = openStory(preset, { path, url });
    const running = terminal.start(args, { cwd, env });
    const [line] = await running.prints(/^.*could not reach its model.*$/m);
    expect(line).toMatch(/could not reach its model \(.+\)\. Check the network and the provider's status\./);
    running.signal("SIGINT");
    await running.ended;
    expect(terminal.processes()).toEqual([]);
  });

  check("stops an attempt whose model is silent, and gives what it left to the next", async () => {
    const { fault, model: opened } = await openFailing({ hang: true });
    const config = "[agent]\nidle_minutes = 0.4\n";
    const { terminal, git, cwd, env, args } = openStory(preset, { path, url: opened.url, config });
    const running = terminal.start(args, { cwd, env });
    await running.prints(/fix: .*reported nothing for/);
    fault.call = null;
    const told = await running.ended;
    expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
    expect(git("show", `${findLandedBranch(told.out)}:limit.txt`)).toBe("10");
    expect(opened.requests.some(({ body }) => body.includes(heading))).toBe(true);
  });
});
