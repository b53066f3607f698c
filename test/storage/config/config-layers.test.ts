import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readConfig } from "../../../src/core/config/read-config.ts";
import { readConfigLayers } from "../../../src/storage/config/config-layers.ts";
import { readInstallationLayers } from "../../../src/storage/config/repository-config.ts";

const installation = join(import.meta.dirname, "../../..");

test("the built-in roles have no fault and match their names", async () => {
  const { config, faults } = readConfig(await readConfigLayers([installation]));
  expect(faults).toEqual([]);
  const kinds = Object.values(config.roles).map(({ name, canEdit, output }) => `${name}: ${canEdit ? "edits" : "reads"}, ${output}`);
  expect(kinds).toEqual([
    "bug_fixer: edits, branch",
    "code_referencer: reads, artifact",
    "documenter: edits, branch",
    "feature_developer: edits, branch",
    "merger: edits, branch",
    "planner: reads, artifact",
    "ralph: edits, branch",
    "researcher: reads, artifact",
  ]);
});

test("R-02 a role in a later directory replaces the built-in one; missing directories are ignored", async () => {
  const home = mkdtempSync(join(tmpdir(), "enki-layers-"));
  try {
    mkdirSync(join(home, "roles"));
    writeFileSync(
      join(home, "roles", "louder.toml"),
      'name = "ralph"\nlabel = "R"\ndescription = "loud"\nsystem_prompt = "Log every step."\n',
    );
    writeFileSync(join(home, "roles", "notes.md"), "no role");
    writeFileSync(join(home, "enki.toml"), "[workers]\nmax_workers = 3\n");
    const { config, faults } = readConfig(await readConfigLayers([installation, join(home, "missing"), home]));
    expect(faults).toEqual([]);
    expect(config.roles["ralph"]?.systemPrompt).toBe("Log every step.");
    expect(config.workers.total).toBe(3);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test.each([
  ["the machine's", "machine", { key: "[agent] command", file: "~/.enki/enki.toml" }],
  ["the work tree's", "uncommitted", { key: "[agent] command", file: ".enki/enki.toml" }],
  ["no file's, but the command line's", "override", { key: "[agent] command", file: null }],
])("a command of an installation is %s by its source", async (_, directory, source) => {
  const root = mkdtempSync(join(tmpdir(), "enki-layers-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, directory));
  writeFileSync(join(root, directory, "enki.toml"), '[agent]\ncommand = "mine"\n');
  const { lowerLayers, overrideLayers } = await readInstallationLayers(root);
  expect(readConfig([...lowerLayers, ...overrideLayers]).config.agents.sidecar).toMatchObject({ command: "mine", source });
});

/** Demands of each built-in role's prompt, in this order. */
const DEMANDS: readonly (readonly [string, readonly RegExp[]])[] = [
  [
    "feature_developer",
    [/1\. Explore/, /README/, /tests of that code/, /resembles yours/, /Reusing/, /2\. Design/, /one approach/, /Name the files/],
  ],
  ["feature_developer", [/3\. Implement/, /no placeholder/, /tests beside it/, /4\. Review/, /every changed file/, /four in five/, /Mend/]],
  [
    "ralph",
    [
      /Verify/,
      /Always begin here/,
      /Assess/,
      /first failure/,
      /Fix/,
      /Never refactor/,
      /Repeat/,
      /Iteration N/,
      /three attempts/,
      /check is clean/,
    ],
  ],
  ["bug_fixer", [/Understand/, /cause/, /guard at the symptom is not a fix/, /little as possible/, /Add a test/, /neighbouring code/]],
  ["researcher", [/change no file/, /question/, /entry point/, /Search/, /path and line/, /headings/, /artifact/]],
  [
    "code_referencer",
    [/change no file/, /shallow clone/, /outside the workspace/, /remove the clone/, /address, path and version/, /artifact/],
  ],
  ["documenter", [/never change what the code does/, /conventions/, /only documents and comments changed/]],
  ["merger", [/both sides/, /both intents/, /no conflict marker/i, /Do not commit/]],
  [
    "planner",
    [
      /1\. Assess/,
      /2\. Explore/,
      /3\. Align/,
      /4\. Specify/,
      /5\. Propose/,
      /few files each/,
      /scaffold/,
      /\*\*role\*\*/,
      /\*\*checkpoint\*\*/,
    ],
  ],
];

test.each(DEMANDS)("the built-in prompt of %s contains its phases", async (name, demands) => {
  const { config } = readConfig(await readConfigLayers([installation]));
  const prompt = config.roles[name]?.systemPrompt ?? "";
  const places = demands.map((demand) => prompt.search(demand));
  for (const [at, place] of places.entries()) expect([demands[at], place]).not.toContain(-1);
});
