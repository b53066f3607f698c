import { expect, test } from "vitest";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const SHIP = `---
roles:
  plan: {}
  code: {}
  docs: {}
  check: { fields: [verdict] }
  ship: {}
edges:
  - plan -> code
  - plan -> docs
  - code -> check
  - docs -> check
  - check -> ship
---

## plan

Plan {{ .Args }}.

## code

Code {{ .plan }}.

## docs

Document {{ .plan }}.

## check

Check {{ .code }} and {{ .docs }}.

## ship

Ship, since {{ .check.verdict }}.
`;

/** Starts a workflow as the one execution of issue 1, and lists its working roles. */
const begin = async (text = SHIP) => {
  const it = openStory({ config: config({ workflows: { ship: { path: "ship.md", text } } }) });
  await it.say(1, { kind: "run", workflow: "ship", args: "it" });
  const id = Object.keys(it.state.ledger.executions)[0] ?? "";
  const roles = () => it.working(id);
  return {
    ...it,
    id,
    roles,
    done: (role: string, output = `${role} did it`) => it.end(`work/${id}-${role}/`, { end: "success", output }),
    broke: (role: string) => it.end(`work/${id}-${role}/`, { end: "failed", why: "no model" }),
    retry: (target: string | null = null) => it.say(1, { kind: "retry", target }),
    run: () => it.execution(id),
    attempts: () => it.state.runs.filter(({ name }) => name.startsWith("work/")).map(({ name }) => name.slice(`work/${id}-`.length)),
    verified: async (): Promise<void> => {
      while (it.running().some((each) => each.startsWith("verify/"))) await it.end("verify/");
    },
  };
};

test("/enki retry on a failed workflow runs the failed role and its successors, and keeps successful ones", async () => {
  const it = await begin();
  await it.done("plan");
  await it.done("code");
  await it.broke("docs");
  expect(it.run()).toMatchObject({ state: "failed", workflow: { endState: "failed" } });
  await it.retry();
  expect(it.run()).toMatchObject({ state: "running", refusal: null, workflow: { endState: null, skippedRoles: {} } });
  expect(it.roles()).toEqual(["docs"]);
  await it.done("docs");
  await it.done("check", "verdict: LGTM");
  await it.done("ship");
  await it.verified();
  expect(it.run()).toMatchObject({ state: "done", workflow: { endState: "done" } });
  expect(it.attempts()).toEqual(["plan/1", "code/1", "docs/1", "docs/2", "check/1", "ship/1"]);
  expect(it.states(it.id)).toEqual({ plan: "done", code: "done", docs: "done", check: "done", ship: "done" });
  it.replay();
});

test("/enki retry <step> runs one failed role, while others run and after they ended", async () => {
  const it = await begin();
  await it.done("plan");
  await it.broke("code");
  expect(it.run()?.state).toBe("running");
  await it.retry("code");
  expect(it.roles().sort()).toEqual(["code", "docs"]);
  await it.broke("code");
  await it.broke("docs");
  expect(it.run()?.state).toBe("failed");
  await it.retry("docs");
  expect(it.roles()).toEqual(["docs"]);
  await it.done("docs");
  expect(it.run()?.state).toBe("failed");
  await it.retry("code");
  await it.done("code");
  expect(it.roles()).toEqual(["check"]);
  await it.retry("plan");
  expect(it.lastReply()).toMatch(/`\w+-plan` has not failed/);
  it.replay();
});

test("/enki retry asks a role again if its answer had the wrong format, and says why", async () => {
  const schema = "schema: { type: object, properties: { verdict: { type: string } }, required: [verdict] }";
  const it = await begin(SHIP.replace("fields: [verdict]", schema));
  for (const role of ["plan", "code", "docs"]) await it.done(role);
  await it.done("check", "fine");
  await it.done("check", "still fine");
  expect(it.run()).toMatchObject({ state: "failed", workflow: { endState: "failed", reaskedSteps: ["check"] } });
  await it.retry();
  expect(it.at("check", it.id)).toMatchObject({ state: "running", attempt: 3, lastFailure: expect.stringContaining("has not the form") });
  expect(it.run()?.workflow?.reaskedSteps).toEqual([]);
  await it.done("check", '```json\n{"verdict":"LGTM"}\n```');
  expect(it.roles()).toEqual(["ship"]);
  it.replay();
});

test.each([
  ["after the workflow failed", true],
  ["while other roles are running", false],
])("/enki skip of a role that failed lets the workflow continue without its work (%s)", async (_, over) => {
  const it = await begin();
  await it.done("plan");
  if (over) await it.done("code");
  await it.broke("docs");
  expect(it.run()?.state).toBe(over ? "failed" : "running");
  await it.say(1, { kind: "skip", target: "docs" });
  expect(it.run()).toMatchObject({ state: "running", refusal: null, workflow: { endState: null } });
  if (!over) await it.done("code");
  expect(it.roles()).toEqual(["check"]);
  await it.done("check", "verdict: LGTM");
  await it.done("ship");
  await it.verified();
  expect(it.run()).toMatchObject({ state: "done", workflow: { endState: "done" } });
  expect(it.states(it.id)).toMatchObject({ docs: "skipped", ship: "done" });
  it.replay();
});
