import type { BranchRules } from "../../../../src/core/domain/github-facts.ts";
import type { Sha } from "../../../../src/core/domain/ids.ts";
import { toBranchRef } from "../../../../src/core/domain/refs.ts";
import { plan, step } from "../../../support/build.ts";
import { config } from "../../../support/config.ts";
import { running } from "./planning-scenes.ts";
import { openDay, type Scene } from "./show-state.ts";
import { DOCS, LIMIT } from "./upload-plan.ts";

const RED = "$ npm test\n| not ok 3 - an upload of 5 MB\n|   413 !== 201";
const FIRST = step("limit", { title: "Allow uploads of up to 10 MB" });
const SECOND = step("message", { title: "Name the limit in the message" });
const THIRD = step("manual", { title: "Name the limit in the manual" });
const QUEUE_RULES: BranchRules = { isReadable: true, types: ["merge_queue"], checks: [], requiredReviews: 0, allowedMethods: null };

/** Queues the work of three steps. `over`: the configuration of the refinery. */
const queued = async (over: Partial<ReturnType<typeof config>["refinery"]> = {}, options: Parameters<typeof openDay>[0] = {}) => {
  const it = await running(plan(FIRST, SECOND, THIRD), { ...options, config: config({ refinery: { ...config().refinery, ...over } }) });
  for (const { id } of [FIRST, SECOND, THIRD]) await it.worked(id);
  const verifyAll = async (): Promise<void> => {
    while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
  };
  return { ...it, verifyAll };
};

/** Starts two steps. The second conflicts with the first, which landed. */
const conflicting = async (options: Parameters<typeof openDay>[0] = {}) => {
  const heads: Record<string, Sha | undefined> = {};
  const isSecond = (head: Sha, message: string): boolean => /-message$/m.test(message) && head === (heads["message"] ??= head);
  const it = await running(plan(FIRST, SECOND), {
    conflicts: (head, message, onto) => isSecond(head, message) && it.contains(heads["limit"] ?? "", onto),
    conflicting: () => [{ path: "src/limits.ts", kind: "contents" }],
    ...options,
  });
  await it.worked("limit");
  heads["limit"] = it.head("limit");
  await it.verified();
  await it.worked("message");
  heads["message"] ??= it.head("message");
  return it;
};

export const LANDING_SCENES: Readonly<Record<string, Scene>> = {
  "one step verified": {
    about: "The work of one step is being verified, the others are at work.",
    tell: async () => {
      const it = await running(plan(FIRST, SECOND, THIRD));
      await it.worked("limit");
      return { it, id: it.id, pulls: [100] };
    },
  },
  "three steps in the queue": {
    about: "Three steps are in the queue, and one candidate is verified at a time.",
    tell: async () => {
      const it = await queued();
      return { it, id: it.id };
    },
  },
  "two candidates at once": {
    about: "Three steps are in the queue, and two candidates are verified at the same time.",
    tell: async () => {
      const it = await queued({ parallel: 2 });
      return { it, id: it.id };
    },
  },
  "landed partly": {
    about: "One of three steps landed, the others are in the queue.",
    tell: async () => {
      const it = await queued();
      await it.verified();
      return { it, id: it.id, pulls: [100] };
    },
  },
  "behind another request": {
    about: "The steps of another request are ahead in the queue.",
    tell: async () => {
      const it = await queued();
      const id = await it.propose(plan(DOCS), 2);
      await it.approve(2);
      await it.worked("docs");
      return { it, id };
    },
  },
  accused: {
    about: "A step was red once, and Enki verifies it again.",
    tell: async () => {
      const it = await running(plan(FIRST, SECOND), { config: config({ refinery: { ...config().refinery, parallel: 3 } }) });
      await it.worked("limit");
      await it.end("verify/", { end: "failed", output: RED });
      await it.end(`verify/${it.base()}/`);
      for (let more = 0; more < 3; more += 1) await it.later(1);
      return { it, id: it.id };
    },
  },
  ejected: {
    about: "A step failed verification twice, and the others continue.",
    tell: async () => {
      const it = await running(plan(FIRST, SECOND));
      await it.worked("limit");
      await it.rejected(RED);
      return { it, id: it.id, pulls: [100] };
    },
  },
  "waits for a check": {
    about: "The verify job passed; a required check of the base has not reported.",
    tell: async () => {
      const it = await running(plan(FIRST), {
        config: config({ refinery: { ...config().refinery, checks: [{ name: "build", app: null }] } }),
      });
      await it.worked("limit");
      await it.verified();
      return { it, id: it.id };
    },
  },
  "in GitHub's merge queue": {
    about: "GitHub's merge queue has the first step.",
    tell: async () => {
      const it = openDay();
      it.state.rules = QUEUE_RULES;
      const id = await it.propose(plan(FIRST, SECOND));
      await it.approve();
      for (const each of ["limit", "message"]) await it.worked(each);
      while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
      return { it, id, pulls: [100] };
    },
  },
  "reviews required": {
    about: "The rules of the base ask for a review of each pull request.",
    tell: async () => {
      const it = openDay();
      it.state.rules = { isReadable: true, types: ["pull_request"], checks: [], requiredReviews: 1, allowedMethods: null };
      const id = await it.propose(plan(FIRST));
      await it.approve();
      await it.worked("limit");
      await it.verified();
      await it.tell({ kind: "woken" });
      return { it, id, pulls: [100] };
    },
  },
  "resolving a conflict": {
    about: "A merger resolves a conflict with landed work.",
    tell: async () => {
      const it = await conflicting();
      await it.later(1);
      return { it, id: it.id, pulls: [101] };
    },
  },
  "resolving again": {
    about: "The first attempt to resolve a conflict left markers.",
    tell: async () => {
      const it = await conflicting({ markers: () => ["src/limits.ts"] });
      await it.end("resolve/", { end: "success", files: [{ path: "src/limits.ts", mode: "100644" }] });
      await it.later(20);
      return { it, id: it.id };
    },
  },
  "a conflict for a person": {
    about: "Nobody can merge a binary file.",
    tell: async () => {
      const it = await conflicting({ conflicting: () => [{ path: "logo.png", kind: "binary" }] });
      await it.later(1);
      return { it, id: it.id, pulls: [101] };
    },
  },
  "waits behind a conflict": {
    about: "A step conflicts in the same file as a step that is queued ahead.",
    tell: async () => {
      const heads = new Set<Sha>();
      const it = await running(plan(FIRST, SECOND, THIRD), {
        conflicts: (head, message) => !/-limit$/m.test(message) && heads.has(head),
        conflicting: () => [{ path: "src/limits.ts", kind: "contents" }],
      });
      for (const each of ["limit", "message", "manual"]) await it.worked(each);
      for (const each of ["message", "manual"]) heads.add(it.head(each) ?? "");
      await it.verified();
      await it.later(1);
      return { it, id: it.id };
    },
  },
  "the base is red": {
    about: "The base itself does not pass verification.",
    tell: async () => {
      const it = await queued({ retries: 0 });
      for (let run = 0; run < 6 && it.running().length > 0; run += 1) {
        for (const job of it.running()) it.finish(job, { end: "failed", output: RED });
        await it.tell({ kind: "woken" });
      }
      return { it, id: it.id };
    },
  },
  "the base was rewound": {
    about: "A person took commits of the base away.",
    tell: async () => {
      const it = openDay({ lines: true });
      it.state.green.add(it.push(toBranchRef("main"), "lost"));
      const id = await it.propose(plan(FIRST));
      await it.approve();
      await it.worked("limit");
      it.state.refs[toBranchRef("main")] = it.root;
      await it.tell({ kind: "woken" });
      return { it, id };
    },
  },
  "GitHub refuses the landing": {
    about: "A rule of the base does not let Enki merge.",
    tell: async () => {
      const merging = () => ({ kind: "refused" as const, code: "not-mergeable", reason: "Changes must be made through the merge queue" });
      const it = await queued({ landing: "each" }, { merging });
      await it.verifyAll();
      return { it, id: it.id, pulls: [100] };
    },
  },
  "one step works, one is queued": {
    about: "The first step is in the queue; its dependent works on top of it.",
    tell: async () => {
      const it = await running(plan(LIMIT, { ...DOCS, needs: [{ step: "limit", condition: "completed" }] }));
      await it.worked("limit");
      return { it, id: it.id };
    },
  },
};
