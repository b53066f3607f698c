import { createExecution } from "../../../src/core/domain/execution-lifecycle.ts";
import { describe, expect, test } from "vitest";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { hashValue } from "../../../src/core/domain/ids.ts";
import { checkPlan } from "../../../src/core/domain/plan-graph.ts";
import type { Plan, PlannedStep } from "../../../src/core/domain/plan.ts";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import { renderExecutionComment } from "../../../src/core/messages/execution-comment.ts";
import { renderPlanPages } from "../../../src/core/messages/plan-page.ts";
import { renderPlanText } from "../../../src/core/messages/terminal-plan.ts";
import { plan as planOf, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { fc, runs } from "../../support/fast-check.ts";
import { openStory } from "../../support/story.ts";
import { flatten, listNodes, readShown, readWords, type ShownNode } from "./read-shown.ts";

/** Characters with a meaning in Markdown, HTML, Mermaid, a shell or on GitHub. */
const MARKS = fc.constantFrom(
  ..."`*_~|<>[](){}#$!\\&;:\"'-+=/@%^,. \n\t".split(""),
  "```",
  "~~~",
  "$$",
  "](",
  "<!--",
  "-->",
  "</details>",
  "<script>",
  "&lt;",
  "&#64;",
  "@octocat",
  "fixes #1",
  "https://a.example",
  "\n\n",
  "    ",
  "[skip ci]",
  ":+1:",
  "```mermaid\n",
);
const PIECE = fc.oneof(
  { weight: 8, arbitrary: MARKS },
  { weight: 3, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 2 }) },
);
const prose = fc.array(PIECE, { maxLength: 25 }).map((pieces) => pieces.join(""));
const command = fc.array(fc.oneof(MARKS, fc.string({ maxLength: 12 })), { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(""));
const line = command.map((text) => text.replaceAll(/\s+/g, " ").trim());
/** Returns mostly acceptable texts, and sometimes a text with arbitrary characters. */
const sometimes = (text: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 60, arbitrary: text }, { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 9 }) });
const steps = fc
  .array(
    fc.record({
      title: sometimes(line),
      description: sometimes(prose),
      run: fc.option(sometimes(command), { nil: null }),
      verify: fc.array(sometimes(fc.oneof(line, command)), { maxLength: 2 }),
      paths: fc.array(sometimes(line), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((all) => all.map((over, at) => step(`s${at}`, over)));

const renderProposal = (plan: Plan): string => {
  const execution = createExecution({
    id: "abc123",
    issue: 1,
    onPullRequest: false,
    requestedBy: "maintainer",
    request: "r",
    baseBranch: "main",
    createdAt: 0,
    state: "proposed",
    planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
    plan: hashValue(plan),
  });
  return renderExecutionComment({ execution, plan, grown: null, brief: null, queue: emptyQueue, reports: {} });
};

/** Lists the commands and paths of a text, exactly as its code shows them. */
const listCode = (nodes: readonly ShownNode[]): string[] =>
  nodes.flatMap(({ type, value }) => (type === "code" || type === "inlineCode" ? [value ?? ""] : []));

const listExecuted = ({ run, verify, paths }: PlannedStep): string[] => [...(run === null ? [] : [run]), ...verify, ...paths];

const expectShown = (markdown: string, all: readonly PlannedStep[]): void => {
  const nodes = listNodes(readShown(markdown));
  const code = listCode(nodes);
  for (const each of all) for (const used of listExecuted(each)) expect(code).toContain(used);
  const words = nodes.filter(({ type }) => type === "blockquote").map((quote) => flatten(readWords(quote)));
  const outside = (description: string): string => flatten(description.replaceAll("`", ""));
  for (const { description } of all) expect(words.map(outside)).toContain(outside(description));
};

const renderPages = (plan: Plan): string =>
  Object.values(renderPlanPages({ execution: "abc123", hash: hashValue(plan), added: plan.steps, approved: [] }) ?? {}).join("\n\n");

test.each([
  ["comment", renderProposal],
  ["pages", renderPages],
])("a plan is refused, or exactly what runs and what agents read stands in its %s", (_where, render) => {
  let accepted = 0;
  fc.assert(
    fc.property(steps, (all) => {
      const plan = planOf(...all);
      if (!checkPlan(plan, 100).ok) return;
      accepted += 1;
      expectShown(render(plan), all);
    }),
    { numRuns: runs(15_000, 300) },
  );
  expect(accepted).toBeGreaterThan(50);
});

test("a terminal shows every line of a command, every path and every word of an instruction", () => {
  fc.assert(
    fc.property(steps, (all) => {
      if (!checkPlan(planOf(...all), 100).ok) return;
      const lines = renderPlanText(planOf(...all), 80)
        .split("\n")
        .map((line) => line.replace(/^ {4}(?:[$|] | {2})?/, ""));
      for (const each of all) for (const used of listExecuted(each)) for (const line of used.split("\n")) expect(lines).toContain(line);
    }),
    { numRuns: runs(15_000, 300) },
  );
});

const LONG = planOf(
  ...Array.from({ length: 60 }, (_, at) => step(`s${at}`, { description: `Do number ${at}. `.repeat(60), run: `echo ${at}` })),
);

describe("a plan that is too long for its comment", () => {
  test("stands on pages by its hash, stored in the same write, and the approval stands under their link", async () => {
    const it = openStory();
    const id = await it.propose(LONG);
    const hash = it.execution()?.plan ?? "";
    const { page } = it.execution()?.shownPlan ?? {};
    expect(it.comment()).toContain(
      `Read all of it before you approve: [the whole plan](../blob/${page?.commit}/plan-${hash}.md)\n\nNothing runs`,
    );
    expect(it.comment().indexOf("../blob/")).toBeLessThan(it.comment().indexOf(`/enki approve ${hash.slice(0, 12)}`));
    expect(it.comment().length).toBeLessThan(60_000);
    const texts = it.state.texts.filter((each) => each.id === page?.commit);
    expect(texts).toHaveLength(1);
    expectShown(texts[0]?.files[`plan-${hash}.md`] ?? "", LONG.steps);
    it.replay();
    await it.approve();
    expect(it.working(id)).not.toEqual([]);
    expect(it.comment()).toContain(`Instructions for each step: [the whole plan](../blob/${page?.commit}/`);
  });

  test("has an amendment's new steps on its page before those that were approved", async () => {
    const it = openStory();
    const id = await it.propose(planOf(step("first")));
    await it.approve();
    await it.say(1, { kind: "add", text: "more" });
    await it.end(`plan/${id}/2`, { end: "success", tools: [{ kind: "add-steps", steps: LONG.steps }] });
    const { plan, page } = it.execution()?.shownPlan ?? {};
    expect(plan).toBe(it.execution()?.amendment?.plan);
    expect(it.comment()).toContain(
      `[the whole plan](../blob/${page?.commit}/plan-${plan}.md)\n\nExisting steps continue unchanged. To add`,
    );
    const text = it.state.texts.at(-1)?.files[`plan-${plan}.md`] ?? "";
    expect(text.indexOf("Do number 59.")).toBeLessThan(text.indexOf("## Steps approved earlier"));
    expect(text.indexOf("Description of first.")).toBeGreaterThan(text.indexOf("## Steps approved earlier"));
  });

  test("is refused if it does not fit on ten pages either", async () => {
    const it = openStory({ config: config({ plan: { approval: "always", maxSteps: 10_000 } }) });
    const huge = planOf(...Array.from({ length: 250 }, (_, at) => step(`s${at}`, { description: "x".repeat(20_000) })));
    await it.propose(huge);
    expect(it.execution()).toMatchObject({ state: "failed", refusal: { code: "plan-too-long" } });
    expect(it.comment()).not.toContain("/enki approve");
    expect(it.state.texts).toEqual([]);
  });
});

test("a proposal of an earlier version with a hidden command is withdrawn", async () => {
  const it = openStory();
  const id = await it.propose(planOf(step("a", { run: "npm test" })));
  const hidden = planOf(step("a", { run: "npm test \u001b]; touch PWNED #\u0007" }));
  const hash = hashValue(hidden);
  const { shownPlan: _, ...execution } = it.execution() as Execution;
  const { ledger } = it.state;
  it.state.ledger = { ...ledger, plans: { ...ledger.plans, [hash]: hidden }, executions: { [id]: { ...execution, plan: hash } } };
  await it.tell({ kind: "woken" });
  expect(it.execution()).toMatchObject({ state: "failed", refusal: { code: "hidden-character" } });
});
