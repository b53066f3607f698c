import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { hasNamespaces } from "../support/namespaces.ts";
import { CHOSEN_PRESETS, GATEWAY_KEY, installPreset } from "./real-agent.ts";
import { type ModelScript, openScriptedModel, type ScriptedModel } from "./scripted-model.ts";
import { findLandedBranch, FIXER_ACTS, openStory, readTranscripts, tellStory } from "./story-stage.ts";

let model: ScriptedModel | null = null;
afterEach(async () => {
  await model?.close();
  model = null;
});

describe.each(CHOSEN_PRESETS)("enki run with the real %s, whose key is in the shell only", (preset) => {
  const { path, missing } = installPreset(preset);
  if (missing !== null) console.log(`skipped ${preset}: ${missing}`);
  const check = missing === null ? test : test.skip;
  const open = (url: string, config = "") => openStory(preset, { path, url, config });

  check("lands a whole story, and nothing of what a planner or a step that may only read writes", async () => {
    model = await openScriptedModel({ script: tellStory() });
    const { terminal, git, cwd, env, args } = open(model.url);
    const told = await terminal.run(args, { cwd, env });
    expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
    const branch = findLandedBranch(told.out);
    expect(git("show", `${branch}:limit.txt`)).toBe("10");
    expect(git("ls-tree", "-r", "--name-only", branch)).toBe("limit.txt");
    expect(told.out).toContain("The limit is 1.");
    expect(new Set(model.requests.map(({ key }) => key))).toEqual(new Set([GATEWAY_KEY]));
    expect(terminal.processes()).toEqual([]);
  });

  check("lands the story with a limited network, and reaches no host beside its model", async () => {
    let reached = 0;
    const foreign = createServer((_, response) => {
      reached += 1;
      response.end("reached");
    });
    await new Promise<void>((resolve) => foreign.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`;
    const tries = `curl -s -m 5 --noproxy '*' ${address}; curl -s -m 5 -p -x "$http_proxy" http://stolen.example/; env -i curl -s -m 5 ${address}; true`;
    model = await openScriptedModel({ script: tellStory({ fixer: [{ shell: tries }, ...FIXER_ACTS.slice(1)] }) });
    const { terminal, cwd, git, env, args } = open(model.url, "[policy]\nnetwork = []\n");
    const told = await terminal.run(args, { cwd, env });
    foreign.close();
    expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
    const branch = findLandedBranch(told.out);
    expect(git("show", `${branch}:limit.txt`)).toBe("10");
    const transcripts = readTranscripts(cwd);
    expect(transcripts.every((text) => text.includes("The agent may reach no host but its model."))).toBe(true);
    expect(transcripts.join("\n")).toContain("Enki's network policy refused `stolen.example:80`");
    if (hasNamespaces)
      expect({ reached, isCut: transcripts.every((text) => text.includes("is cut off.")) }).toEqual({ reached: 0, isCut: true });
  });

  check("keeps the key away from the agent, its processes and its shell, while the story lands", async () => {
    model = await openScriptedModel({ script: tellStory() });
    const { terminal, cwd, env, args } = open(model.url);
    const told = await terminal.run(args, { cwd, env });
    expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
    const bodies = model.requests.map(({ body }) => body);
    expect(bodies.filter((body) => body.includes("enki-outside-")).length).toBeGreaterThan(0);
    expect(bodies.filter((body) => body.includes(GATEWAY_KEY))).toEqual([]);
    const transcripts = readTranscripts(cwd);
    expect(transcripts.length).toBeGreaterThanOrEqual(3);
    for (const text of transcripts)
      expect(text).toMatch(
        /> The model's key is outside the agent: Enki's proxy adds .* to (?:`api\.openai\.com`, )?`127\.0\.0\.1:\d+`\.\n/,
      );
    // The proxy refused no necessary request of the agent.
    expect(transcripts.join("").match(/proxy for the model's key refused .*/g) ?? []).toEqual([]);
  });

  check.each(["headless", "acp"] as const)(
    "corrects work that fails verification in its own job in the same session (%s)",
    { timeout: 400_000 },
    async (protocol) => {
      const fixer = [{ shell: "printf 10 > limit.txt" }, { say: "The limit is 10." }];
      const tell = tellStory({ fixer });
      // Some agents do not count the results of their first turn in the second turn.
      const script: ModelScript = (conversation, step) => {
        if (!conversation.includes("## Verification failed")) return tell(conversation, step);
        if (!conversation.includes("1 limit.txt")) return { shell: "printf '10\\n' > limit.txt; wc -l limit.txt" };
        return { say: "It ends with a line.\n\n[OUTPUT]\nThe limit is 10.\n[/OUTPUT]" };
      };
      model = await openScriptedModel({ script });
      const config = `[agent]\nprotocol = "${protocol}"\n[refinery]\ncheck_work = 1\nretries = 0\n`;
      const { terminal, git, cwd, env, args } = open(model.url, config);
      const told = await terminal.run(args, { cwd, env });
      expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
      expect(git("show", `${findLandedBranch(told.out)}:limit.txt`)).toBe("10");
      const transcript = readTranscripts(cwd).find((text) => text.includes("Enki checked a copy of the work")) ?? "";
      expect(transcript).toMatch(
        /exited with 1\. The agent may correct its work\.[^]*It ends with a line\.[^]*> Enki checked a copy of the work: `.*` passed\./,
      );
      expect(terminal.processes()).toEqual([]);
    },
  );

  check("leaves no process and no file after Ctrl+C", async () => {
    let ask = (): void => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const script: ModelScript = (_, step) => {
      if (step > 0) ask();
      return step > 0 ? { hang: true } : { shell: "nohup sleep 900 > /dev/null 2>&1 & echo started" };
    };
    model = await openScriptedModel({ script });
    const { terminal, cwd, env, args } = open(model.url);
    const running = terminal.start(args, { cwd, env });
    expect(await Promise.race([asked, running.ended])).toBeUndefined();
    running.signal("SIGINT");
    expect((await running.ended).code).toBe(130);
    expect(terminal.processes()).toEqual([]);
  });

  check("passes enki doctor --agent, which says what the turn took", async () => {
    model = await openScriptedModel({ script: (_, step) => (step === 0 ? { enki: "enki_status", input: {} } : { say: "tasks: 0" }) });
    const { terminal, cwd, env } = open(model.url, `[agent]\npreset = "${preset}"\n`);
    const { out } = await terminal.run(["doctor", "--agent"], { cwd, env });
    expect(out).toMatch(/^.* answers and uses Enki's tools: \d+\.\d s, \d+ tokens in, /);
  });

  check("says within a minute that its key is wrong, and what to do", { timeout: 60_000 }, async () => {
    model = await openScriptedModel({ script: tellStory(), fault: { status: 401, message: "invalid api key" } });
    const { terminal, cwd, env, args } = open(model.url);
    const told = await terminal.run(args, { cwd, env });
    expect(told.code).toBe(1);
    expect(told.out).toMatch(
      /could not authenticate \(.*\)\. Check [A-Z_]+ or [A-Z_]+: in your shell, .*; enki doctor --agent tests it\.\n/,
    );
  });
});
