import { describe, expect, test } from "vitest";
import { readConfig } from "../../../src/core/config/read-config.ts";

const role = (over = "") => `name = "tester"\nlabel = "Tester"\ndescription = "Writes tests."\nsystem_prompt = """\nTest it.\n"""\n${over}`;
const faults = (path: string, text: string) => readConfig([{ path, text }]).faults;

describe("roles", () => {
  test("R-01 can_edit and output have defaults", () => {
    expect(readConfig([{ path: "roles/t.toml", text: role() }]).config.roles["tester"]).toEqual({
      name: "tester",
      label: "Tester",
      description: "Writes tests.",
      systemPrompt: "Test it.\n",
      canEdit: true,
      output: "branch",
    });
  });

  test("R-02 a later role replaces an earlier one of the same name completely", () => {
    const { config } = readConfig([
      { path: "roles/a.toml", text: role("can_edit = false\n") },
      { path: ".enki/roles/b.toml", text: role() },
    ]);
    expect(config.roles["tester"]?.canEdit).toBe(true);
  });

  test.each([
    ["R-04 a missing prompt", 'name = "a"\nlabel = "A"\ndescription = "d"\n', "missing-key", 1],
    ["R-04 an unknown output", role('output = "patch"\n'), "bad-value", 7],
    ["an unknown key", role("tier = 1\n"), "unknown-key", 7],
    ["a name that is a path", role().replace("tester", "../x"), "bad-value", 1],
    ["text that is no TOML", "name = \n", "bad-toml", 1],
  ])("%s is a fault with file and line", (_, text, code, line) => {
    expect(faults(".enki/roles/x.toml", text)).toMatchObject([{ file: ".enki/roles/x.toml", code, line }]);
  });
});

describe("enki.toml", () => {
  test("has the defaults if there is no file", () => {
    const { config } = readConfig([]);
    expect(config.workers).toEqual({ total: 10, tiers: { light: 10, standard: 5, heavy: 5 } });
    expect(config.plan.approval).toBe("always");
  });

  test("[policy] protects what agents and tools obey; unprotected removes it by name, and a name that protects nothing is a fault", () => {
    const policyOf = (text: string) => readConfig([{ path: ".enki/enki.toml", text: `[policy]\n${text}\n` }]);
    const byDefault = policyOf("").config.policy;
    expect(byDefault.protected).toEqual(expect.arrayContaining(["CODEOWNERS", "**/action.yml", "**/.npmrc", "**/.gitattributes"]));
    const own = policyOf('protected = ["deploy/**"]\nunprotected = ["owners", "**/.gitattributes", "lock-files"]');
    expect(own.faults).toEqual([]);
    expect(own.config.policy.protected).toContain("deploy/**");
    expect(own.config.policy.protected).not.toContain("CODEOWNERS");
    expect(own.config.policy.protected).not.toContain("**/.gitattributes");
    expect([byDefault.anyLockFiles, own.config.policy.anyLockFiles]).toEqual([false, true]);
    for (const [name, why] of [
      [".github/workflows/**", "steps never change these files"],
      ["agent", "nothing of that name is protected"],
    ])
      expect(policyOf(`unprotected = ["${name}"]`)).toMatchObject({
        faults: [{ line: 2, code: "bad-value", why: expect.stringContaining(why ?? "") as string }],
        config: { broken: expect.stringContaining("policy.unprotected") as string },
      });
  });

  test("later layers override key by key", () => {
    const { config } = readConfig([
      { path: "enki.toml", text: "[workers]\nmax_heavy = 1\nmax_light = 2\n" },
      { path: ".enki/enki.toml", text: "[workers]\nmax_light = 3\n" },
    ]);
    expect(config.workers.tiers).toMatchObject({ heavy: 1, light: 3 });
  });

  test("R-08 R-09 an agent's own command keeps the arguments and merges the environment", () => {
    const { config } = readConfig([
      {
        path: "enki.toml",
        text: '[agent]\ncommand = "a"\nargs = ["acp"]\nenv = { A = "1" }\n[agent.worker]\ncommand = "b"\nenv = { B = "2" }\n',
      },
    ]);
    const common = { preset: null, protocol: null, idleMs: 600_000 };
    const from = (key: string) => ({ source: { key, file: "enki.toml" } });
    expect(config.agents.worker).toEqual({
      ...common,
      ...from("[agent.worker] command"),
      command: "b",
      args: ["acp"],
      env: { A: "1", B: "2" },
    });
    expect(config.agents.planner).toEqual({ ...common, ...from("[agent] command"), command: "a", args: ["acp"], env: { A: "1" } });
  });

  test.each<[title: string, text: string, expected: object]>([
    [
      "a worker's command line does not take the common arguments",
      '[agent]\ncommand = "a"\nargs = ["acp"]\n[agent.worker]\ncommand = "b c"\n',
      { command: "b", args: ["c"] },
    ],
    ["nothing is Claude Code", "", { preset: "claude", command: null, args: [] }],
    ["a preset needs no command", '[agent]\npreset = "codex"\n', { preset: "codex", command: null, args: [] }],
    [
      "a command line is split",
      "[agent]\ncommand = 'npx -y \"my agent\" --acp'\n",
      { preset: null, command: "npx", args: ["-y", "my agent", "--acp"] },
    ],
    [
      "a program with arguments is not",
      '[agent]\ncommand = "my agent"\nargs = ["x y"]\n',
      { preset: null, command: "my agent", args: ["x y"] },
    ],
    [
      "a worker's preset does not take the common command",
      '[agent]\ncommand = "a"\nargs = ["b"]\nprotocol = "headless"\nidle_minutes = 3\n[agent.worker]\npreset = "gemini"\n',
      { preset: "gemini", command: null, args: [], protocol: "headless", idleMs: 180_000 },
    ],
    [
      "a worker's arguments extend the common preset",
      '[agent]\npreset = "codex"\n[agent.worker]\nargs = ["--oss"]\nidle_minutes = 1\n',
      { preset: "codex", command: null, args: ["--oss"], idleMs: 60_000 },
    ],
  ])("in an agent's section, %s", (_, text, expected) => {
    expect(readConfig([{ path: "enki.toml", text }]).config.agents.worker).toMatchObject(expected);
  });

  test("an unknown key is reported with its line, and its file is ignored", () => {
    const { config, faults } = readConfig([{ path: ".enki/enki.toml", text: "[workers]\nmax_heavy = 1\n\n[refinery]\nverfy = []\n" }]);
    expect(faults).toMatchObject([{ code: "unknown-key", line: 5, why: "unknown key refinery.verfy" }]);
    expect(config.workers.tiers.heavy).toBe(5);
    expect(config.broken).toBe(".enki/enki.toml:5: unknown key refinery.verfy");
  });

  test("a mistake in a role breaks that role only", () => {
    expect(readConfig([{ path: ".enki/roles/x.toml", text: "name = \n" }]).config.broken).toBeNull();
  });
});

describe("models", () => {
  const read = (...texts: string[]) => readConfig(texts.map((text, at) => ({ path: `${at}/enki.toml`, text })));

  test("are those of the tiers plus the listed ones, or null if none is named", () => {
    expect(read("").config.models).toBeNull();
    expect(read('[tiers.heavy]\nmodel = "opus"\n').config.models).toEqual(["opus"]);
    expect(read('[agent]\nmodels = ["sonnet", "opus"]\n[tiers.heavy]\nmodel = "opus"\n').config.models).toEqual(["opus", "sonnet"]);
  });

  test("a tier's model missing from the list is a fault with file and line, across layers, and blocks every start", () => {
    const { faults, config } = read(
      '[agent]\nmodels = ["sonnet", "opus"]\n',
      '[tiers.light]\nmodel = "sonet"\n[tiers.heavy]\nmodel = "gemini"\n',
    );
    expect(faults.map(({ file, line, why, suggestion }) => `${file}:${line}: ${why}; ${suggestion}`)).toEqual([
      '1/enki.toml:2: tiers.light.model cannot be "sonet": [agent] models does not list it; did you mean "sonnet"?',
      '1/enki.toml:4: tiers.heavy.model cannot be "gemini": [agent] models does not list it; write one of sonnet, opus, or add the model to the list',
    ]);
    expect(config.broken).toMatch(/tiers\.light\.model/);
  });

  test("an unknown tier is a fault with a suggestion", () => {
    expect(read("[tiers.hevy]\ntimeout_minutes = 3\n").faults).toMatchObject([
      { code: "unknown-key", line: 1, suggestion: "did you mean heavy?" },
    ]);
  });
});

test("a read-only role delivers a report by default and cannot deliver a pull request", () => {
  const roleOf = (more: string) => readConfig([{ path: "roles/t.toml", text: role(more) }]);
  expect(roleOf("can_edit = false\n").config.roles["tester"]).toMatchObject({ canEdit: false, output: "artifact" });
  const { faults, config } = roleOf('output = "branch"\ncan_edit = false\n');
  expect(faults).toMatchObject([{ file: "roles/t.toml", line: 7, code: "bad-value" }]);
  expect(config.roles).toEqual({});
});

describe("limits", () => {
  const keys = (count: number): string => Array.from({ length: count }, (_, at) => `key${at} = ${at}`).join("\n");

  test.each([
    ["20,000 unknown keys", keys(20_000)],
    ["20,000 tables", Array.from({ length: 20_000 }, (_, at) => `[t${at}]`).join("\n")],
    ["tables nested 20,000 deep by dots", `${"a.".repeat(20_000)}a = 1`],
    ["a list of 20,000 commands", `[refinery]\nverify = [${'"x",'.repeat(20_000)}]`],
    ["a text of 300,000 characters", `[git]\ncommit_suffix = "${"x".repeat(300_000)}"`],
  ])("a file with %s is one fault, and is not read", (_, text) => {
    const { config, faults: found } = readConfig([{ path: ".enki/enki.toml", text }]);
    expect(found.map(({ code, line }) => ({ code, line }))).toEqual([{ code: "too-large", line: 1 }]);
    expect(config.broken).toMatch(/^\.enki\/enki\.toml:1: the file has more than/);
  });

  test("each of thousands of unknown keys is reported on its own line", () => {
    const found = faults(".enki/enki.toml", keys(4_000));
    expect(found.map(({ line }) => line)).toEqual(Array.from({ length: 4_000 }, (_, at) => at + 1));
  });

  test("many files are read up to a limit that they share", () => {
    const files = Array.from({ length: 20 }, (_, at) => ({
      path: `roles/r${at}.toml`,
      text: role(`# ${"x".repeat(150_000)}\n`).replace("tester", `r${at}`),
    }));
    const { config, faults: found } = readConfig(files);
    expect(Object.keys(config.roles)).toHaveLength(13);
    expect(found.map(({ code }) => code)).toEqual(Array.from({ length: 7 }, () => "too-large"));
  });
});

describe("[refinery.lanes]", () => {
  const read = (lanes: string) => readConfig([{ path: "enki.toml", text: `[refinery.lanes]\n${lanes}\n` }]);

  test("names parts of the repository in their order", () => {
    const { config, faults } = read('web = ["web/**"]\napi = ["api/**", "lib/api/**"]');
    expect(faults).toEqual([]);
    expect(Object.entries(config?.refinery.lanes ?? {})).toEqual([
      ["web", ["web/**"]],
      ["api", ["api/**", "lib/api/**"]],
    ]);
    expect(read("").config?.refinery).not.toHaveProperty("lanes");
  });

  test("says what the name of a lane may be", () => {
    const { faults } = read('Web = ["web/**"]');
    expect(faults.map(({ why, suggestion }) => [why, suggestion])).toEqual([
      [
        "the key refinery.lanes.Web is wrong: it starts with a lower-case letter, and lower-case letters, digits and hyphens follow",
        "write another key",
      ],
    ]);
  });

  test.each(["web = []", 'web = [""]', 'Web = ["web/**"]', '1 = ["web/**"]', 'web = "web/**"'])("refuses %s with its place", (text) => {
    const { faults } = read(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ file: "enki.toml", line: 2 });
  });
});
