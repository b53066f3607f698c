import { expect, test } from "vitest";
import type { Plan } from "../../src/core/domain/plan.ts";
import { step as plannedStep } from "../support/build.ts";
import { openToolBox } from "../support/tools.ts";
import { openStage } from "./stage.ts";

const step = (id: string, ...needs: string[]) => ({ id, title: id, description: `do ${id}`, needs });

const MANY = Array.from({ length: 101 }, (_, at) => step(`s${at}`));

test.each([
  ["B-05 a plan with a cycle", [step("a", "b"), step("b", "a")], /cycle/],
  ["B-06 an unknown need", [step("a", "nobody")], /nobody/],
  ["B-07 a step that needs itself", [step("a", "a")], /itself|'a'/],
  ["B-08 a doubled id", [step("a"), step("a")], /'a'|twice|duplicate/],
  ["B-09 no step at all", [], /step/],
  ["B-10 too many steps", MANY, /100/],
])("refuses %s to the agent with the reason and stores nothing", async (_, steps, reason) => {
  const answers: string[] = [];
  const stage = await openStage({
    script: async (spec) => {
      const { roles, maxSteps, execution, executions } = spec;
      const { call, recorded } = openToolBox({ canEdit: false, roles, maxSteps, ownExecution: execution, executions });
      const answer = await call("enki_execution_create", { steps });
      answers.push(answer.text);
      expect(recorded).toEqual([]);
      return { end: "failed", why: "I could not make a plan" };
    },
  });
  const issue = await stage.ask();
  expect(await stage.shows(issue, /Stopped/)).toContain("I could not make a plan");
  expect(answers.join()).toMatch(reason);
  expect(await stage.git("ls-tree", "-r", "--name-only", "refs/enki/ledger")).not.toContain("plan-");
});

test("shows all of a long plan on a page, and runs it once the command under the link approves it", async () => {
  const last = "the last words of a long plan";
  const words = "Read the code before you change it. ".repeat(80);
  const steps = Array.from({ length: 12 }, (_, at) => plannedStep(`s${at}`, { description: at === 11 ? `${words}${last}` : words }));
  const stage = await openStage({ script: ({ step }) => (step === null ? { plan: { steps } } : { end: "unchanged" }) });
  const issue = await stage.ask();
  const comment = await stage.shows(issue, /too long for a comment/);
  expect(comment).not.toContain(last);
  const [, path = ""] = /\(\.\.(\/blob\/[0-9a-f]{40}\/plan-[0-9a-f]{64}\.md)\)[^]*\/enki approve /.exec(comment) ?? [];
  const page = await fetch(`${stage.forge.url}/${stage.owner}/${stage.name}${path}`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain(last);
  await stage.approve(issue);
  await stage.shows(issue, /Running|Done/);
});

test("B-05 refuses a cycle that bypassed the tool when the result is read", async () => {
  const wrong = (id: string, need: string): Plan["steps"][number] => ({
    id,
    title: id,
    description: id,
    tier: "light",
    role: null,
    output: "branch",
    needs: [{ step: need, condition: "merged" }],
    checkpoint: false,
    paths: [],
    verify: [],
    optional: false,
    run: null,
  });
  const stage = await openStage({ script: () => ({ plan: { steps: [wrong("a", "b"), wrong("b", "a")] } }) });
  const issue = await stage.ask();
  expect(await stage.shows(issue, /Stopped/)).toMatch(/cycle/);
  expect(await stage.git("ls-tree", "-r", "--name-only", "refs/enki/ledger")).not.toContain("plan-");
});
