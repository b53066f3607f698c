import { expect, test } from "vitest";
import { createRealRunner, toActingConfig } from "./real-runner.ts";
import { openStage } from "./stage.ts";

const step = (id: string, over: object = {}) => ({ id, title: `Do ${id}`, description: `Told to ${id}.`, ...over });

/** A process with ACP and MCP calls Enki's tools. Enki refuses its first added steps, which are wrong. */
const ACTS = [
  { only: "plan", attempt: 1, tool: "enki_execution_create", arguments: { steps: [step("fix", { checkpoint: true })] } },
  {
    only: "plan",
    attempt: 2,
    tool: "enki_execution_add_steps",
    arguments: { execution_id: "EXECUTION", steps: [step("fix"), step("late", { needs: ["nobody"] })] },
  },
  {
    only: "plan",
    attempt: 2,
    tool: "enki_execution_add_steps",
    arguments: { execution_id: "EXECUTION", steps: [step("note", { needs: ["fix"] }), step("tell", { needs: ["note"] })] },
  },
  { only: "fix", write: "fix.txt", content: "fixed\n" },
  { only: "note", run: "cat fix.txt > note.txt" },
  { only: "tell", run: "cat note.txt > tell.txt" },
];

const config = toActingConfig(ACTS, 'verify = ["true"]');

test("steps that an agent adds to a running execution are approved as a difference and land after their needs", async () => {
  const stage = await openStage({ files: { ".enki/enki.toml": config }, script: () => "dies", runner: createRealRunner() });
  const issue = await stage.ask("/enki fix the limit");
  await stage.approve(issue);
  await stage.shows(issue, /waits for your review/);
  await stage.maintainer.comment(issue, "/enki add a note, and tell about it");
  const shown = await stage.shows(issue, /^\/enki approve [0-9a-f]{12}$/m);
  expect(shown).toMatch(/#### More steps, for your approval\n\n> a note, and tell about it\n/);
  const difference = shown.slice(shown.indexOf("#### More steps"), shown.indexOf("To add exactly these"));
  expect([...difference.matchAll(/^\| `(\S+)` \|.*\| ?(.*?) \| standard \|$/gm)].map(([, id, after]) => [id, after])).toEqual([
    ["note", "`fix`"],
    ["tell", "`note`"],
  ]);
  await stage.approve(issue);
  await stage.shows(issue, /0 of 3 steps done/);
  const [pull] = await stage.maintainer.pulls();
  if (pull) await stage.maintainer.approve(pull);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix", "note", "tell"]);
  expect(await stage.git("show", "main:tell.txt")).toBe("fixed");
});
