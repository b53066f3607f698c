import { expect, test } from "vitest";
import { hasNamespaces } from "../support/namespaces.ts";
import { config as defaults } from "../support/config.ts";
import { openSeeds } from "./seed-stage.ts";
import { openStory } from "./story.ts";

/** Opens a repository with one workflow, `w`, and starts the workflow. */
const begin = async (text: string, over: Partial<ReturnType<typeof defaults>> = {}) => {
  const config = { ...defaults(), ...over, workflows: { w: { path: ".enki/workflows/w.md", text } } };
  const it = openStory({ config });
  await it.say({ kind: "run", workflow: "w", args: "the limit" });
  await it.later();
  return it;
};

const report = (artifact: string) => ({ end: "artifact" as const, artifact });

test("E-06 each role uses its file's model, others their tier's", async () => {
  const text =
    "---\nroles:\n  alpha: { model: deep, tools: [read] }\n  beta: { tools: [read] }\nedges: [alpha -> beta]\n---\n\n## alpha\n\nA.\n\n## beta\n\nB.\n";
  const { tiers } = defaults();
  const it = await begin(text, { tiers: { ...tiers, standard: { ...tiers.standard, model: "fast" } } });
  expect(it.spec("work/").model).toBe("deep");
  await it.end("work/", report("A-OUT"));
  expect(it.spec("work/").model).toBe("fast");
  await it.end("work/", report("B-OUT"));
  expect(it.execution().state).toBe("done");
  expect(it.state.runs).toHaveLength(2);
});

test("E-09 an execution keeps its definition, even if the file changes or disappears", async () => {
  const text = (what: string): string =>
    `---\nroles:\n  alpha: { tools: [read] }\n  beta: { tools: [read] }\nedges: [alpha -> beta]\n---\n\n## alpha\n\nLook.\n\n## beta\n\n${what} {{ .alpha }}\n`;
  const played = async (meanwhile: (it: Awaited<ReturnType<typeof begin>>) => void) => {
    const it = await begin(text("Judge"));
    meanwhile(it);
    it.restart();
    await it.end("work/", report("A-OUT"));
    const prompt = it.spec("work/").step?.description;
    await it.end("work/", report("B-OUT"));
    const { id, state, steps } = it.execution();
    const ends = Object.values(steps).map((step) => [step.id, step.state, step.output]);
    return {
      prompt,
      state,
      ends,
      runs: it.state.runs.map(({ name }) => name.replace(id, "x")),
      artifacts: Object.values(it.ledger().artifacts),
    };
  };
  const alone = await played(() => undefined);
  expect(alone).toMatchObject({
    prompt: "Judge A-OUT",
    state: "done",
    runs: ["work/x-alpha/1", "work/x-beta/1"],
    artifacts: ["A-OUT", "B-OUT"],
  });
  expect(await played((it) => void Object.assign(it.config, { workflows: { w: { path: "w.md", text: text("Praise") } } }))).toEqual(alone);
  expect(await played((it) => void Object.assign(it.config, { workflows: {} }))).toEqual(alone);
});

test("E-12 the comment names skipped roles with reasons", async () => {
  const text =
    "---\nroles:\n  look: { tools: [read], fields: [verdict] }\n  ship: { run: make }\n  tell: { run: make }\nedges:\n  - look -> ship if '{{ eq .look.verdict \"yes\" }}'\n  - ship -> tell\n---\n\n## look\n\nLook.\n";
  const it = await begin(text);
  expect(it.comment()).not.toContain("skipped");
  await it.end("work/", report("No.\nverdict: no"));
  expect(it.execution().state).toBe("done");
  expect(it.comment()).toContain(
    '- `ship` is skipped: the condition of look -\\> ship does not hold.\n- `tell` is skipped: "ship" was skipped.',
  );
  expect(it.notes()).toContainEqual(expect.stringMatching(/: tell is skipped: "ship" was skipped$/));
});

const E_10 =
  "E-10 differs: no image is started: a shell runs in its job, without a token or a remote and out of sight of the repository that it works for; another job stores the record";
test(E_10, async () => {
  const text = "---\nroles:\n  shell: { tools: [bash], output: artifact }\n---\n\n## shell\n\nLook around.\n";
  const { run } = openSeeds({ ".enki/workflows/w.md": text }, [
    { run: "env | grep -Eic 'token|secret|github' || true; git remote | wc -l; cat limit.txt" },
    { run: "ls OWN/limit.txt >/dev/null 2>&1 && echo seen || echo hidden" },
  ]);
  // Slashes in the agent's own words do not place the agent inside the repository. Enki could not hide the repository from an agent inside.
  const it = await run("--workflow", "w");
  expect(it).toMatchObject({ code: 0, err: "" });
  expect(it.artifact("shell").split("\n")).toEqual(["0", "0", "1", hasNamespaces ? "hidden" : "seen"]);
});
