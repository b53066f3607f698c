import type { Pull } from "../../../../src/core/domain/github-facts.ts";
import { plan } from "../../../support/build.ts";
import { config } from "../../../support/config.ts";
import type { Fate } from "../../../support/memory-world.ts";
import { running } from "./planning-scenes.ts";
import type { Scene } from "./show-state.ts";
import { LIMIT, TEST } from "./upload-plan.ts";

/** Shows a step whose pull request a person changed before the landing. */
const held = async (change: Partial<Pull>) => {
  const it = await running();
  await it.worked("limit");
  it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, hasActivity: true, ...change }));
  await it.verified();
  await it.later(1);
  return { it, id: it.id, pulls: [100] };
};

const LOST: Fate = { end: "crashed", why: "The verify job ended as cancelled without a verdict." };

/** Verifies a step that deletes a test. Its trials end in the given ways. */
const tried = async (...fates: readonly Fate[]) => {
  const it = await running(plan(LIMIT), { config: config({ policy: { ...config().policy, tests: "checkpoint" } }) });
  it.state.tampering = () => [{ path: "upload.test.js", kind: "deleted" }];
  await it.worked("limit");
  await it.verified();
  for (const fate of fates) {
    await it.tried(fate);
    await it.tell({ kind: "woken" });
  }
  await it.tell({ kind: "woken" });
  return { it, id: it.id, pulls: [100] };
};

export const HOLD_SCENES: Readonly<Record<string, Scene>> = {
  "a checkpoint to review": {
    about: "A checkpoint's work is verified and waits for a review.",
    tell: async () => {
      const it = await running(plan({ ...LIMIT, checkpoint: true }, TEST));
      await it.end("work/", { end: "success", output: "Raised both limits to 10 MB." });
      await it.verified();
      await it.tell({ kind: "woken" });
      return { it, id: it.id, pulls: [100] };
    },
  },
  "a checkpoint before its verification": {
    about: "A checkpoint's work is in the queue.",
    tell: async () => {
      const it = await running(plan({ ...LIMIT, checkpoint: true }, TEST));
      await it.end("work/", { end: "success", output: "Raised both limits to 10 MB." });
      return { it, id: it.id, pulls: [100] };
    },
  },
  "changes requested": {
    about: "A reviewer requested changes, and the next attempt works on them.",
    tell: async () => {
      const it = await running(plan({ ...LIMIT, checkpoint: true }, TEST));
      await it.end("work/", { end: "success", output: "Raised both limits to 10 MB." });
      await it.verified();
      const head = it.head("limit") ?? "";
      it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, hasActivity: true }));
      const text = "Say 10 MB in config.json too.";
      it.state.reviews.set(100, [{ id: 1, by: "maintainer", bot: false, verdict: "changes-requested", head, text, at: it.state.now }]);
      await it.tell({ kind: "woken", activity: "pulls" });
      return { it, id: it.id, pulls: [100] };
    },
  },
  "a person holds a step": {
    about: "A person put the label hold on a pull request.",
    tell: () => held({ labels: ["hold"] }),
  },
  "a closed pull request": {
    about: "A person closed the pull request of a step.",
    tell: () => held({ state: "closed" }),
  },
  "a draft": { about: "A person turned the pull request of a step into a draft.", tell: () => held({ draft: true }) },
  "another base": { about: "A person pointed a step's pull request to another base.", tell: () => held({ baseBranch: "release" }) },
  "someone else must approve": {
    about: "The only reviewer may not approve alone.",
    tell: async () => {
      const it = await running(plan({ ...LIMIT, checkpoint: true }), {
        config: config({ policy: { ...config().policy, selfApproval: [] } }),
      });
      await it.worked("limit");
      await it.verified();
      const review = { id: 1, by: "maintainer", bot: false, verdict: "approved", text: "" } as const;
      it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, hasActivity: true }));
      it.state.reviews.set(100, [{ ...review, head: it.head("limit") ?? "", at: it.state.now }]);
      await it.tell({ kind: "woken", activity: "pulls" });
      await it.later(1);
      return { it, id: it.id, pulls: [100] };
    },
  },
  "changes what judges it": { about: "A step deletes a test, so a person must look at it.", tell: () => tried() },
  "fails without its changes to checks": {
    about: "A step deletes a test, and fails with that test.",
    tell: () =>
      tried({
        end: "failed",
        output: "$ npm test\n| not ok 1 - refuses 11 MB\n| # fail 1\nthe command exited with 1",
        failures: [{ command: "npm test", passedAgain: false }],
      }),
  },
  "passes without its changes to checks": {
    about: "A step deletes a test, and passes with that test, too.",
    tell: () => tried({ end: "success" }),
  },
  "its changes to checks cannot be tried": {
    about: "A step deletes a test, and its runs with that test end without a verdict.",
    tell: () => tried(LOST, LOST, LOST),
  },
};
