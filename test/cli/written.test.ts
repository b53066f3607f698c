import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { makeRepository, openTerminal } from "./stage.ts";

const TEST = fileURLToPath(new URL("..", import.meta.url));
const seed = (name: string): string => readFileSync(join(TEST, "fixtures", "seeds", "roles", name), "utf8");

/** Opens a person's repository with these files, beside a machine with others. */
const open = (own: Readonly<Record<string, string>>, machine: Readonly<Record<string, string>> = {}) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  makeRepository(cwd, own);
  for (const [path, text] of Object.entries(machine)) {
    const file = join(terminal.root, "home", ".enki", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { cwd, run: (...args: string[]) => terminal.call(args, { cwd }) };
};

const GOOD = { ".enki/enki.toml": "[workers]\nmax_heavy = 2\n", ".enki/roles/db_expert.toml": seed("db_expert.toml") };
const MISTAKES = { ".enki/enki.toml": "[refinery]\nverfy = []\n", ".enki/roles/tester.toml": 'name = "tester"\noutput = "patch"\n' };

describe.concurrent("enki validate", () => {
  test("prints the number of valid files, including built-in ones", async () => {
    expect(await open(GOOD).run("validate")).toEqual({ code: 0, out: "15 files without a mistake\n", err: "" });
  });

  test("reports every fault of all layers and exits with 1", async () => {
    const { code, out, err } = await open(MISTAKES, { "enki.toml": "[workers]\nmax_heavy = 0\n" }).run("validate");
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out.split("\n")).toEqual([
      "~/.enki/enki.toml:2:1: bad-value: workers.max_heavy cannot be 0; write a whole number from 1 to 1000",
      ".enki/enki.toml:2:1: unknown-key: unknown key refinery.verfy; did you mean verify?",
      expect.stringContaining("tester.toml:1:1: missing-key: label"),
      expect.stringContaining("tester.toml:1:1: missing-key: description"),
      expect.stringContaining("tester.toml:1:1: missing-key: system_prompt"),
      expect.stringContaining("tester.toml:2:1: bad-value: output"),
      "6 mistakes in 3 of 16 files",
      "",
    ]);
  });

  test("reports an unknown model or tier, and a read-only role with a branch output, with file, line and correction", async () => {
    const flow = "---\nroles:\n  a: { model: sonet }\n  b: { tier: hevy }\nedges: [a -> b]\n---\n\n## a\n\nDo a.\n\n## b\n\nDo b.\n";
    const reader = 'name = "reader"\nlabel = "R"\ndescription = "d"\nsystem_prompt = "p"\ncan_edit = false\noutput = "branch"\n';
    const own = {
      ".enki/enki.toml": '[agent]\nmodels = ["sonnet"]\n[tiers.light]\nmodel = "sonnett"\n',
      ".enki/workflows/flow.md": flow,
    };
    const { code, out } = await open(own, { "roles/reader.toml": reader }).run("validate");
    expect(code).toBe(1);
    expect(out.split("\n").slice(0, -2)).toEqual([
      '~/.enki/roles/reader.toml:6:1: bad-value: output cannot be "branch" if can_edit is false, because all changes of the role are discarded; write output = "artifact", or can_edit = true',
      '.enki/enki.toml:4:1: bad-value: tiers.light.model cannot be "sonnett": [agent] models does not list it; did you mean "sonnet"?',
      '.enki/workflows/flow.md:3:1: unknown-model: role "a": there is no model "sonet"; did you mean `sonnet`?',
      expect.stringMatching(/^\.enki\/workflows\/flow\.md:4:1: bad-value: roles\.b\.tier: .*; did you mean `heavy`\?$/),
    ]);
  });

  test("reports an agent's command that does not exist, with the file and line that name it", async () => {
    const config = `[agent]\ncommand = "no-such-agent --acp"\n[agent.worker]\ncommand = "./tools/agent.sh"\nargs = ["--acp"]\n[agent.merger]\ncommand = "node --version"\n[agent.sidecar]\ncommand = "/nowhere/agent"\n`;
    const { code, out } = await open({ ".enki/enki.toml": config }).run("validate");
    expect(code).toBe(1);
    expect(out.split("\n").slice(0, -2)).toEqual([
      '.enki/enki.toml:2:1: missing-command: agent.command cannot start: there is no program "no-such-agent" on this machine; install it, correct its name, or write a preset instead',
      expect.stringMatching(/^\.enki\/enki\.toml:4:1: missing-command: agent\.worker\.command .*"\.\/tools\/agent\.sh"/),
      expect.stringMatching(/^\.enki\/enki\.toml:9:1: missing-command: agent\.sidecar\.command .*"\/nowhere\/agent"/),
    ]);
  });

  test("accepts an agent's command of the repository, also from a folder below its root", async () => {
    const { cwd, run } = open({
      ".enki/enki.toml": '[agent]\ncommand = "./tools/agent.sh --acp"\n',
      "tools/agent.sh": "#!/bin/sh\n",
      "src/a.ts": "",
    });
    chmodSync(join(cwd, "tools", "agent.sh"), 0o755);
    expect(await run("validate")).toMatchObject({ code: 0 });
    expect(await run("validate", ".enki/enki.toml")).toMatchObject({ code: 0, out: "1 file without a mistake\n" });
    const { run: runAt } = openTerminal();
    expect(await runAt(["validate"], { cwd: join(cwd, "src") })).toMatchObject({ code: 0 });
  });

  test("does not check a command that another file overrides", async () => {
    const machine = { "enki.toml": '[agent]\ncommand = "no-such-agent"\n' };
    expect(await open({ ".enki/enki.toml": '[agent]\ncommand = "node"\n' }, machine).run("validate")).toMatchObject({ code: 0 });
  });

  test("prints the same as JSON", async () => {
    const { code, out } = await open(MISTAKES).run("validate", "--json", ".");
    expect(code).toBe(1);
    const { files, faults } = JSON.parse(out) as { files: string[]; faults: { code: string; line: number; file: string }[] };
    expect(files).toEqual([".enki/enki.toml", ".enki/roles/tester.toml"]);
    expect(faults).toHaveLength(5);
    expect(faults[0]).toEqual({
      file: ".enki/enki.toml",
      line: 2,
      column: 1,
      code: "unknown-key",
      why: "unknown key refinery.verfy",
      suggestion: "did you mean verify?",
    });
  });

  test.each([["."], [".enki"], [".enki/roles"], [".enki/roles/tester.toml"]])("recognises %s", async (path) => {
    const { code, out } = await open(MISTAKES).run("validate", path);
    expect(code).toBe(1);
    expect(out).toContain(".enki/roles/tester.toml:2:1: bad-value");
  });

  test("accepts a role's file anywhere and refuses other files", async () => {
    const { run } = open({ "draft.toml": seed("ralph.toml"), "notes.md": "" });
    expect(await run("validate", "draft.toml")).toMatchObject({ code: 0, out: "1 file without a mistake\n" });
    expect(await run("validate", "notes.md")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("Enki does not read") as unknown,
    });
  });
});

test("enki roles lists each effective role with its layer", async () => {
  const { run } = open({ ".enki/roles/ralph.toml": seed("ralph.toml") }, { "roles/security_auditor.toml": seed("security_auditor.toml") });
  const { code, out } = await run("roles");
  expect(code).toBe(0);
  expect(out).toMatch(/^ralph +edits, leaves a branch +\.enki\/roles\/ralph\.toml\n +Iterative verify-fix loop worker\./m);
  expect(out).toMatch(/^security_auditor +reads, leaves a report +~\/\.enki\/roles\/security_auditor\.toml$/m);
  expect(out).toMatch(/^researcher +reads, leaves a report +built-in\/roles\/researcher\.toml$/m);
  const { roles } = JSON.parse((await run("roles", "--json")).out) as { roles: { name: string; systemPrompt: string; from: string }[] };
  expect(roles.find(({ name }) => name === "ralph")).toMatchObject({ from: ".enki/roles/ralph.toml" });
  expect(roles.find(({ name }) => name === "ralph")?.systemPrompt).toContain("Log every step with full context.");
});

test("enki roles omits and reports invalid roles and exits with 1", async () => {
  const { code, out, err } = await open(MISTAKES).run("roles");
  expect(code).toBe(1);
  expect(out).not.toContain("tester");
  expect(err).toContain(".enki/roles/tester.toml:2:1: bad-value");
});

test("enki config lists each value with file and line, without credentials", async () => {
  const own = { ".enki/enki.toml": '[workers]\nmax_heavy = 2\n\n[agent]\nenv = { KEY = "hidden", MODEL = "$ENKI_MODEL_KEY" }\n' };
  const { run } = open(own, { "enki.toml": "[workers]\nmax_heavy = 1\nmax_light = 3\n" });
  const { code, out } = await run("config");
  expect(code).toBe(0);
  expect(out).toMatch(/^workers\.max_heavy = 2 +# \.enki\/enki\.toml:2$/m);
  expect(out).toMatch(/^workers\.max_light = 3 +# ~\/\.enki\/enki\.toml:3$/m);
  expect(out).toMatch(/^workers\.max_standard = 5 +# default$/m);
  expect(out).toMatch(/^agent\.preset = "claude" +# default$/m);
  expect(out).toMatch(/^agent\.env\.MODEL = "\$ENKI_MODEL_KEY" +# \.enki\/enki\.toml:5$/m);
  const json = await run("config", "--json");
  expect(out + json.out).not.toContain("hidden");
  const { keys } = JSON.parse(json.out) as { keys: unknown[] };
  expect(keys).toContainEqual({ key: "workers.max_heavy", value: 2, from: ".enki/enki.toml:2" });
});

describe.concurrent("enki schema", () => {
  const schemaOf = async (name: string) => {
    const { code, out } = await openTerminal().call(["schema", name]);
    expect(code).toBe(0);
    return new Ajv2020().compile(JSON.parse(out) as object);
  };

  test("of a role accepts the seeds' roles and rejects faults", async () => {
    const takes = await schemaOf("role");
    for (const name of ["ralph.toml", "db_expert.toml", "researcher.toml"]) expect(takes(parse(seed(name)))).toBe(true);
    const ralph = parse(seed("ralph.toml"));
    for (const over of [{ output: "patch" }, { can_edit: "no" }, { tier: "light" }, { name: "../x" }])
      expect(takes({ ...ralph, ...over })).toBe(false);
    expect(takes({ ...ralph, system_prompt: undefined })).toBe(false);
  });

  test("of the configuration accepts omissions and rejects unknown keys", async () => {
    const takes = await schemaOf("config");
    expect([takes({}), takes({ refinery: { verify: ["npm test"] } }), takes({ refinery: { verfy: [] } })]).toEqual([true, true, false]);
  });
});

const FLOW = "---\nroles:\n  a: {}\n  b: {}\nedges: [a -> b]\n---\n\n## a\n\nDo {{ .Args }}.\n\n## b\n\nLook at {{ .a }}.\n";

describe.concurrent("workflows", () => {
  test("are listed with their files, built-in ones and others", async () => {
    const { code, out, err } = await open({ ".enki/workflows/mine.md": FLOW }).run("workflows");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^mine +\.enki\/workflows\/mine\.md$/m);
    expect(out).toMatch(/^gated-ship +built-in\/workflows\/gated-ship\.md$/m);
  });

  test("with a fault are reported with line and correction, also by validate", async () => {
    const { run } = open({ ".enki/workflows/mine.md": FLOW.replace("edges: [a -> b]", "edges: [a -> c]") });
    for (const args of [["workflows"], ["validate"], ["validate", ".enki/workflows/mine.md"], ["validate", "."]]) {
      const { code, out, err } = await run(...args);
      expect(code).toBe(1);
      expect(out + err).toMatch(/^\.enki\/workflows\/mine\.md:5:1: unknown-\w+: .*"c"/m);
    }
  });

  test("have a schema for editors", async () => {
    const { out } = await open({}).run("schema", "workflow");
    expect(JSON.parse(out)).toMatchObject({ properties: { roles: {}, edges: {} } });
  });
});
