import { describe, expect, test } from "vitest";
import { findScene, readAgentScript } from "../../../src/cli/scripted-agent/agent-script.ts";

const read = (text: string) => {
  const play = readAgentScript("play.toml", text);
  if (!play.ok) throw new Error(play.refusal.message);
  return play.value;
};

describe("a rehearsal's file", () => {
  test("has scenes of acts, and defaults for the rest", () => {
    const play = read(`
title = "t"
[[always]]
run = "env"
try = true
[[scene]]
role = "planner"
[[scene.act]]
tool = "enki_status"
[[scene.act]]
run = "ls"
`);
    expect(play).toEqual({
      title: "t",
      minutes: {},
      always: [{ run: "env", try: true }],
      scene: [
        {
          role: "planner",
          act: [
            { tool: "enki_status", arguments: {}, must: false },
            { run: "ls", try: false },
          ],
        },
      ],
    });
  });

  const acts =
    "an act has the keys of one of: say · read · write, content · edit, find, replace · run (try) · tool (arguments, must) · crash · hang";
  test.each([
    ["no TOML", 'title = "t"\nscene = [', /^play\.toml:2: /],
    ["no scene", 'title = "t"', /^play\.toml:1: scene: /],
    ["an unknown key", 'title = "t"\n[[scene]]\nrole = "a"\n[[scene]]\nrolle = "b"', /^play\.toml:4: unknown key scene\.1\.rolle$/],
    [
      "an unknown act, in the scene where it is",
      'title = "t"\n[[scene]]\n[[scene.act]]\nsay = "a"\n[[scene]]\n[[scene.act]]\nsay = "b"\n[[scene.act]]\nshout = "c"',
      `play.toml:8: scene.1.act.1: ${acts}`,
    ],
    ["half an act", 'title = "t"\n[[scene]]\n[[scene.act]]\nwrite = "a"', `play.toml:3: scene.0.act.0: ${acts}`],
    ["two acts in one", 'title = "t"\n[[scene]]\n[[scene.act]]\nsay = "a"\nread = "b"', `play.toml:3: scene.0.act.0: ${acts}`],
    ["an act for all scenes", 'title = "t"\n[[always]]\nsay = "a"\n[[always]]\n[[scene]]', `play.toml:4: always.1: ${acts}`],
    ["a crash that is none", 'title = "t"\n[[scene]]\n[[scene.act]]\ncrash = 0', "play.toml:3: scene.0.act.0.crash: Too small"],
  ])("is refused with file and line: %s", (_, text, why) => {
    const play = readAgentScript("play.toml", text);
    if (play.ok) throw new Error("was accepted");
    expect(play.refusal.message).toMatch(why);
  });
});

describe("choosing a scene", () => {
  const play = read(`
title = "t"
[[scene]]
act = [{ say = "anybody" }]
[[scene]]
role = "work"
act = [{ say = "any worker" }]
[[scene]]
role = "bug_fixer"
act = [{ say = "any bug fixer" }]
[[scene]]
step = "fix"
act = [{ say = "fix" }]
[[scene]]
step = "fix"
attempt = 2
act = [{ say = "fix again" }]
[[scene]]
step = "fix"
correction = 1
act = [{ say = "fix corrected" }]
[[scene]]
role = "merger"
step = "fix"
act = [{ say = "resolve fix" }]
`);
  const part = { kind: "work", role: "bug_fixer", step: "fix", attempt: 1, correction: 0 };
  test.each([
    ["its step", part, "fix"],
    ["its attempt before its step", { ...part, attempt: 2 }, "fix again"],
    ["its kind of job or its role, the first of both", { ...part, step: "other" }, "any worker"],
    ["its role", { ...part, kind: "resolve", step: "other" }, "any bug fixer"],
    ["role and step before the step alone", { ...part, kind: "resolve", role: "merger" }, "resolve fix"],
    ["nothing in particular", { kind: "plan", role: "planner", step: "", attempt: 1, correction: 0 }, "anybody"],
    ["its correction only", { ...part, correction: 1 }, "fix corrected"],
  ])("prefers the most specific one: %s", (_, of, said) => {
    expect(findScene(play, of)?.act).toEqual([{ say: said }]);
  });
  test("allows none", () => {
    expect(findScene({ ...play, scene: play.scene.slice(1, 2) }, { ...part, kind: "plan" })).toBeNull();
  });
});
