import { rebuildFromEvidence } from "../../../../src/core/decisions/rebuild-decision.ts";
import { plan, step } from "../../../support/build.ts";
import { config } from "../../../support/config.ts";
import { proposed, running } from "./planning-scenes.ts";
import { openDay, type Scene } from "./show-state.ts";
import { DOCS, LIMIT, TEST, UPLOAD } from "./upload-plan.ts";

const NOTHING = { kind: "nothing-to-do", reason: "The limit is 10 MB already." } as const;
const DAY_MINUTES = 24 * 60;

/** Lands every step. */
const landed = async () => {
  const it = await running(UPLOAD);
  for (const id of ["limit", "docs", "test"]) await it.landed(id);
  await it.tell({ kind: "woken" });
  return it;
};

export const END_SCENES: Readonly<Record<string, Scene>> = {
  "landed all": {
    about: "Everything landed.",
    tell: async () => {
      const it = await landed();
      return { it, id: it.id, pulls: [100] };
    },
  },
  "nothing to land": {
    about: "The only step found nothing to do.",
    tell: async () => {
      const it = await running(plan(DOCS));
      await it.end("work/", { end: "unchanged", why: NOTHING.reason, outcome: NOTHING, output: "" });
      return { it, id: it.id };
    },
  },
  "a report": {
    about: "The only step delivered a report.",
    tell: async () => {
      const it = await running(plan(step("look", { title: "List every limit of uploads", output: "artifact" })));
      await it.end("work/", { end: "unchanged", artifact: "# Limits\n\n- `nginx.conf`: 1 MB\n", output: "One place." });
      return { it, id: it.id };
    },
  },
  "three reports": {
    about: "A plan whose steps only read, as of a workflow of readers.",
    tell: async () => {
      const areas = ["nginx", "config", "docs"].map((id) => step(id, { title: `List the limits of ${id}`, output: "artifact" }));
      const it = await running(plan(...areas));
      for (const { id } of areas)
        await it.end(`work/${it.task(id)}`, { end: "unchanged", artifact: `# Limits of ${id}\n`, output: "One place." });
      return { it, id: it.id };
    },
  },
  "a report, and no change": {
    about: "One step delivered a report, and the step that should change files found nothing to do.",
    tell: async () => {
      const it = await running(plan(step("look", { title: "List every limit of uploads", output: "artifact" }), DOCS));
      await it.end(`work/${it.task("look")}`, { end: "unchanged", artifact: "# Limits\n", output: "One place." });
      await it.end("work/", { end: "unchanged", why: NOTHING.reason, outcome: NOTHING, output: "" });
      return { it, id: it.id };
    },
  },
  "a question answered": {
    about: "A person asked a question, and an agent answered it.",
    tell: async () => {
      const it = openDay();
      await it.say(1, { kind: "ask", question: "Where is the size of an upload checked?" });
      const [id = ""] = Object.keys(it.state.ledger.executions);
      await it.end("work/", { end: "artifact", artifact: "In `src/limit.js:3`.", output: "In one file." });
      return { it, id };
    },
  },
  "failed and blocked": {
    about: "A step failed, so the step that needs it cannot start; everything else ended.",
    tell: async () => {
      const it = await running(UPLOAD);
      await it.landed("docs");
      await it.fails("limit", it.id, "nginx.conf does not exist");
      await it.later(1);
      return { it, id: it.id };
    },
  },
  "failed after three crashes": {
    about: "A step's job crashed as often as Enki tries.",
    tell: async () => {
      const it = await running(plan(DOCS));
      for (let more = 0; more < 4 && it.state_("docs") !== "failed"; more += 1) {
        if (it.working().length === 0) await it.later(20);
        await it.end("work/", { end: "crashed", why: "the agent exited with 3" });
      }
      return { it, id: it.id };
    },
  },
  "verification failed": {
    about: "The only step failed verification twice.",
    tell: async () => {
      const it = await running(plan(DOCS), { config: config({ refinery: { ...config().refinery, verify: ["npm ci", "npm test"] } }) });
      await it.worked("docs");
      await it.rejected("$ npm test\n| not ok 3 - an upload of 5 MB\n|   413 !== 201");
      return { it, id: it.id, pulls: [100] };
    },
  },
  skipped: {
    about: "A person skipped the failed step, and the rest landed.",
    tell: async () => {
      const it = await running(UPLOAD);
      await it.landed("docs");
      await it.fails("limit", it.id, "nginx.conf does not exist");
      await it.say(1, { kind: "skip", target: it.task("limit") });
      await it.landed("test");
      await it.tell({ kind: "woken" });
      return { it, id: it.id };
    },
  },
  "cancelled with landed work": {
    about: "A person cancelled the execution after a step landed and another failed.",
    tell: async () => {
      const it = await running(plan(LIMIT, TEST, DOCS, step("message", { title: "Name the limit in the message" })));
      await it.landed("docs");
      await it.fails("message", it.id, "the message is generated");
      await it.worked("limit");
      await it.say(1, { kind: "cancel", target: it.id });
      await it.later(1);
      return { it, id: it.id, pulls: [101] };
    },
  },
  "a step cancelled": {
    about: "A person cancelled a step, and with it the step that needs it.",
    tell: async () => {
      const it = await running(UPLOAD);
      await it.say(1, { kind: "cancel", target: it.task("limit") });
      await it.later(1);
      return { it, id: it.id };
    },
  },
  "nobody approved": {
    about: "Nobody approved the plan in time.",
    tell: async () => {
      const it = await proposed();
      await it.later(40 * DAY_MINUTES);
      return { it, id: it.id };
    },
  },
  "nobody reviewed": {
    about: "Nobody reviewed a checkpoint in time.",
    tell: async () => {
      const it = await running(plan({ ...LIMIT, checkpoint: true }));
      await it.worked("limit");
      await it.verified();
      await it.tell({ kind: "woken" });
      await it.later(40 * DAY_MINUTES);
      return { it, id: it.id, pulls: [100] };
    },
  },
  "pull request refused": {
    about: "GitHub did not let Enki open a pull request.",
    tell: async () => {
      const it = await running(plan(DOCS), {
        refuse: ({ kind }) => (kind === "open-pull" ? "GitHub Actions is not permitted to create or approve pull requests." : null),
      });
      await it.worked("docs");
      await it.later(1);
      return { it, id: it.id };
    },
  },
  undoing: {
    about: "A person undoes everything that landed; the reverts are in the queue.",
    tell: async () => {
      const it = await landed();
      await it.say(1, { kind: "undo", target: null });
      await it.later(1);
      const undo = Object.values(it.state.ledger.executions).find(({ undoes }) => undoes);
      return { it, id: undo?.id ?? "", pulls: [103] };
    },
  },
  undone: {
    about: "Everything that landed is reverted.",
    tell: async () => {
      const it = await landed();
      await it.say(1, { kind: "undo", target: null });
      while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
      await it.tell({ kind: "woken" });
      const undo = Object.values(it.state.ledger.executions).find(({ undoes }) => undoes);
      return { it, id: undo?.id ?? "" };
    },
  },
  "lost ledger": {
    about: "Somebody deleted the ledger while steps worked; Enki rebuilt it from commits, branches and comments.",
    tell: async () => {
      const it = await running();
      await it.landed("docs");
      await it.worked("limit");
      const step = it.at("docs");
      const own = it.state.comments.find(({ body }) => body.includes(`enki:execution:${it.id}`));
      if (!own || !step?.landed) throw new Error("a step landed");
      it.state.ledger = rebuildFromEvidence({
        landings: [
          {
            baseBranch: "main",
            commit: step.landed.commit,
            at: it.state.now,
            title: DOCS.title,
            task: it.task("docs"),
            head: step.head?.sha ?? "",
          },
        ],
        refs: Object.keys(it.state.refs),
        ownComments: [{ id: own.id, issue: 1, onPull: false, body: own.body, updated: it.state.now }],
        ownPulls: it.state.pulls
          .filter(({ state }) => state === "open")
          .map(({ number }) => ({ number, body: it.state.bodies.get(number) ?? "" })),
        commands: it.state.heard.filter((event) => event.kind === "commanded"),
        baseBranch: "main",
        now: it.state.now,
      });
      it.restart();
      await it.later(1);
      return { it, id: it.id, pulls: [101] };
    },
  },
};
