import type { WorkflowRunInfo } from "../../src/core/domain/github-facts.ts";
import { createStep, type Step, type StepFacts, type StepPhase, type StepState } from "../../src/core/domain/step.ts";
import type { Brief } from "../../src/core/domain/brief.ts";
import type { PersonCommand } from "../../src/core/domain/command.ts";
import type { Event } from "../../src/core/domain/event.ts";
import type { StepNeed, Plan, PlannedStep } from "../../src/core/domain/plan.ts";

/** Builds a step from a test's fields and defaults; a string in `needs` is a step of the same plan. */
export const step = (id: string, over: Partial<Omit<PlannedStep, "needs">> & { needs?: (string | StepNeed)[] } = {}): PlannedStep => ({
  title: `Do ${id}`,
  description: `Description of ${id}.`,
  tier: "standard",
  role: null,
  output: "branch",
  checkpoint: false,
  paths: [],
  verify: [],
  optional: false,
  run: null,
  ...over,
  id,
  needs: (over.needs ?? []).map((need) => (typeof need === "string" ? { step: need, condition: "merged" as const } : need)),
});

export const plan = (...steps: PlannedStep[]): Plan => ({ steps });

/** Builds a brief from a test's fields and defaults. */
export const brief = (over: Partial<Brief> = {}): Brief => ({
  issue: 1,
  title: "Uploads fail",
  body: "Uploads of more than 1 MB end with 413.",
  by: "reporter",
  permission: "read",
  created: 0,
  asOf: 1,
  comments: [],
  omitted: { older: 0, edited: 0, untrusted: 0 },
  files: [],
  pull: null,
  ...over,
});

/** Builds a maintainer's comment with these commands. */
export const comment = (id: number, ...commands: PersonCommand[]): Event => ({
  kind: "commanded",
  id: `comment:${id}`,
  at: id,
  issue: 1,
  onPullRequest: false,
  source: { kind: "comment", id },
  by: "maintainer",
  edited: false,
  requests: commands.map((command) => ({ ok: true, command })),
});

/** Builds a run that Enki started on the default branch `main`. */
export const ownRun = (id: number, name: string, over: Partial<WorkflowRunInfo> = {}): WorkflowRunInfo => ({
  id,
  name,
  state: "running",
  conclusion: null,
  file: ".github/workflows/enki-step.yml",
  event: "workflow_dispatch",
  branch: "main",
  commit: "a".repeat(40),
  fork: false,
  startedBy: "enki[bot]",
  lastStartedBy: "enki[bot]",
  attempt: 1,
  updatedAt: Date.parse("2026-11-20T10:00:00Z"),
  ...over,
});

const REASON = { code: "because", message: "It is so.", next: "" };
const ENDED = { refusal: null, resumeAs: null, deadline: null } as const;

const toPhase = (state: StepState): StepPhase => {
  switch (state) {
    case "waiting":
      return { ...ENDED, state, refusal: REASON, deadline: 1 };
    case "paused":
    case "blocked":
    case "failed":
    case "skipped":
    case "cancelled":
      return { ...ENDED, state, refusal: REASON };
    case "done":
    case "published":
    case "pending":
    case "ready":
    case "running":
      return { ...ENDED, state };
    default:
      throw new Error(`no such state: ${String(state)}`);
  }
};

/** Builds a step in the given state, with a reason and a deadline if the state requires them. */
export const stepIn = (id: string, state: StepState, facts: Partial<StepFacts> = {}): Step => ({
  ...createStep(id),
  ...facts,
  ...toPhase(state),
});
