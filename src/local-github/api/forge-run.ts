import type { ForgeAccount, RequestActor } from "./forge-actor.ts";
import type { JobReport, RunConclusion, UploadedArtifact } from "../actions/workflow-runner.ts";
import type { CommitFacts } from "./read-commit-object.ts";
import type { EventPayload } from "./webhook-event.ts";

export type CommitStatus = {
  readonly id: number;
  readonly state: string;
  readonly context: string;
  readonly description: string | null;
  readonly url: string | null;
  readonly by: ForgeAccount;
  readonly at: number;
};
export type CheckRun = {
  readonly id: number;
  readonly sha: string;
  readonly name: string;
  status: string;
  conclusion: string | null;
  output: unknown;
  readonly by: ForgeAccount;
  readonly started: number;
  completed: number | null;
};
export type RunArtifact = UploadedArtifact & { readonly id: number; readonly created: number };
export type WorkflowRunJob = { readonly id: number; report: JobReport; started: number | null; completed: number | null };
/** A workflow file at a commit, and the event to run it for. */
export type RunStart = {
  readonly path: string;
  readonly text: string;
  readonly name: string;
  readonly event: string;
  readonly payload: EventPayload;
  readonly inputs: Readonly<Record<string, string>>;
  /** The ref and the commit that the file was read from. */
  readonly ref: string;
  readonly sha: string;
  readonly reportOn?: { readonly branch: string; readonly sha: string };
  /** The commit on which GitHub shows the run. */
  readonly head: CommitFacts;
  readonly actor: RequestActor;
  readonly title: string;
  readonly chain?: number;
};

export type ForgeRun = {
  readonly id: number;
  readonly number: number;
  readonly path: string;
  readonly name: string;
  readonly event: string;
  readonly branch: string;
  readonly sha: string;
  readonly head: CommitFacts;
  readonly actor: RequestActor;
  /** The number of `workflow_run` events that led to this run. */
  readonly chain: number;
  title: string;
  status: "queued" | "in_progress" | "completed";
  conclusion: RunConclusion | "action_required" | null;
  /** The reason why the run could not start. */
  reason: string;
  readonly created: number;
  updated: number;
  /** Lists leave the run out before this time. */
  readonly listedAt: number;
  readonly jobs: Map<string, WorkflowRunJob>;
  /** By name. */
  readonly artifacts: Map<string, RunArtifact>;
  /** The start of the run, for a later process. */
  readonly start: RunStart;
};
