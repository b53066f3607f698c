import type { Execution } from "../../../src/core/domain/execution.ts";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import { createStep, type Step } from "../../../src/core/domain/step.ts";
import type { ExecutionCommentInput } from "../../../src/core/messages/execution-comment.ts";
import { plan, step } from "../../support/build.ts";

const uploadPlan = plan(
  step("research", {
    title: "Find every place that limits uploads",
    description: "List where the size of an upload is limited, and what ties these places together. Change nothing.",
    role: "code_referencer",
    tier: "light",
    output: "artifact",
  }),
  step("fix_upload_limit", {
    title: "Allow uploads of up to 10 MB",
    description:
      "Raise the limit to 10 MB:\n\n- `nginx.conf`\n- `config.json`\n\nThey must stay equal: `test/config.test.js` compares them.",
    role: "bug_fixer",
    tier: "light",
    needs: ["research"],
    checkpoint: true,
  }),
  step("test_upload", {
    title: "Test an upload of 5 MB with the shipped limit",
    description: "A file of 5 MB is stored and given back, one of 11 MB is refused.",
    role: "feature_developer",
    needs: ["fix_upload_limit"],
    paths: ["test/**"],
    verify: ["node --test test/large-upload.test.js"],
  }),
  step("changelog", {
    title: "Write the changelog",
    description: "From the commits.",
    needs: ["fix_upload_limit"],
    run: "node scripts/changelog.js > CHANGELOG.md",
  }),
);

const PLAN = "3f9c0a81d2e45b67".repeat(4);

const planning: Execution = {
  id: "abc123",
  issue: 1,
  onPullRequest: false,
  requestedBy: "maintainer",
  request: "fix the bug where users can't upload files larger than 1MB",
  baseBranch: "main",
  createdAt: 0,
  state: "planning",
  refusal: null,
  amendment: null,
  planOnly: false,
  planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
  plan: null,
  approved: null,
  steps: {},
  spent: 0,
};

const landed = (id: string, commit: string, pull: number): Step => ({
  ...createStep(id),
  state: "done",
  attempt: 1,
  pull,
  landed: { commit: commit.repeat(40), at: 0 },
});
const reported = { ...createStep("research"), state: "done", attempt: 1, artifact: true, output: "Two places." } as const;

const REPORT = "# Where uploads are limited\n\n| file | value |\n| --- | --- |\n| `nginx.conf` | 1m |\n| `config.json` | 1048576 |";

const show = (execution: Execution, over: Partial<ExecutionCommentInput> = {}): ExecutionCommentInput => ({
  execution,
  plan: execution.plan === null ? null : uploadPlan,
  grown: null,
  brief: null,
  queue: emptyQueue,
  reports: execution.steps["research"]?.artifact ? { research: REPORT } : {},
  ...over,
});

/** Builds a running execution of the plan above with the given steps. The other steps are pending. */
const running = (over: Partial<Execution>, ...steps: Step[]): Execution => ({
  ...planning,
  state: "running",
  plan: PLAN,
  approved: { plan: PLAN, by: "maintainer", at: 1 },
  ...over,
  steps: Object.fromEntries([...uploadPlan.steps.map(({ id }) => createStep(id)), ...steps].map((each) => [each.id, each])),
});

const CHECKPOINT = { code: "checkpoint", message: "Nobody has approved this head yet.", next: "" };
const CANCELLED = { code: "cancelled", message: "Cancelled by @\u200bmaintainer.", next: "/enki fix <what to do>" };
const DEADLINE = 14 * 24 * 60 * 60 * 1_000;

const published = {
  ...createStep("fix_upload_limit"),
  state: "published",
  attempt: 1,
  pull: 4,
  head: { sha: "a".repeat(40), since: 0, by: "worker" },
} as const;
const waiting = { ...published, state: "waiting", refusal: CHECKPOINT, deadline: DEADLINE } as const;
const failed: Step = {
  ...createStep("test_upload"),
  state: "failed",
  attempt: 2,
  pull: 6,
  refusal: { code: "verification-failed", message: "Its candidate did not pass verification.", next: "/enki retry abc123-test_upload" },
  lastFailure:
    "$ npm ci\n| added 0 packages\n$ node --test\n| not ok 3 - with the shipped limit a file of 5 MB is stored\n|   expected: 201\n|   actual: 413\nthe command exited with 1",
};
const blocked: Step = {
  ...createStep("changelog"),
  state: "blocked",
  refusal: {
    code: "blocked",
    message: "It needs `abc123-test_upload`, which did not reach the required state.",
    next: "/enki retry abc123-test_upload",
  },
};

/** An execution in every state that its comment can show, by name. */
export const SHOWN: Readonly<Record<string, ExecutionCommentInput>> = {
  planning: show(planning),
  "planning-again": show({ ...planning, planning: { ...planning.planning, attempt: 2, faults: 1 } }),
  "no-plan": show({
    ...planning,
    state: "failed",
    refusal: {
      code: "no-plan",
      message: "The planner ended without a plan: it never called enki_execution_create",
      next: "/enki retry abc123",
    },
  }),
  proposed: show({ ...planning, state: "proposed", plan: PLAN }),
  running: show(running({}, reported, { ...createStep("fix_upload_limit"), state: "running", attempt: 2, lastFailure: "timed-out" })),
  "waiting-for-review": show(running({}, reported, waiting)),
  "waiting-for-approval": show(
    running({}, { ...reported, state: "waiting", refusal: CHECKPOINT, deadline: DEADLINE, result: "b".repeat(40) }),
  ),
  "side-by-side": show(
    running(
      {},
      reported,
      landed("fix_upload_limit", "c", 4),
      { ...createStep("test_upload"), state: "published", attempt: 1, pull: 6 },
      {
        ...createStep("changelog"),
        state: "running",
        attempt: 1,
      },
    ),
  ),
  "one-failed": show(
    running({}, reported, landed("fix_upload_limit", "c", 4), failed, { ...createStep("changelog"), state: "running", attempt: 1 }),
  ),
  frozen: show(running({}, reported, published), {
    queue: {
      ...emptyQueue,
      frozen: { code: "base-rewound", message: "`main` no longer contains what landed: it was rewound.", next: "/enki retry" },
    },
  }),
  stopped: show(running({ state: "failed", refusal: failed.refusal }, reported, landed("fix_upload_limit", "c", 4), failed, blocked)),
  paused: show(
    running(
      { state: "paused", refusal: { code: "paused", message: "Paused by @\u200bmaintainer.", next: "/enki resume abc123" } },
      reported,
      {
        ...createStep("fix_upload_limit"),
        state: "running",
        attempt: 1,
      },
    ),
  ),
  "adding-planned": show(
    running({ amendment: { state: "planning", request: "a note", requestedBy: "maintainer", plan: null, refusal: null } }, reported),
  ),
  "adding-proposed": show(
    running(
      { amendment: { state: "proposed", request: "also the *docs*", requestedBy: "maintainer", plan: "e".repeat(64), refusal: null } },
      reported,
    ),
    { grown: { steps: [...uploadPlan.steps, step("docs", { needs: ["fix_upload_limit"] })] } },
  ),
  "adding-refused": show(
    running(
      {
        amendment: {
          state: "refused",
          request: "a note",
          requestedBy: "maintainer",
          plan: null,
          refusal: { code: "cycle", message: "steps form a cycle: x -> y -> x", next: "/enki add <request>" },
        },
      },
      reported,
    ),
  ),
  "step-paused": show(
    running(
      {},
      reported,
      {
        ...createStep("fix_upload_limit"),
        state: "paused",
        refusal: { code: "paused", message: "Paused by @\u200bmaintainer.", next: "" },
      },
      {
        ...createStep("test_upload"),
        state: "published",
        pull: 6,
        refusal: { code: "held", message: "It lands after `abc123-fix`.", next: "" },
      },
    ),
  ),
  done: show(
    running({ state: "done" }, reported, landed("fix_upload_limit", "c", 4), landed("test_upload", "d", 6), landed("changelog", "e", 7)),
  ),
  "nothing-to-land": show(
    running({ state: "done" }, ...uploadPlan.steps.map(({ id }): Step => ({ ...createStep(id), state: "done", attempt: 1 }))),
  ),
  cancelled: show(
    running(
      { state: "cancelled", refusal: CANCELLED },
      reported,
      landed("fix_upload_limit", "c", 4),
      { ...createStep("test_upload"), state: "cancelled", refusal: CANCELLED },
      { ...createStep("changelog"), state: "skipped", refusal: { code: "skipped", message: "Skipped by @\u200bmaintainer.", next: "" } },
    ),
  ),
};
