import { describe, expect, test } from "vitest";
import { readConfig } from "../../../src/core/config/read-config.ts";

const read = (text: string) => readConfig([{ path: ".enki/enki.toml", text: `[jobs]\n${text}\n` }]);
const faultsOf = (text: string): string[] => read(text).faults.map(({ line, why }) => `${line}: ${why}`);

describe("[jobs] env", () => {
  test.each([
    "GITHUB_TOKEN",
    "GITHUB_ENV",
    "github_token",
    "GH_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "INPUT_TOKEN",
    "ENKI_MODEL_KEY",
    "RUNNER_TEMP",
    "STATE_isPost",
    "HOME",
    "PATH",
    "TMPDIR",
    "JAVA_*",
    "A=B",
    "",
  ])("refuses %j", (name) => {
    const { config, faults } = read(`env = ["DATABASE_URL", ${JSON.stringify(name)}]`);
    expect(faults).toMatchObject([{ code: "bad-value", line: 2 }]);
    expect(config.jobs).toEqual({ env: [] });
  });

  test("accepts names of a person's variables", () => {
    const { config, faults } = read('env = ["DATABASE_URL", "NODE_AUTH_TOKEN", "lower_case", "GITHUBISH"]');
    expect(faults).toEqual([]);
    expect(config.jobs).toEqual({ env: ["DATABASE_URL", "NODE_AUTH_TOKEN", "lower_case", "GITHUBISH"] });
  });
});

describe("[jobs] setup", () => {
  test.each([
    ["a text without a list", "word", "a YAML list of steps"],
    ["a mapping", "run: true", "a YAML list of steps"],
    ["a step without an action and a command", "- name: nothing", "a YAML list of steps"],
    ["text that is no YAML", "- run: [", "Flow sequence"],
    ["an endless nesting", "[".repeat(2_000), "nest too deep"],
  ])("refuses %s, with its line", (_, steps, why) => {
    expect(faultsOf(`env = []\nsetup = ${JSON.stringify(steps)}`)).toEqual([expect.stringMatching(/^3: /)]);
    expect(faultsOf(`verify_setup = ${JSON.stringify(steps)}`)).toEqual([expect.stringContaining(why)]);
  });

  test("accepts steps, also none", () => {
    expect(faultsOf("setup = '''\n- uses: actions/cache@v4\n  with: { path: x }\n- run: make\n'''")).toEqual([]);
    expect(faultsOf('setup = ""')).toEqual([]);
  });
});

test("[jobs.services] and [jobs.runs_on] accept what Actions accept, and name mistakes", () => {
  expect(
    faultsOf('[jobs.services.db]\nimage = "postgres:17"\nports = ["5432:5432"]\n[jobs.runs_on]\nverify = ["self-hosted", "linux"]'),
  ).toEqual([]);
  expect(faultsOf('[jobs.services.db]\nports = ["5432"]')).toEqual([expect.stringContaining("jobs.services.db.image is missing")]);
  expect(faultsOf('[jobs.services.db]\nimage = "x"\nports = ["a"]')).toEqual([expect.stringContaining("a port such as")]);
  expect(faultsOf('[jobs.runs_on]\nverify = "a: b"')).toHaveLength(1);
  expect(faultsOf('[jobs.runs_on]\ngate = "x"')).toEqual([expect.stringContaining("unknown key jobs.runs_on.gate")]);
});
