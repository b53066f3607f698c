import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { type OpenStage, openStage } from "./stage.ts";

const green = { verdict: "green" } as const;

test("/enki unfix suggests nothing that starts work, and names no alias", async () => {
  const stage = await openStage({ script: () => ({ plan: plan(step("fix")) }) });
  const issue = await stage.ask("/enki unfix");
  const reply = await stage.replies(issue, /There is no `\/enki unfix`/);
  expect(reply).not.toMatch(/did you mean|\/enki (?:do|fix)/);
  expect(reply).toMatch(/^\/enki help$/m);
  await stage.maintainer.comment(issue, "/enki help");
  expect(await stage.replies(issue, /`\/enki cancel \[<step>\]`/)).toMatch(/`\/enki fix [^`]*` \(also `\/enki do`\)/);
});

test("a red step names the steps verified with it in the comment and to its next attempt", async () => {
  const told: (string | null)[] = [];
  const needs = [{ step: "index", condition: "completed" as const }];
  const two = plan(step("index", { title: "Add index" }), step("search", { title: "Add search", needs }));
  const stage = await openStage({
    files: { ".enki/enki.toml": '[refinery]\nverify = ["npm test"]\nparallel = 2\nretries = 0\n' },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: two };
      if (spec.kind !== "verify") {
        const id = spec.step?.id ?? "";
        if (id === "search") told.push(spec.lastFailure);
        return { files: { [`${id}.txt`]: `${id}\n` } };
      }
      const files = (await stage.git("ls-tree", "--name-only", spec.baseCommit)).split("\n");
      if (files.includes("search.txt")) return told.length > 1 ? green : { verdict: "red", log: "$ npm test\n| 1 failed" };
      // The green run ends last, so that Enki judges both runs together.
      await stage.until("the red verdict", () => Promise.resolve(stage.log.some((line) => line.endsWith(" failed"))));
      return green;
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  expect(await stage.shows(issue, /failed\.\*\*/)).toMatch(/`search` failed\.\*\* Failed together with "Add index": `npm test` failed/);
  await stage.maintainer.comment(issue, "/enki retry search");
  await stage.shows(issue, /Done: everything landed/);
  expect(told).toEqual([null, 'Failed together with "Add index".\n$ npm test\n| 1 failed']);
});

test("refuses a resolution that deletes a file of both sides, and tells the next attempt its name", async () => {
  const told: (string | null)[] = [];
  const two = plan(step("one"), step("two"));
  const stage = await openStage({
    files: { "shared.txt": "a\n" },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: two };
      if (spec.kind === "verify") return green;
      if (spec.kind === "work") return { files: { "shared.txt": `${spec.step?.id}\n` } };
      told.push(spec.lastFailure);
      return { files: { "shared.txt": told.length === 1 ? null : "one and two\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(told).toEqual([null, "it deleted files that neither side deleted: shared.txt"]);
  expect(await stage.git("show", "main:shared.txt")).toBe("one and two");
});

test("a rewound base freezes; /enki retry rebases agents' and people's work on it, without the removed commit", async () => {
  const stage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("one"), step("two")) };
      // At the rewind of the base, no head is verified and one result is still missing.
      if (spec.step?.id !== "one")
        await stage.until("the freeze", () => Promise.resolve(stage.log.some((line) => line.endsWith("main was rewound"))));
      if (spec.kind === "verify") return green;
      return { files: { [`${spec.step?.id}.txt`]: "done\n" } };
    },
  });
  const before = await stage.git("rev-parse", "main");
  const lost = await stage.push("main", { "lost.txt": "lost\n" });
  const issue = await stage.maintainer.openIssue("Two things", "");
  await stage.maintainer.comment(issue, "/enki fix them");
  await stage.planned(issue);
  const id = /Execution `([0-9a-f]+)`/.exec((await stage.said(issue, "execution")).join())?.[1] ?? "";
  await stage.approve(issue);
  await stage.until("the first head", () => stage.git("rev-parse", `task/${id}-one`).catch(() => null));
  await stage.push(`task/${id}-one`, { "by-hand.txt": "mine\n" });
  await stage.push("main", {}, { onto: before, force: true });
  expect(await stage.shows(issue, /Nothing lands for now/)).toMatch(/^\/enki retry$/m);
  expect(await stage.landed()).toEqual([]);
  await stage.maintainer.comment(issue, "/enki retry");
  await stage.shows(issue, /Done: everything landed/);
  const files = (await stage.git("ls-tree", "-r", "--name-only", "main")).split("\n");
  expect(files).toEqual(expect.arrayContaining(["one.txt", "two.txt", "by-hand.txt"]));
  expect(files).not.toContain("lost.txt");
  expect((await stage.git("rev-list", "main")).split("\n")).not.toContain(lost);
  expect(await stage.git("log", "--format=%s", "main")).toContain("a person changes by-hand.txt");
});

test("/enki retry resumes a failed workflow: keeps successful roles and runs the failed one and its successors", async () => {
  const ran: string[] = [];
  const roles = ["plan", "code", "check"];
  const flow = `---\nroles:\n${roles.map((role) => `  ${role}: { tools: ${role === "code" ? "[edit]" : "[read]"} }`).join("\n")}\nedges: [plan -> code, code -> check]\n---\n\n${roles
    .map((role) => `## ${role}\n\nDo it.\n`)
    .join("\n")}`;
  const stage = await openStage({
    files: { ".enki/workflows/ship.md": flow },
    script: (spec) => {
      if (spec.kind === "verify") return green;
      const id = spec.step?.id ?? "";
      ran.push(id);
      if (id === "code" && ran.filter((each) => each === "code").length === 1) return { end: "failed", why: "no model" };
      return id === "code" ? { files: { "code.txt": "done\n" } } : { report: `${id} says so` };
    },
  });
  const issue = await stage.ask("/enki run ship it");
  expect(await stage.shows(issue, /Stopped/)).toMatch(/`check` is skipped/);
  await stage.maintainer.comment(issue, "/enki retry");
  await stage.shows(issue, /Done: everything landed/);
  expect(ran).toEqual(["plan", "code", "code", "check"]);
  expect(await stage.git("show", "main:code.txt")).toBe("done");
});

test("/enki revise and a reply that quotes the plan let the planner continue from its plan; the old approval is void", async () => {
  const plans = [
    plan(step("one", { title: "Raise the limit" })),
    plan(step("one", { title: "Raise the limit to 10 MB" })),
    plan(step("one", { title: "Raise the limit to 10 MB" }), step("docs", { title: "Say so in the docs" })),
  ];
  const asked: unknown[] = [];
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "verify") return green;
      if (spec.kind !== "plan") return { files: { [`${spec.step?.id}.txt`]: "done\n" } };
      asked.push(spec.revision && { text: spec.revision.text, steps: spec.revision.steps.map(({ title }) => title) });
      return { plan: plans[asked.length - 1] ?? plan() };
    },
  });
  const issue = await stage.ask();
  const first = await stage.planned(issue);
  expect(await stage.shows(issue, /Raise the limit/)).toContain("/enki revise <what to change>");
  await stage.maintainer.comment(issue, "/enki revise say how far");
  await stage.shows(issue, /Raise the limit to 10 MB/);
  await stage.maintainer.comment(issue, first);
  expect(await stage.replies(issue, /other-plan/)).toContain(await stage.planned(issue));
  await stage.maintainer.comment(issue, "> Raise the limit to 10 MB\n\nAnd say so in the docs.");
  await stage.shows(issue, /Say so in the docs/);
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(asked).toEqual([
    undefined,
    { text: "say how far", steps: ["Raise the limit"] },
    { text: "> Raise the limit to 10 MB\n\nAnd say so in the docs.", steps: ["Raise the limit to 10 MB"] },
  ]);
  expect(await stage.landed()).toHaveLength(2);
});

test('"LGTM" below a quoted line revises nothing; approving the plan stops a revision that a reply started', async () => {
  let planners = 0;
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "verify") return green;
      if (spec.kind !== "plan") return { files: { "one.txt": "done\n" } };
      return (planners += 1) === 1 ? { plan: plan(step("one", { title: "Raise the limit" })) } : "hangs";
    },
  });
  const issue = await stage.ask();
  const approve = await stage.planned(issue);
  await stage.shows(issue, /Raise the limit/);
  await stage.maintainer.comment(issue, "> Raise the limit\n\nLGTM, thanks! :tada:");
  await stage.forge.waitUntilIdle();
  expect((await stage.said(issue, "execution")).join()).not.toContain("Revising");
  await stage.maintainer.comment(issue, "> Raise the limit\n\nI like this one.");
  expect(await stage.shows(issue, /Revising the plan/)).toContain(`comment \`${approve}\``);
  await stage.until("the planner to work", () => Promise.resolve(planners === 2));
  await stage.maintainer.comment(issue, approve);
  await stage.shows(issue, /Done: everything landed/);
  await stage.sweepUntil("the planner to be stopped", async () => (await cancelled(stage)) === 1, 1_000);
});

/** Returns the number of cancelled runs. */
const cancelled = async (stage: OpenStage): Promise<number> => {
  const { workflow_runs } = (await stage.does("GET", "/actions/runs")) as { workflow_runs: { conclusion: string | null }[] };
  return workflow_runs.filter(({ conclusion }) => conclusion === "cancelled").length;
};

test("the sweep finds a quoting reply without a webhook once", async () => {
  let plans = 0;
  const stage = await openStage({
    webhooks: false,
    script: (spec) => ({ plan: plan(step("one", { title: spec.kind === "plan" ? `Plan ${(plans += 1)}` : "" })) }),
  });
  const issue = await stage.ask();
  const shows = (words: RegExp) => async () => words.test((await stage.said(issue, "execution")).join());
  await stage.sweepUntil("a plan", shows(/Plan 1/));
  await stage.maintainer.comment(issue, "> Plan 1\n\nAnother one, please.");
  await stage.sweepUntil("another plan", shows(/Plan 2/));
  await stage.sweep();
  await stage.sweep();
  expect(plans).toBe(2);
});

test("/enki run refuses an unknown model with a suggestion; without configured models any name is accepted", async () => {
  const flow = (model: string): string => `---\nroles:\n  look: { model: ${model}, tools: [read] }\n---\n\n## look\n\nLook.\n`;
  const models: unknown[] = [];
  const stage = await openStage({
    files: {
      ".enki/workflows/known.md": flow("opus"),
      ".enki/workflows/unknown.md": flow("opsu"),
      ".enki/enki.toml": '[agent]\nmodels = ["opus"]\n[refinery]\nverify = ["true"]\n',
    },
    script: (spec) => {
      models.push(spec.model);
      return { report: "Looked." };
    },
  });
  const issue = await stage.ask("/enki run unknown it");
  expect(await stage.replies(issue, /bad-workflow/)).toMatch(/there is no model "opsu" \(did you mean `opus`\?\)/);
  await stage.maintainer.comment(issue, "/enki run known it");
  await stage.shows(issue, /Done/);
  await stage.push("main", { ".enki/enki.toml": '[refinery]\nverify = ["true"]\n' });
  const other = await stage.ask("/enki run unknown it");
  await stage.shows(other, /Done/);
  expect(models).toEqual(["opus", "opsu"]);
});
