import type { WorkflowRunInfo } from "../../src/core/domain/github-facts.ts";
import type { Brief } from "../../src/core/domain/brief.ts";
import type { Command } from "../../src/core/domain/command.ts";
import type { Event } from "../../src/core/domain/event.ts";
import type { StepNeed, Plan, PlannedStep } from "../../src/core/domain/plan.ts";

/** A step of which a test says only what matters; a string in `needs` is a step of the same plan. */
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

/** What people wrote on an issue of which a test says only what matters. */
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

/** A maintainer's comment with these commands. */
export const comment = (id: number, ...commands: Command[]): Event => ({
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

/** A run that Enki started on the default branch `main`. */
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
  ...over,
});
