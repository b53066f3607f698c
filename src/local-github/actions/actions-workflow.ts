import type { TemplateToken } from "@actions/workflow-parser/templates/tokens/template-token";
import type { EventsConfig } from "@actions/workflow-parser/model/workflow-template";
import type { JobPermissions } from "./workflow-runner.ts";

/** A value that may contain expressions: GitHub's token, with its position in the file. */
export type TemplateValue = TemplateToken;

/** The reason why a file was refused, with the line. */
export type ActionsFault = { readonly line: number; readonly message: string };

export type RunAction = {
  readonly kind: "run";
  readonly script: TemplateValue;
  readonly shell: TemplateValue | null;
  readonly directory: TemplateValue | null;
};

export type UsesAction = {
  readonly kind: "uses";
  /** The text in the file, such as `actions/checkout@v5`. */
  readonly uses: string;
  readonly with: ReadonlyMap<string, TemplateValue>;
};

export type WorkflowStep = {
  readonly line: number;
  /** The name in `steps.<id>`; null if the step has no id. */
  readonly id: string | null;
  readonly name: TemplateValue | null;
  /** An expression that calls a status function. `success() &&` is prepended to a condition without one. */
  readonly condition: string;
  readonly env: TemplateValue | null;
  readonly timeoutMinutes: TemplateValue | null;
  readonly continueOnError: TemplateValue | null;
  readonly action: RunAction | UsesAction;
};

export type RunDefaults = { readonly shell: TemplateValue | null; readonly directory: TemplateValue | null };

/** Settings of a `concurrency` key. All except `queue` may be expressions. */
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
  /** The permissions of the job; null if those of the workflow apply. */
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
  /** The key `name`, or the path if it is missing. */
  readonly name: string;
  readonly runName: TemplateValue | null;
  readonly on: EventsConfig;
  readonly inputs: readonly DispatchInput[];
  readonly permissions: JobPermissions;
  readonly env: TemplateValue | null;
  readonly concurrency: ConcurrencyTemplate | null;
  readonly defaults: RunDefaults;
  readonly jobs: readonly WorkflowJob[];
};
