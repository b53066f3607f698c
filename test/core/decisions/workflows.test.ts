import { describe, expect, test } from "vitest";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import { openStory } from "../../conformance/story.ts";
import { comment } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { memoryWorld } from "../../support/memory-world.ts";

/** `end` waits for the first of two roles. Its loop starts again while the other role is still running. */
const RACE = `---
roles:
  begin: {}
  slow: {}
  quick: {}
  end: { join: any }
edges:
  - begin -> slow
  - begin -> quick
  - slow -> end
  - quick -> end
  - end -> begin until '{{ eq .Round 2 }}' max 3
---

## begin

Begin with {{ .Args }}.

## slow

Slow.

## quick

Quick.

## end

End.
`;

test("a new round of a loop stops the old jobs and ignores their late results", async () => {
  const world = memoryWorld({ config: config({ workflows: { race: { path: "race.md", text: RACE } } }) });
  const handle = openRepositoryLoop(world.world);
  const only = () => Object.values(world.state.ledger.executions)[0];
  const finish = async (name: string): Promise<string> => {
    const job = world.running().find((each) => each.includes(`-${name}/`));
    if (!job) throw new Error(`${name} does not run`);
    world.finish(job, { end: "success" });
    await handle([{ kind: "woken" }]);
    return job;
  };
  await handle([comment(1, { kind: "run", workflow: "race", args: "it" })]);
  await finish("begin");
  const slow = world.running().find((each) => each.includes("-slow/"));
  expect(slow).toBeDefined();
  await finish("quick");
  await finish("end");
  expect(only()?.steps["slow"]).toMatchObject({ state: "cancelled", refusal: { code: "given-up" } });
  await handle([{ kind: "woken" }]);
  expect(world.running()).not.toContain(slow);
  await finish("begin");
  expect(only()?.steps["slow"]).toMatchObject({ state: "running", attempt: 2 });
  await finish("slow");
  await finish("end");
  await finish("quick");
  expect(only()?.workflow?.endState).toBe("done");
});

/** Shows the answer, output and status of a role to the roles after it. */
const SAID = `---
roles:
  coder: {}
  reviewer: { tools: [read] }
  again: { tools: [read] }
edges:
  - coder -> reviewer
  - coder -> again if '{{ eq .coder.status "nothing-to-do" }}'
---

## coder

Do {{ .Args }}.

## reviewer

Answer: {{ .coder }}
Output: {{ .coder.output }}
Status: {{ .coder.status }}

## again

Look again: {{ .coder }}
`;

describe("the answer of a role that edits files", () => {
  const began = async () => {
    const story = openStory({ config: config({ workflows: { said: { path: "said.md", text: SAID } } }) });
    await story.say({ kind: "run", workflow: "said", args: "it" });
    return story;
  };

  test("is its complete last message with the output block, and is stored in the ledger", async () => {
    const story = await began();
    const answer = "I added the login, see src/a.ts.\n\n[OUTPUT]\nA login.\n[/OUTPUT]\nBye.";
    await story.end("work/", { end: "success", answer, output: "A login." });
    expect(story.spec("work/").step?.description).toBe(
      "Answer: I added the login, see src/a.ts.\n\nA login.\nBye.\nOutput: A login.\nStatus: done",
    );
    expect(Object.values(story.ledger().answers)).toEqual([answer]);
    expect(story.execution().workflow?.skippedRoles).toHaveProperty("again");
  });

  test("is its output if it has no block", async () => {
    const story = await began();
    const answer = "x".repeat(600);
    await story.end("work/", { end: "success", answer, output: answer.slice(-500) });
    expect(story.spec("work/").step?.description).toBe(`Answer: ${answer}\nOutput: ${answer}\nStatus: done`);
  });

  test("decides the edges: after nothing-to-do no one is asked, because the author's edges continue", async () => {
    const story = await began();
    const outcome = { kind: "nothing-to-do", reason: "There is one." } as const;
    await story.end("work/", { end: "unchanged", outcome, why: outcome.reason, answer: "There is a login already.", output: "" });
    expect(story.step("coder")?.state).toBe("done");
    expect(
      story
        .running()
        .map((job) => job.replace(/.*-/, ""))
        .toSorted(),
    ).toEqual(["again/1", "reviewer/1"]);
    const { id } = story.execution();
    expect(story.spec(`work/${id}-again`).step?.description).toContain("Look again: There is a login already.");
  });
});

test("answers of other roles are cut visibly with a link to the complete file; the author's text and the request stay complete", async () => {
  const section = "w".repeat(30_000);
  const text = `---\nroles:\n  plan: {}\n  code: {}\nedges:\n  - plan -> code\n---\n\n## plan\n\nPlan.\n\n## code\n\n${section}\n\n{{ .Args }}\n\n{{ .plan }}\n\n{{ with .plan.output }}{{ . }}{{ end }}\n`;
  const story = openStory({ config: config({ workflows: { long: { path: "long.md", text } } }) });
  const args = "a".repeat(25_000);
  await story.say({ kind: "run", workflow: "long", args });
  const answer = `${"p".repeat(40_000)}\n[OUTPUT]\n${"o".repeat(20_500)}\n[/OUTPUT]`;
  await story.end("work/", { end: "success", answer });
  const spec = story.spec("work/");
  const prompt = spec.step?.description ?? "";
  expect(prompt).toContain(section);
  expect(prompt).toContain(args);
  expect(prompt).toContain("ppp\n[… 40501 characters left out; all of it is in `$ENKI_INPUTS/plan.md` …]");
  expect(prompt).toContain("ooo\n[… 500 characters left out; all of it is in `$ENKI_INPUTS` …]");
  expect(spec.inputs).toEqual([{ name: "plan", text: `${"p".repeat(40_000)}\n${"o".repeat(20_500)}` }]);
});
