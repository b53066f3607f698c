import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../src/config/read.ts";
import { readLayers } from "../src/layers.ts";

const installation = join(import.meta.dirname, "..");

test("the built-in roles are without fault and do what their names promise", async () => {
  const { config, faults } = readConfig(await readLayers([installation]));
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

test("R-02 a role in a later directory replaces the built-in one of that name; what is not there counts for nothing", async () => {
  const home = mkdtempSync(join(tmpdir(), "enki-layers-"));
  try {
    mkdirSync(join(home, "roles"));
    writeFileSync(
      join(home, "roles", "louder.toml"),
      'name = "ralph"\nlabel = "R"\ndescription = "loud"\nsystem_prompt = "Log every step."\n',
    );
    writeFileSync(join(home, "roles", "notes.md"), "no role");
    writeFileSync(join(home, "enki.toml"), "[workers]\nmax_workers = 3\n");
    const { config, faults } = readConfig(await readLayers([installation, join(home, "missing"), home]));
    expect(faults).toEqual([]);
    expect(config.roles["ralph"]?.systemPrompt).toBe("Log every step.");
    expect(config.workers.total).toBe(3);
  } finally {
    rmSync(home, { recursive: true });
  }
});
