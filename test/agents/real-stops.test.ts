import { afterEach, describe, expect, test } from "vitest";
import { AGENT_PRESETS } from "../../src/job/agent/find-preset.ts";
import { CHOSEN_PRESETS, installPreset } from "./real-agent.ts";
import { type ModelScript, openScriptedModel, type ScriptedModel } from "./scripted-model.ts";
import { CONTINUED_HEADING, findActor, findLandedBranch, FIXER_WRITES, INTERRUPTED_HEADING, openStory, tellStory } from "./story-stage.ts";

let model: ScriptedModel | null = null;
afterEach(async () => {
  await model?.close();
  model = null;
});

/** Opens a story whose step `fix` writes its file and then hangs until its release. */
const openHanging = async () => {
  let [reach, isReleased] = [(): void => undefined, false];
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const story = tellStory({ fixer: FIXER_WRITES });
  const script: ModelScript = (conversation, step) => {
    if (isReleased || findActor(conversation) !== "fixer" || step === 0) return story(conversation, step);
    reach();
    return { hang: true };
  };
  model = await openScriptedModel({ script });
  return { model, reached, release: (): void => void (isReleased = true) };
};

describe.each(CHOSEN_PRESETS)("enki run with the real %s, which a person stops", (preset) => {
  const { path, missing } = installPreset(preset);
  if (missing !== null) console.log(`skipped ${preset}: ${missing}`);
  const check = missing === null ? test : test.skip;

  check("keeps at Ctrl+C what the agent wrote, and gives it to the next attempt after --resume", async () => {
    const { model: opened, reached, release } = await openHanging();
    const { terminal, git, cwd, env, args } = openStory(preset, { path, url: opened.url });
    const running = terminal.start(args, { cwd, env });
    expect(await Promise.race([reached, running.ended])).toBeUndefined();
    running.signal("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130, out: expect.stringContaining("To continue: enki run --resume") as string });
    expect(terminal.processes()).toEqual([]);
    release();
    const before = opened.requests.length;
    const told = await terminal.run(["run", "--resume"], { cwd, env });
    expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
    expect(told.out).toMatch(/fix: running, attempt \d/);
    expect(told.out).not.toContain("failed, and Enki repeats it");
    expect(git("show", `${findLandedBranch(told.out)}:limit.txt`)).toBe("10");
    const [next] = opened.requests.slice(before).filter(({ body }) => findActor(body) === "fixer");
    const continues = AGENT_PRESETS[preset].sessions !== null;
    expect(next?.body).toContain(continues ? CONTINUED_HEADING : INTERRUPTED_HEADING);
    // In its own session, the agent also sees its first prompt.
    expect(next?.body.match(/## TASK: Raise/g)).toHaveLength(continues ? 2 : 1);
    expect(next?.body).toContain("The files that it changed are in the working directory, not committed");
    expect(terminal.processes()).toEqual([]);
  });

  check("ends at enki cancel from another terminal, and leaves no process", async () => {
    const { model: opened, reached } = await openHanging();
    const { terminal, cwd, env, args } = openStory(preset, { path, url: opened.url });
    const running = terminal.start(args, { cwd, env });
    expect(await Promise.race([reached, running.ended])).toBeUndefined();
    expect(await terminal.run(["cancel"], { cwd, env })).toMatchObject({ code: 0 });
    const { code, out } = await running.ended;
    expect(code).toBe(1);
    expect(out).toMatch(/cancelled/i);
    expect(terminal.processes()).toEqual([]);
  });

  check("pauses when its budget runs out, and continues after enki budget from another terminal", async () => {
    model = await openScriptedModel({ script: tellStory({ fixer: FIXER_WRITES }) });
    // The budget is smaller than the cost of two attempts, whether or not the agent reports its cost.
    const config = "[budget]\nexecution = 1.0001\nattempt = 1\n";
    const { terminal, git, cwd, env, args } = openStory(preset, { path, url: model.url, config });
    const running = terminal.start(args, { cwd, env });
    const [, command = ""] = await running.prints(/Paused by its budget: .* To continue: enki (budget [0-9a-f]{6} \+\d+)\n/);
    expect(await terminal.run(command.split(" "), { cwd, env })).toMatchObject({ code: 0 });
    const told = await running.ended;
    expect({ code: told.code, out: told.code === 0 ? "" : told.out + told.err }).toEqual({ code: 0, out: "" });
    expect(git("show", `${findLandedBranch(told.out)}:limit.txt`)).toBe("10");
  });
});
