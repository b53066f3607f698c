import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NO_USAGE } from "../../../src/core/domain/agent-usage.ts";
import { findPreset } from "../../../src/job/agent/find-preset.ts";
import { openAgentTranscript } from "../../../src/job/agent-transcript.ts";
import { CLI } from "../../support/cli.ts";
import { gone, manualTimers, openStage, TIMEOUT } from "./stage.ts";

let stage = openStage();
beforeEach(() => {
  stage.close();
  stage = openStage();
});
afterEach(() => stage.close());

describe("a session of an earlier attempt", () => {
  const FIXTURE = new URL("../../fixtures/agent.mjs", import.meta.url).pathname;
  const resume = { id: "0d0f4d0e-9b0a-4e57-9c5c-6f3f0a1b2c3d", prompt: "Continue." };
  const ask = (env: Readonly<Record<string, string>>) =>
    stage.run({ args: [FIXTURE, '{"recall":true}', '{"echoPrompt":true}'], env: { PATH: process.env["PATH"] ?? "", ...env }, resume });

  test("is continued, without the messages that the agent repeats", async () => {
    const project = join(stage.root, ".claude", "projects", stage.workspace.replaceAll(/[^a-zA-Z0-9]/g, "-"));
    mkdirSync(project, { recursive: true });
    writeFileSync(join(project, `${resume.id}.jsonl`), `${JSON.stringify({ text: "It is in the parser." })}\n`);
    expect(await ask({ HOME: stage.root })).toMatchObject({
      messages: ["recalled: It is in the parser.Continue."],
      sessionId: resume.id,
    });
  });

  test("that the agent no longer has is replaced by a new one with the whole prompt", async () => {
    expect(await ask({ HOME: stage.root })).toMatchObject({ end: "finished", messages: ["recalled: nothingDo it."] });
  });
});

describe("how a session ends", () => {
  test("finished: with the agent's complete text", async () => {
    const end = await stage.play(`act = [{ say = "one" }, { say = "two" }]`);
    expect(end).toMatchObject({ end: "finished", reason: "" });
    expect(end.messages).toEqual(["This is a rehearsal (a test): it calls no model.\none\ntwo\n"]);
  });

  test("B-13 finished without text", async () => {
    expect(await stage.play("")).toEqual({
      end: "finished",
      reason: "",
      failure: null,
      messages: [],
      usage: NO_USAGE,
      sessionId: null,
      stderr: "",
    });
  });

  test("B-11 crashed: with exit code, text so far and the end of standard error", async () => {
    const play = join(stage.root, "crash.toml");
    writeFileSync(play, `title = "a test"\n[[scene]]\nact = [{ say = "so far" }, { crash = 7 }]`);
    const end = await stage.shell(`echo "out of cheese" >&2; exec "${process.execPath}" "${CLI}" rehearse "${play}"`);
    expect(end).toMatchObject({
      end: "crashed",
      reason: "the agent exited with 7. The end of its transcript may say why; test the agent with enki doctor --agent.",
      stderr: "out of cheese\n",
    });
    expect(end.messages.join("\n")).toContain("so far");
  });

  test("crashed: killed by a signal", async () => {
    expect(await stage.shell("kill -SEGV $$")).toMatchObject({
      end: "crashed",
      reason: "the agent was ended by SIGSEGV. The end of its transcript may say why; test the agent with enki doctor --agent.",
    });
  });

  test("refused: missing command or directory", async () => {
    expect(await stage.run({ command: "no-such-agent" })).toMatchObject({
      end: "refused",
      failure: { code: "agent-missing" },
      reason: expect.stringMatching(/^The agent's command `no-such-agent` cannot be started .*Correct `\[agent\] command`/) as string,
    });
    expect(await stage.run({ cwd: join(stage.root, "nowhere") })).toMatchObject({ end: "refused", failure: { code: "agent-missing" } });
  });

  test("refused: a shell that finds no agent", async () => {
    expect(await stage.shell("no-such-agent --acp")).toMatchObject({ end: "refused", failure: { code: "agent-missing" } });
  });

  test("crashed: silent exit with code 0", async () => {
    expect(await stage.shell("exit 0")).toMatchObject({
      end: "crashed",
      reason: "the agent exited with 0. The end of its transcript may say why; test the agent with enki doctor --agent.",
    });
  });

  test("refused: no key, and the reason names the preset's variable", async () => {
    const end = await stage.shell(
      `read line; echo '{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"log in first"}}'; while read line; do :; done`,
      { found: findPreset({ preset: "gemini", command: null, args: [], protocol: "acp" }) },
    );
    expect(end).toMatchObject({
      end: "refused",
      failure: { code: "auth" },
      reason: expect.stringMatching(
        /^Gemini CLI could not authenticate \(log in first\)\. Check GEMINI_API_KEY or GOOGLE_API_KEY: /,
      ) as string,
    });
  });

  test.each(["headless", "acp"] as const)(
    "crashed, and alone: with JSON that is nested too deeply to be written, over %s",
    async (protocol) => {
      const [depth, file] = [100_000, join(stage.root, "lines")];
      const deep = "[".repeat(depth) + "]".repeat(depth);
      const call = { type: "tool_use", id: "t", name: "Bash", input: { command: "DEEP" } };
      const update = { sessionUpdate: "tool_call", toolCallId: "t", title: "x", rawInput: "DEEP" };
      const line = {
        headless: { type: "assistant", message: { id: "1", content: [call] } },
        acp: { jsonrpc: "2.0", method: "session/update", params: { sessionId: "s", update } },
      }[protocol];
      writeFileSync(file, `${JSON.stringify(line).replace('"DEEP"', deep)}\n`);
      const transcript = openAgentTranscript({ job: "work/0a1b2c-fix/1", agent: "an agent", secrets: [], log: () => undefined });
      const end = await stage.shell(`cat '${file}'; read line; exit 3`, {
        found: findPreset({ preset: "claude", command: null, args: [], protocol }),
        onUpdate: transcript.update,
      });
      expect(end.end).toBe("crashed");
    },
  );

  test("ignores other output on standard output", async () => {
    const play = join(stage.root, "play.toml");
    writeFileSync(play, `title = "a test"\n[[scene]]\nact = [{ say = "done" }]`);
    const end = await stage.shell(`echo Welcome to the agent; echo '{}'; exec "${process.execPath}" "${CLI}" rehearse "${play}"`);
    expect(end).toMatchObject({ end: "finished" });
    expect(end.messages.join("\n")).toContain("done");
  });

  test("keeps only the end of standard error", async () => {
    const end = await stage.shell(`head -c 100000 /dev/zero | tr '\\0' x >&2; echo last >&2; exit 1`);
    expect(end.stderr).toHaveLength(20_000);
    expect(end.stderr.endsWith("xlast\n")).toBe(true);
  });
});

describe("B-12 an agent that hangs is ended at the time limit", () => {
  test("is asked to stop first", async () => {
    const { after, fire, waiting } = manualTimers();
    const end = await stage.play(`act = [{ say = "thinking" }, { hang = true }]`, {
      after,
      onUpdate: (update) => {
        if (update.sessionUpdate === "agent_message_chunk" && JSON.stringify(update).includes("thinking")) fire(TIMEOUT);
      },
    });
    expect(end).toMatchObject({
      end: "timed-out",
      reason: "the agent did not finish within 1 h. Set a longer `timeout_minutes` in `[tiers]`, or split the step.",
    });
    expect(end.messages.join("\n")).toContain("thinking");
    expect(waiting.size, "timers that are still set").toBe(0);
  });

  test("is killed after the grace period if it does not stop", async () => {
    const play = join(stage.root, "hang.toml");
    writeFileSync(play, `title = "a test"\n[[scene]]\nact = [{ say = "thinking" }, { hang = true }]`);
    const { after, fire } = manualTimers((delay) => delay === 2_000);
    const end = await stage.shell(`trap '' TERM; echo $$ >&2; "${process.execPath}" "${CLI}" rehearse "${play}"; sleep 1000`, {
      after,
      onUpdate: (update) => {
        if (update.sessionUpdate === "agent_message_chunk" && JSON.stringify(update).includes("thinking")) fire(TIMEOUT);
      },
    });
    expect(end.end).toBe("timed-out");
    await gone(Number(end.stderr));
  });

  test("is asked to stop at an interruption too", async () => {
    const { after, waiting } = manualTimers();
    const interrupt = new AbortController();
    const end = await stage.play(`act = [{ say = "thinking" }, { hang = true }]`, {
      after,
      interrupt: interrupt.signal,
      onUpdate: (update) => {
        if (update.sessionUpdate === "agent_message_chunk" && JSON.stringify(update).includes("thinking")) interrupt.abort();
      },
    });
    expect(end).toMatchObject({
      end: "crashed",
      reason: "the agent was interrupted",
      failure: { code: "interrupted" },
    });
    expect(waiting.size, "timers that are still set").toBe(0);
  });

  test("is killed even if it never answered", async () => {
    const { after } = manualTimers((delay) => delay === TIMEOUT);
    expect(await stage.shell("cat >/dev/null", { after })).toMatchObject({ end: "timed-out", messages: [] });
  });
});

describe("no process and no time limit of an agent remains", () => {
  test("after what handles the end of its turn has failed", async () => {
    const { after, waiting } = manualTimers((delay) => delay === 3_000);
    const result = JSON.stringify({ type: "result", subtype: "success", result: "done" });
    const session = JSON.stringify({ type: "system", subtype: "init", session_id: "0d0f4d0e-9b0a-4e57-9c5c-6f3f0a1b2c3d" });
    const pids = join(stage.root, "pids");
    const played = stage.shell(`echo $$ > '${pids}'; echo '${session}'; echo '${result}'; while :; do sleep 1000; done`, {
      after,
      found: findPreset({ preset: "claude", command: null, args: [], protocol: "headless" }),
      onTurnEnd: () => Promise.reject(new Error("the work cannot be copied")),
      continueWith: () => Promise.resolve(null),
    });
    await expect(played).rejects.toThrow("the work cannot be copied");
    await gone(Number(readFileSync(pids, "utf8")));
    expect(waiting.size, "timers that are still set").toBe(0);
  });

  const background = (command: string): string => `act = [{ run = '${command} </dev/null >/dev/null 2>&1 & echo $!' }, { say = "done" }]`;
  const pidOf = (): number => Number(/^\d+/.exec(stage.calls()[0]?.text ?? "")?.[0]);

  test("after it left a background process", async () => {
    expect((await stage.play(background("sleep 1000"))).end).toBe("finished");
    expect(pidOf()).toBeGreaterThan(1);
    await gone(pidOf());
  });

  test("after Enki's own process has ended by a bug", async () => {
    const before = process.listeners("exit");
    const ended = stage.shell("echo $$ >&2; while :; do sleep 1000; done");
    for (const listener of process.listeners("exit")) if (!before.includes(listener)) listener(1);
    expect(await ended).toMatchObject({ end: "crashed", reason: expect.stringContaining("SIGKILL") as string });
    expect(process.listeners("exit")).toEqual(before);
  });

  test("after it ignored the request to stop", async () => {
    await stage.play(background(`bash -c "trap \\"\\" TERM HUP INT; sleep 1000; sleep 1000"`));
    expect(pidOf()).toBeGreaterThan(1);
    await gone(pidOf());
  });

  test("and one that left the process group does not delay the end", async () => {
    const { after } = manualTimers((delay) => delay === 500);
    const end = await stage.shell("setsid sleep 1000 & echo $! >&2; exit 3", { after });
    try {
      expect(end).toMatchObject({
        end: "crashed",
        reason: "the agent exited with 3. The end of its transcript may say why; test the agent with enki doctor --agent.",
      });
    } finally {
      process.kill(Number(end.stderr), "SIGKILL");
    }
  });
});

describe("an agent's rights", () => {
  test("its environment contains the given variables only", async () => {
    const env = { PATH: process.env["PATH"] ?? "", ENKI_KIND: "work", HOME: "/nowhere" };
    await stage.play(`act = [{ run = "env -0 | tr '\\\\0' '\\\\n' | sort" }]`, { env });
    const names = (stage.calls()[0]?.text ?? "").split("\n").flatMap((line) => line.split("=")[0] ?? []);
    // Variables that bash sets itself, and the mark of a process on machines without namespaces.
    const own = ["PWD", "SHLVL", "_", "OLDPWD", "(exit code 0)", "ENKI_SANDBOX"];
    expect(names.filter((name) => !own.includes(name) && name !== "")).toEqual(["ENKI_KIND", "HOME", "PATH"]);
  });

  test("reads and writes workspace files itself", async () => {
    writeFileSync(join(stage.workspace, "a.txt"), "one\ntwo\n");
    await stage.play(`act = [
      { read = "a.txt" },
      { edit = "a.txt", find = "two", replace = "three" },
      { write = "new/deep/b.txt", content = "b\\n" },
    ]`);
    expect(stage.calls().map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
    expect(stage.calls()[0]?.text).toBe("one\ntwo\n");
    expect(readFileSync(join(stage.workspace, "a.txt"), "utf8")).toBe("one\nthree\n");
    expect(readFileSync(join(stage.workspace, "new/deep/b.txt"), "utf8")).toBe("b\n");
  });

  test("a read-only role gets no permission and writes no file", async () => {
    writeFileSync(join(stage.workspace, "a.txt"), "one\n");
    const end = await stage.play(
      `act = [{ edit = "a.txt", find = "one", replace = "two" }, { write = "b.txt", content = "b" }, { read = "a.txt" }, { run = "true" }]`,
      { canEdit: false },
    );
    expect(end.end).toBe("finished");
    expect(stage.calls().map(({ status, text }) => [status, text])).toEqual([
      ["failed", "not allowed"],
      ["failed", "not allowed"],
      ["completed", "one\n"],
      ["completed", "(exit code 0)"],
    ]);
    expect(readFileSync(join(stage.workspace, "a.txt"), "utf8")).toBe("one\n");
    expect(existsSync(join(stage.workspace, "b.txt"))).toBe(false);
  });

  test("a permission request is judged by the preceding announcement of its call", async () => {
    // Several agents omit an announcement's fields from the request. A single write delivers both in one piece.
    const file = join(stage.root, "agent.cjs");
    writeFileSync(
      file,
      `const send = (...all) => process.stdout.write(all.map((each) => JSON.stringify({ jsonrpc: "2.0", ...each }) + "\\n").join(""));
      const update = (body) => ({ method: "session/update", params: { sessionId: "one", update: body } });
      const say = (text) => update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text } });
      const options = [{ optionId: "yes", name: "Yes", kind: "allow_once" }, { optionId: "no", name: "No", kind: "reject_once" }];
      const calls = ["edit", "execute"];
      const ask = (at) =>
        send(
          update({ sessionUpdate: "tool_call", toolCallId: "call-" + at, title: calls[at], kind: calls[at], status: "pending" }),
          { id: 100 + at, method: "session/request_permission", params: { sessionId: "one", toolCall: { toolCallId: "call-" + at }, options } },
        );
      require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
        const { id, method, result } = JSON.parse(line);
        if (method === "initialize") send({ id, result: { protocolVersion: 1, agentCapabilities: {}, authMethods: [] } });
        else if (method === "session/new") send({ id, result: { sessionId: "one" } });
        else if (method === "session/prompt") { calls.turn = id; ask(0); }
        else if (id >= 100) {
          send(say(calls[id - 100] + ": " + result.outcome.optionId + "\\n"));
          if (id === 100) ask(1);
          else send({ id: calls.turn, result: { stopReason: "end_turn" } });
        }
      });`,
    );
    const end = await stage.run({ args: [file], tools: ["read", "edit"] });
    expect(end).toMatchObject({ end: "finished", messages: ["edit: yes\n", "execute: no\n"] });
  });

  test("creates a file after reading that it is missing", async () => {
    await stage.play(`act = [{ read = "new.txt" }, { write = "new.txt", content = "n\\n" }]`);
    expect(stage.calls().map(({ status, text }) => [status, text.split(":")[0]])).toEqual([
      ["failed", "ENOENT"],
      ["completed", "changed new.txt"],
    ]);
  });

  test("a step with a report writes only that file, and not through a link", async () => {
    const report = join(stage.workspace, ".enki/artifacts/abcdef/look.md");
    const acts = (path: string): string => `act = [{ write = "${path}", content = "found" }, { write = "src/other.md", content = "x" }]`;
    await stage.play(acts(".enki/artifacts/abcdef/look.md"), { canEdit: false, report });
    expect(stage.calls().map(({ status }) => status)).toEqual(["completed", "failed"]);
    expect(readFileSync(report, "utf8")).toBe("found");
    expect(existsSync(join(stage.workspace, "src"))).toBe(false);
    const elsewhere = join(stage.workspace, "elsewhere");
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(stage.workspace, "linked"));
    symlinkSync(join(elsewhere, "target.md"), join(stage.workspace, "link.md"));
    for (const path of ["linked/look.md", "linked/new/look.md", "link.md"])
      await stage.play(acts(path), { canEdit: false, report: join(stage.workspace, path) });
    expect(
      stage
        .calls()
        .slice(2)
        .map(({ status }) => status),
    ).toEqual(Array.from({ length: 6 }, () => "failed"));
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test("is offered no file of the machine: neither a capability nor an answer", async () => {
    const file = join(stage.root, "agent.cjs");
    writeFileSync(join(stage.root, "secret.txt"), "secret\n");
    writeFileSync(
      file,
      `const send = (each) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...each }) + "\\n");
      const say = (text) => send({ method: "session/update", params: { sessionId: "one", update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } } } });
      let turn, offered;
      require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
        const { id, method, params, error } = JSON.parse(line);
        if (method === "initialize") { offered = params.clientCapabilities; send({ id, result: { protocolVersion: 1, agentCapabilities: {}, authMethods: [] } }); }
        else if (method === "session/new") send({ id, result: { sessionId: "one" } });
        else if (method === "session/prompt") {
          turn = id;
          say(JSON.stringify(offered));
          send({ id: 100, method: "fs/read_text_file", params: { sessionId: "one", path: "../secret.txt" } });
          send({ id: 101, method: "fs/write_text_file", params: { sessionId: "one", path: "../new.txt", content: "x" } });
        } else if (id >= 100) {
          say(" " + error.code);
          if (id === 101) send({ id: turn, result: { stopReason: "end_turn" } });
        }
      });`,
    );
    expect(await stage.run({ args: [file] })).toMatchObject({ end: "finished", messages: ["{} -32601 -32601"] });
    expect(existsSync(join(stage.root, "new.txt"))).toBe(false);
  });
});
