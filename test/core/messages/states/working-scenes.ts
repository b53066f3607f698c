import { NO_USAGE } from "../../../../src/core/domain/agent-usage.ts";
import { NO_BUDGET } from "../../../../src/core/domain/budget.ts";
import { plan, step } from "../../../support/build.ts";
import { config } from "../../../support/config.ts";
import { ask, QUESTION, running, withHistory } from "./planning-scenes.ts";
import { openDay, type Scene } from "./show-state.ts";
import { DOCS, LIMIT, UPLOAD } from "./upload-plan.ts";

const NOTHING = { kind: "nothing-to-do", reason: "The limit is 10 MB already." } as const;
const IDLE = { end: "unchanged", why: NOTHING.reason, outcome: NOTHING, output: "" } as const;
const usage = { usage: { ...NO_USAGE, inputTokens: 120_000, outputTokens: 9_000, costUsd: 0.42 } };

/** Plays one step for each state that steps may have at the same time. */
const mixed = async () => {
  const it = await running(
    plan(
      step("landed", { title: "Raise the limit" }),
      step("reported", { title: "List all limits", output: "artifact" }),
      step("verified", { title: "Refuse larger files" }),
      step("working", { title: "Test an upload of 5 MB" }),
      step("broken", { title: "Translate the message" }),
      step("after_broken", { title: "Check the translation", needs: ["broken"] }),
      step("unneeded", { title: "Remove the old limit" }),
      step("stopped", { title: "Rename the option" }),
      step("gated", { title: "Change the price list", checkpoint: true }),
      step("later", { title: "Announce it", needs: ["working"] }),
      step("idle", { title: "Update the example" }),
    ),
    {
      config: config({
        workers: { total: 20, tiers: { light: 20, standard: 20, heavy: 20 } },
        refinery: { ...config().refinery, parallel: 3 },
      }),
    },
  );
  await it.landed("landed");
  await it.end(`work/${it.task("reported")}/`, { end: "unchanged", artifact: "# Limits\n\nTwo places.", output: "Two places." });
  await it.worked("gated");
  await it.verified();
  await it.fails("broken", it.id, "npm test fails: 2 of 40 tests");
  await it.end(`work/${it.task("idle")}/`, IDLE);
  await it.say(1, { kind: "skip", target: it.task("unneeded") });
  await it.say(1, { kind: "pause", target: it.task("stopped") });
  await it.worked("verified");
  return it;
};

/** Plays steps whose jobs GitHub refuses to start. */
const refusedJob = async (code: string, reason: string) => {
  const it = await running(plan(DOCS), {
    refuse: (effect) => (effect.kind === "start-job" && effect.job.startsWith("work/") ? { code, reason } : null),
  });
  await it.later(1);
  return { it, id: it.id };
};

/** Plays a step whose run ends before its first job starts. */
const lostRun = async (conclusion: string, placeholder?: string) => {
  const it = await running(plan(DOCS));
  if (placeholder !== undefined) it.state.workflows = [{ file: "enki-step.yml", triggers: [], jobs: [], placeholder }];
  const job = it.running().find((each) => each.startsWith("work/"));
  it.state.runs = it.state.runs.map((run) => (run.name === job ? { ...run, state: "done", conclusion } : run));
  if (job) await it.tell({ kind: "woken", endedJob: job });
  await it.later(1);
  return { it, id: it.id };
};

export const WORKING_SCENES: Readonly<Record<string, Scene>> = {
  "running with an expected end": {
    about: "One step landed, the next is at work; earlier steps of the repository say how long the rest takes.",
    tell: async () => {
      const it = await withHistory();
      const id = await it.propose(UPLOAD);
      await it.approve();
      await it.landed("limit");
      await it.tell({ kind: "woken" });
      return { it, id };
    },
  },
  running: {
    about: "Two steps work, one waits for the first.",
    tell: async () => {
      const it = await running();
      return { it, id: it.id };
    },
  },
  "running, all states side by side": {
    about: "Eleven steps, each in another state.",
    tell: async () => {
      const it = await mixed();
      return { it, id: it.id };
    },
  },
  "a job refused": {
    about: "GitHub does not start the jobs of steps, for a reason that Enki does not know.",
    tell: () => refusedJob("not-allowed", "This repository is locked."),
  },
  "the workflow file is missing": {
    about: "`enki-step.yml` is not on the default branch.",
    tell: () => refusedJob("not-found", "Not Found"),
  },
  "Actions switched off": {
    about: "Actions is switched off for the repository.",
    tell: () => refusedJob("invalid", "Actions has been disabled for this repository."),
  },
  "the workflow switched off": {
    about: "A person disabled `enki-step.yml` on the Actions page.",
    tell: () => refusedJob("invalid", "Cannot trigger a 'workflow_dispatch' on a disabled workflow"),
  },
  "the workflow file is outdated": {
    about: "`enki-step.yml` is from another version.",
    tell: () => refusedJob("invalid", 'Unexpected inputs provided: ["target"]'),
  },
  "no permission for Actions": {
    about: "The App may not start workflows.",
    tell: () => refusedJob("not-allowed", "Resource not accessible by integration"),
  },
  "a run that cannot start": {
    about: "The repository does not allow an action of `enki-step.yml`.",
    tell: () => lostRun("startup_failure"),
  },
  "a placeholder in the workflow file": {
    about: "Nobody replaced the owner of Enki's action.",
    tell: () => lostRun("failure", "OWNER/enki@v1"),
  },
  "a step is retried": {
    about: "A step's job crashed, and its next attempt starts soon.",
    tell: async () => {
      const it = await running();
      await it.end(`work/${it.task("limit")}/`, { end: "crashed", why: "the agent exited with 3" });
      return { it, id: it.id };
    },
  },
  "a second attempt": {
    about: "The second attempt of a step is at work.",
    tell: async () => {
      const it = await running();
      await it.end(`work/${it.task("limit")}/`, { end: "timed-out", why: "it ran for 30 minutes" });
      await it.later(20);
      return { it, id: it.id };
    },
  },
  "waits for quota": {
    about: "The quota of a step's model is used up.",
    tell: async () => {
      const it = await running();
      const failure = { code: "quota", resetsAt: it.state.now + 5 * 60 * 60_000 } as const;
      await it.end(`work/${it.task("limit")}/`, { end: "failed", why: "The quota is used up.", failure });
      return { it, id: it.id };
    },
  },
  "paused by its budget": {
    about: "The budget has no room for another attempt.",
    tell: async () => {
      const it = await ask({ config: config({ budget: { ...NO_BUDGET, execution: 1_750_000 } }) });
      await it.end("plan/", { end: "success", tools: [{ kind: "propose", plan: plan(DOCS, LIMIT) }], ...usage });
      await it.say(1, { kind: "approve-plan", plan: it.execution(it.id)?.plan ?? "" });
      await it.end("work/", { end: "success", ...usage });
      await it.later(1);
      return { it, id: it.id };
    },
  },
  paused: {
    about: "A person paused the whole execution.",
    tell: async () => {
      const it = await running();
      await it.say(1, { kind: "pause", target: it.id });
      return { it, id: it.id };
    },
  },
  "a step paused": {
    about: "A person paused one step, whose work was in the queue.",
    tell: async () => {
      const it = await running();
      await it.worked("limit");
      await it.say(1, { kind: "pause", target: it.task("limit") });
      return { it, id: it.id };
    },
  },
  "a step asks": {
    about: "An agent waits for a person's answer.",
    tell: async () => {
      const it = await running();
      await it.end(`work/${it.task("limit")}/`, { end: "asked", tools: [QUESTION] });
      return { it, id: it.id };
    },
  },
  "nothing to do, to be confirmed": {
    about: "A step that another needs found nothing to do.",
    tell: async () => {
      const it = await running();
      await it.end(`work/${it.task("limit")}/`, IDLE);
      return { it, id: it.id };
    },
  },
  "a report to approve": {
    about: "A checkpoint delivered a report.",
    tell: async () => {
      const look = step("look", { title: "List every limit of uploads", output: "artifact", checkpoint: true });
      const it = await running(plan(look, { ...LIMIT, needs: [{ step: "look", condition: "merged" }] }));
      await it.end("work/", { end: "unchanged", artifact: "# Limits\n\n- `nginx.conf`: 1 MB\n", output: "One place.", ...usage });
      return { it, id: it.id };
    },
  },
  "a workflow in its second round": {
    about: "A workflow's loop started again without one of its roles.",
    tell: async () => {
      const text = `---\nroles:\n  begin: {}\n  slow: {}\n  quick: {}\n  end: { join: any }\nedges:\n  - begin -> slow\n  - begin -> quick\n  - slow -> end\n  - quick -> end\n  - end -> begin until '{{ eq .Round 2 }}' max 3\n---\n\n## begin\n\nBegin with {{ .Args }}.\n\n## slow\n\nSlow.\n\n## quick\n\nQuick.\n\n## end\n\nEnd.\n`;
      const it = openDay({ config: config({ workflows: { race: { path: "race.md", text } } }) });
      await it.say(1, { kind: "run", workflow: "race", args: "the uploads" });
      const [id = ""] = Object.keys(it.state.ledger.executions);
      for (const role of ["begin", "quick", "end"]) await it.end(it.running().find((job) => job.includes(`-${role}/`)) ?? role);
      return { it, id };
    },
  },
  "a quick task": {
    about: "A quick task without a plan is at work.",
    tell: async () => {
      const it = openDay();
      await it.say(1, { kind: "quick", prompt: "fix the typo in the manual" });
      const [id = ""] = Object.keys(it.state.ledger.executions);
      return { it, id };
    },
  },
  "many steps": {
    about: "Twelve steps, of which only some have a worker.",
    tell: async () => {
      const it = await running(plan(...Array.from({ length: 12 }, (_, at) => step(`part_${at + 1}`, { title: `Part ${at + 1}` }))), {
        config: config({ workers: { total: 3, tiers: { light: 3, standard: 3, heavy: 3 } } }),
      });
      for (const id of ["part_1", "part_2", "part_3"]) await it.worked(id);
      return { it, id: it.id };
    },
  },
};
