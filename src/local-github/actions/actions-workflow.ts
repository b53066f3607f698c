import type { TemplateToken } from "@actions/workflow-parser/templates/tokens/template-token";
import type { EventsConfig } from "@actions/workflow-parser/model/workflow-template";
import type { JobPermissions } from "./workflow-runner.ts";

/** A value of the file that may hold expressions: GitHub's own token, with its place in the file. */
export type TemplateValue = TemplateToken;

/** Why a file was refused, and where. */
export type ActionsFault = { readonly line: number; readonly message: string };

export type RunAction = {
  readonly kind: "run";
  readonly script: TemplateValue;
  readonly shell: TemplateValue | null;
  readonly directory: TemplateValue | null;
};

export type UsesAction = {
  readonly kind: "uses";
  /** As it was written: `actions/checkout@v5`. */
  readonly uses: string;
  readonly with: ReadonlyMap<string, TemplateValue>;
};

export type WorkflowStep = {
  readonly line: number;
  /** What `steps.<id>` speaks of; null where none was given. */
  readonly id: string | null;
  readonly name: TemplateValue | null;
  /** An expression that calls a status function: where the file's did not, `success() &&` was put before it. */
  readonly condition: string;
  readonly env: TemplateValue | null;
  readonly timeoutMinutes: TemplateValue | null;
  readonly continueOnError: TemplateValue | null;
  readonly action: RunAction | UsesAction;
};

export type RunDefaults = { readonly shell: TemplateValue | null; readonly directory: TemplateValue | null };

/** Settings of a `concurrency` key; all but the queue may be expressions. */
export type ConcurrencyTemplate = {
  readonly group: TemplateValue;
  readonly cancelInProgress: TemplateValue | null;
  readonly queue: "single" | "max";
};

export type WorkflowJob = {
  readonly id: string;
  readonly line: number;
  readonly name: TemplateValue | null;
  readonly needs: readonly string[];
  readonly condition: string;
  /** Null where only the workflow's hold. */
  readonly permissions: JobPermissions | null;
  readonly env: TemplateValue | null;
  readonly concurrency: ConcurrencyTemplate | null;
  readonly environment: TemplateValue | null;
  readonly outputs: TemplateValue | null;
  readonly timeoutMinutes: TemplateValue | null;
  readonly defaults: RunDefaults;
  readonly steps: readonly WorkflowStep[];
};

export type DispatchInput = {
  readonly name: string;
  readonly type: "string" | "boolean" | "number" | "choice" | "environment";
  readonly required: boolean;
  readonly default: string;
  readonly options: readonly string[];
};

export type ActionsWorkflow = {
  readonly path: string;
  /** `name`, or the path where there is none. */
  readonly name: string;
  readonly runName: TemplateValue | null;
  readonly on: EventsConfig;
  /** Inputs of `workflow_dispatch`. */
  readonly inputs: readonly DispatchInput[];
  readonly permissions: JobPermissions;
  readonly env: TemplateValue | null;
  readonly concurrency: ConcurrencyTemplate | null;
  readonly defaults: RunDefaults;
  readonly jobs: readonly WorkflowJob[];
};
