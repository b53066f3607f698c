import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { JobSpec } from "../../src/job/job-spec.ts";
import { plan, step } from "../support/build.ts";
import { type Act, JOB, work as workOn } from "./check-stage.ts";
import { ID } from "./stage.ts";

const PLAN = plan(
  step("fix", { role: "fixer" }),
  step("look", { role: "looker", output: "artifact" }),
  step("advise", { role: "adviser" }),
);

const work = (acts: readonly Act[], given: Parameters<typeof workOn>[1] = {}) => workOn(acts, { steps: PLAN, ...given });

const BUG = { write: "new.txt", content: "bad\n" };
const CORRECTION = { turn: 2, write: "new.txt", content: "good\n" };

describe("a job checks its own work", () => {
  test("a red command goes back to the agent in the same session, which corrects its work", async () => {
    const job = await work([BUG, { say: "Done." }, CORRECTION, { turn: 2, say: "Corrected.\n[OUTPUT]It is good.[/OUTPUT]" }]);
    expect(job).toMatchObject({ end: "success", files: ["new.txt"], check: { failed: ["grep good new.txt"], end: "passed" } });
    expect(await job.first()).toBe("good\n");
    expect(job.answer).toBe("Corrected.\n[OUTPUT]It is good.[/OUTPUT]");
    expect(job.transcript).toContain(
      "Done.\n\n> Enki checked a copy of the work: `grep good new.txt` exited with 1. The agent may correct its work",
    );
    expect(job.transcript).toContain("> Enki checked a copy of the work: `grep good new.txt` passed.");
    expect(await job.publish()).toMatchObject({ end: "success", check: { failed: ["grep good new.txt"], end: "passed" } });
  });

  test("green work costs no further turn", async () => {
    const job = await work([
      { write: "new.txt", content: "good\n" },
      { turn: 2, say: "asked again" },
    ]);
    expect(job).toMatchObject({ end: "success", check: { failed: [], end: "passed" } });
    expect(job.answer).not.toContain("asked again");
  });

  test("at the bound, the work is published as it is", async () => {
    const acts = [
      BUG,
      { turn: 2, write: "new.txt", content: "worse\n" },
      { turn: 3, write: "new.txt", content: "worst\n" },
      { turn: 4, say: "asked again" },
    ];
    const job = await work(acts, { corrections: 2 });
    const command = "grep good new.txt";
    expect(job).toMatchObject({ end: "success", files: ["new.txt"], check: { failed: [command, command, command], end: "failed" } });
    expect(await job.first()).toBe("worst\n");
    expect(job.answer).not.toContain("asked again");
  });

  test("an agent that leaves its work as it is ends the check", async () => {
    const job = await work([BUG, { turn: 2, say: "It needs a database." }, { turn: 3, say: "asked again" }], { corrections: 3 });
    expect(job).toMatchObject({ end: "success", check: { failed: ["grep good new.txt"], end: "failed" }, answer: "It needs a database." });
    expect(job.transcript).toContain("> The agent left its work as it was. The queue verifies it.");
  });

  test("the prompt names the command, its end and the end of its output", async () => {
    const long = "for at in $(seq 1 200); do echo line $at; done; exit 3";
    const job = await work([BUG, { turn: 2, echoPrompt: true }], { verify: ["true", long] });
    expect(job.answer).toContain(`This command exited with 3:\n\n\`\`\`bash\n${long}\n\`\`\``);
    expect(job.answer).toMatch(/```output-f00d\nline 141\n[^]*line 200\n```/);
    expect(job.answer).toContain("Enki then runs the commands again. This is the last correction.");
  });

  test("the commands see the files that would be published, and nothing that they write is", async () => {
    const seen =
      'git ls-files > seen; git status --porcelain >> seen; test ! -e built/x && test ! -e .enki/artifacts && test -e left/y || exit 1; echo product > product.txt; cat seen; test "$(git diff --name-only HEAD^ HEAD)" = left/y';
    const acts = [
      {
        run: "mkdir -p built left && echo x > built/x && echo y > left/y && git add -A && git -c user.name=a -c user.email=a@b commit -qm mine",
      },
    ];
    const job = await work(acts, { verify: [seen] });
    expect(job).toMatchObject({ end: "success", check: { failed: [], end: "passed" }, files: ["left/y"] });
    expect(existsSync(join(job.workspace, "product.txt"))).toBe(false);
  });

  test("the commands get no variable of the agent and no key, and each a home of its own", async () => {
    const key = "the-key-of-the-model-0123456789";
    const verify = [
      "env | grep -c -e MODEL_KEY -e ENKI_STEP && exit 1; touch ~/left",
      "test ! -e ~/left",
      "echo the-key-of-the-model-0123456789; exit 1",
    ];
    const job = await work([BUG, { turn: 2, echoPrompt: true }], { verify, over: { modelKey: key } });
    expect(job.check).toEqual({ failed: [verify[2]], end: "failed" });
    expect([job.transcript, job.answer, ...job.log].join("\n").replaceAll(verify[2] ?? "", "")).not.toContain(key);
  });

  test.each([
    ["a role that leaves a report", `work/${ID}-look/1`, []],
    ["a role that may not edit", `work/${ID}-advise/1`, []],
    ["an agent that changed nothing", JOB, [{ say: "[OUTPUT]\nstatus: nothing-to-do\nreason: none\n[/OUTPUT]" }]],
    ["an agent that failed", JOB, [BUG, { tool: "enki_worker_report", arguments: { outcome: "failed", reason: "no" } }]],
    [
      "an agent that asks a person",
      JOB,
      [BUG, { tool: "enki_mail_send", arguments: { to: "user", subject: "q", body: "q", msg_type: "request" } }],
    ],
    ["an agent that refuses", JOB, [BUG, { stop: "refusal" }]],
  ])("does not run them for %s", async (_, job, acts) => {
    const played = await work([...acts, { turn: 2, say: "asked again" }], { job, verify: ["echo ran >&2; exit 1"] });
    expect(played.check).toBeNull();
    expect(played.log.join("\n")).not.toMatch(/\$ echo ran|asked again/);
  });

  test("is switched off without the key, and for a spec of an earlier version", async () => {
    expect((await work([BUG], { corrections: 0 })).check).toBeNull();
    const old = await work([BUG, { turn: 2, say: "asked again" }], {
      before: ({ temp }) => {
        const path = join(temp, "enki", "job.json");
        const { check: _, ...spec } = JSON.parse(readFileSync(path, "utf8")) as JobSpec;
        writeFileSync(path, JSON.stringify(spec));
      },
    });
    expect(old).toMatchObject({ end: "success", check: null });
  });
});
