import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { expect, onTestFinished, test } from "vitest";
import { renderConflictPrompt, type ConflictInput } from "../src/core/messages/conflict-prompt.ts";
import { precompilePrompts } from "../scripts/precompile-prompts.ts";

const CONFLICT: ConflictInput = {
  baseBranch: "ma`in",
  conflicts: [
    { path: "a {{b}}.txt", kind: "contents" },
    { path: "lock", kind: "contents" },
  ],
  regenerated: [],
  alsoAllowed: [],
  landed: [],
};
const MANY = Array.from({ length: 130 }, (_, at) => ({ path: `${at}.txt`, kind: "contents" }) as const);
const INPUTS: readonly ConflictInput[] = [
  CONFLICT,
  { ...CONFLICT, regenerated: ["lock"], alsoAllowed: ["docs/**"], landed: [{ title: "A <b>", task: "{{{task}}}" }] },
  { ...CONFLICT, conflicts: MANY, landed: [{ title: "A", task: "" }] },
];

/** Bundles a module like the build, and imports the bundle. */
const importBundle = async (input: string): Promise<{ readonly code: string; readonly module: Record<string, unknown> }> => {
  const directory = mkdtempSync(join(tmpdir(), "enki-prompts-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const built = await rolldown({ input, platform: "node", logLevel: "silent", plugins: [precompilePrompts] });
  const file = join(directory, "bundle.mjs");
  const { output } = await built.write({ file, format: "esm" });
  await built.close();
  return { code: output[0].code, module: (await import(pathToFileURL(file).href)) as Record<string, unknown> };
};

test("a prompt that was compiled at build time equals the prompt of the sources, and needs no compiler", async () => {
  const { code, module } = await importBundle(join(import.meta.dirname, "../src/core/messages/conflict-prompt.ts"));
  const render = module["renderConflictPrompt"] as typeof renderConflictPrompt;
  for (const input of INPUTS) expect(render(input, "nonce")).toBe(renderConflictPrompt(input, "nonce"));
  expect(code).toContain("handlebars/runtime");
  expect(code).not.toContain("compiler/parser");
});
