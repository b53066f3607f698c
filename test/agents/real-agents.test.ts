import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { findLogin } from "../../src/cli/agent-logins.ts";
import { AGENT_PROTOCOLS } from "../../src/core/domain/agent-command.ts";
import { AGENT_PROGRAMS } from "../../src/core/domain/agent-program.ts";
import { AGENT_PRESETS } from "../../src/job/agent/find-preset.ts";
import { findAgentProgram } from "../../src/job/agent/resolve-agent.ts";
import { toLoginFiles, writeLogin } from "../support/agent-logins.ts";
import { playTurn, type TurnOptions } from "./agent-turn.ts";
import { CHOSEN_PRESETS, GATEWAY_KEY, installPreset, toGatewayVariables } from "./real-agent.ts";
import { type ModelFault, type ModelScript, openScriptedModel, type ScriptedModel } from "./scripted-model.ts";
import { expectWholeTurn, TURN_SCRIPT } from "./turn-contract.ts";

/** With `ENKI_RECORD=1`, each whole turn is recorded for the replaying tests. */
const RECORDER = process.env["ENKI_RECORD"] === "1" ? new URL("../fixtures/record-wire.mjs", import.meta.url).pathname : null;

let model: ScriptedModel | null = null;
afterEach(async () => {
  await model?.close();
  model = null;
});

describe.each(CHOSEN_PRESETS)("the real %s", (preset) => {
  const { path, missing } = installPreset(preset);
  if (missing !== null) console.log(`skipped ${preset}: ${missing}`);
  const check = missing === null ? test : test.skip;
  const turn = (url: string, protocol: TurnOptions["protocol"], over: Partial<TurnOptions> = {}) =>
    playTurn({ preset, protocol, command: null, env: { PATH: path, ...toGatewayVariables(preset, url) }, ...over });

  check.each(AGENT_PROTOCOLS)("plays a whole turn over %s", async (protocol) => {
    model = await openScriptedModel({ script: TURN_SCRIPT });
    const program = await findAgentProgram(AGENT_PROGRAMS[preset][protocol].programs[0], path);
    const file = new URL(`../fixtures/wire/${preset}-${protocol}.jsonl`, import.meta.url).pathname;
    if (RECORDER) rmSync(file, { force: true });
    const played = await turn(model.url, protocol, {
      ...(RECORDER && { command: [process.execPath, RECORDER, file, program ?? ""] as const }),
    });
    expectWholeTurn(played, [preset, protocol]);
    expect(played.file).toBe("10\n");
    expect(model.requests.at(-1)?.body).toContain("tasks: 0 pending");
  });

  check.each(preset === "claude" ? AGENT_PROTOCOLS : [])(
    "works with a subscription's token outside the agent over %s",
    async (protocol) => {
      model = await openScriptedModel({ script: TURN_SCRIPT });
      const env = { PATH: path, CLAUDE_CODE_OAUTH_TOKEN: GATEWAY_KEY, ANTHROPIC_BASE_URL: model.url };
      expect(await turn(model.url, protocol, { env })).toMatchObject({ end: "finished", file: "10\n" });
      expect(new Set(model.requests.map(({ key }) => key))).toEqual(new Set([GATEWAY_KEY]));
    },
  );

  check.each(preset === "codex" ? AGENT_PROTOCOLS : [])("works with a login of the machine over %s", async (protocol) => {
    model = await openScriptedModel({ script: TURN_SCRIPT });
    const now = new Date().getTime();
    const files = toLoginFiles(now).codex;
    const home = mkdtempSync(join(tmpdir(), "enki-login-"));
    writeLogin(home, files);
    const found = await findLogin({ env: { HOME: home }, now: () => now }, preset);
    rmSync(home, { recursive: true });
    const env = { PATH: path, CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${model.url}/oauth/token` };
    const settings = [
      'model_provider = "own"',
      "[model_providers.own]",
      `name = "own"\nbase_url = "${model.url}/v1"\nrequires_openai_auth = true\nsupports_websockets = false`,
      // Codex compresses its requests after a login with ChatGPT.
      "[features]\nenable_request_compression = false",
    ];
    const login = { ...found?.files, ".codex/config.toml": settings.join("\n") };
    const played = await turn(model.url, protocol, { env, login });
    expect(played).toMatchObject({ end: "finished", file: "10\n" });
    const { access_token: token } = files[".codex/auth.json"].tokens;
    expect(new Set(model.requests.map(({ key }) => key))).toEqual(new Set([token]));
  });

  check.each(preset === "codex" ? AGENT_PROTOCOLS : [])("works with Azure OpenAI over %s", async (protocol) => {
    model = await openScriptedModel({ script: TURN_SCRIPT });
    const env = { PATH: path, AZURE_OPENAI_API_KEY: GATEWAY_KEY, AZURE_OPENAI_ENDPOINT: model.url };
    expect(await turn(model.url, protocol, { env })).toMatchObject({ end: "finished", file: "10\n" });
    expect(new Set(model.requests.map(({ key }) => key))).toEqual(new Set([GATEWAY_KEY]));
  });

  const FAULTS: readonly (readonly [name: string, fault: ModelFault | null, code: string])[] = [
    ["a wrong key", { status: 401, message: "invalid api key" }, "auth"],
    ["an exhausted quota", { status: 429, message: "You exceeded your current quota", headers: { "retry-after": "1" } }, "quota"],
    ["a broken server", { status: 500, message: "Internal server error" }, "overloaded"],
    ["a server that is not there", null, "overloaded"],
  ];

  check.each(FAULTS)("reports %s within a minute", { timeout: 60_000 }, async (_, fault, code) => {
    model = await openScriptedModel({ script: TURN_SCRIPT, fault });
    const { url } = model;
    if (fault === null) await model.close();
    const ended = await turn(url, AGENT_PROGRAMS[preset].preferred);
    expect({ code: ended.failure?.code, reason: ended.reason }).toEqual({ code, reason: expect.stringMatching(/\.$/) as string });
  });

  check("is stopped if its model is silent", async () => {
    model = await openScriptedModel({ script: () => ({ hang: true }) });
    const ended = await turn(model.url, AGENT_PROGRAMS[preset].preferred, { idleMs: 15_000 });
    expect(ended).toMatchObject({ end: "timed-out", failure: { code: "idle" } });
  });

  check.each(AGENT_PRESETS[preset].sessions === null ? [] : AGENT_PROTOCOLS)(
    "continues over %s the session of a turn that was stopped",
    async (protocol) => {
      let isReleased = false;
      const script: ModelScript = (_, step) => (step === 0 ? { shell: "echo found" } : isReleased ? { say: "Done." } : { hang: true });
      model = await openScriptedModel({ script });
      const root = realpathSync(mkdtempSync(join(tmpdir(), "enki-session-")));
      const stopped = await turn(model.url, protocol, { idleMs: 15_000, continued: { root } });
      expect(stopped).toMatchObject({ end: "timed-out", sessionId: expect.any(String) as string });
      isReleased = true;
      const played = await turn(model.url, protocol, { continued: { root, resume: stopped.sessionId ?? "" } });
      rmSync(root, { recursive: true });
      // The continued turn has no messages of the first turn.
      expect(played).toMatchObject({ end: "finished", messages: ["Done."], sessionId: stopped.sessionId });
      for (const words of ["Raise the limit.", "echo found", "Continue."]) expect(model.requests.at(-1)?.body).toContain(words);
    },
  );

  check.each(AGENT_PROTOCOLS)("has no tool over %s that starts other agents", async (protocol) => {
    model = await openScriptedModel({ script: () => ({ say: "Read." }) });
    await turn(model.url, protocol);
    const names = (model.requests[0]?.tools ?? []).map((name) => name.slice(name.lastIndexOf("/") + 1));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => /agent|^task$|delegate/i.test(name))).toEqual([]);
  });

  check("has no tool that writes if it may only read", async () => {
    model = await openScriptedModel({ script: (_, step) => (step === 0 ? { enki: "none", input: {} } : { say: "Read." }) });
    await turn(model.url, AGENT_PROGRAMS[preset].preferred, { canEdit: false });
    const names = (model.requests[0]?.tools ?? []).map((name) => name.slice(name.lastIndexOf("/") + 1));
    const writing = names.filter((name) => /^(?:write|edit|replace|multiedit|notebookedit|write_file|apply_patch)$/i.test(name));
    // Codex has no switch for write tools; the changes of such a step are discarded.
    expect(writing).toEqual(preset === "codex" ? ["apply_patch"] : []);
  });
});
