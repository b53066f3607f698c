import type { BranchRules } from "../../../../src/core/domain/github-facts.ts";
import { toBranchRef, toTaskRef } from "../../../../src/core/domain/refs.ts";
import { plan } from "../../../support/build.ts";
import { ask, QUESTION, running } from "./planning-scenes.ts";
import { openDay, type Scene } from "./show-state.ts";
import { DOCS, LIMIT } from "./upload-plan.ts";

const MONTH_MINUTES = 40 * 24 * 60;
const REVIEWED: BranchRules = { isReadable: true, types: ["pull_request"], checks: [], requiredReviews: 1, allowedMethods: null };

/** Scenes for reasons without another scene. */
export const REASON_SCENES: Readonly<Record<string, Scene>> = {
  "nobody answered the planner": {
    about: "Nobody answered the planner's question in time.",
    tell: async () => {
      const it = await ask();
      await it.end("plan/", { end: "asked", tools: [QUESTION] });
      await it.later(MONTH_MINUTES);
      return { it, id: it.id };
    },
  },
  "held too long": {
    about: "Nobody removed the label hold in time.",
    tell: async () => {
      const it = await running(plan(LIMIT));
      await it.worked("limit");
      it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, hasActivity: true, labels: ["hold"] }));
      await it.verified();
      await it.later(MONTH_MINUTES);
      return { it, id: it.id, pulls: [100] };
    },
  },
  "the base is gone": {
    about: "Somebody deleted the base branch while work was in the queue.",
    tell: async () => {
      const it = await running(plan(LIMIT));
      await it.worked("limit");
      delete it.state.refs[toBranchRef("main")];
      await it.later(1);
      return { it, id: it.id };
    },
  },
  "GitHub merged other files": {
    about: "The files of GitHub's merge are not those that were verified.",
    tell: async () => {
      const it = openDay({ otherTree: true });
      it.state.rules = REVIEWED;
      const id = await it.propose(plan(DOCS));
      await it.approve();
      await it.worked("docs");
      const head = it.head("docs") ?? "";
      it.state.reviews.set(100, [{ id: 1, by: "maintainer", bot: false, verdict: "approved", head, at: it.state.now, text: "" }]);
      await it.verified();
      await it.tell({ kind: "woken" });
      return { it, id };
    },
  },
  "verification without a verdict": {
    about: "The verify job crashed as often as Enki tries.",
    tell: async () => {
      const it = await running(plan(LIMIT));
      await it.worked("limit");
      for (let more = 0; more < 8 && it.state.ledger.queues["main"]?.frozen === null; more += 1) {
        const job = it.running().find((each) => each.startsWith("verify/"));
        if (job) it.finish(job, { end: "crashed", output: "The runner lost communication with the server." });
        await it.later(30);
      }
      return { it, id: it.id };
    },
  },
  "a late push": {
    about: "A person pushed to the branch of a step after it landed.",
    tell: async () => {
      const it = await running(plan(LIMIT, DOCS));
      await it.landed("limit");
      it.push(toTaskRef(it.task("limit")), "one more fix");
      await it.later(1);
      return { it, id: it.id, pulls: [100] };
    },
  },
};
