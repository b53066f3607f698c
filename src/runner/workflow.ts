import type { TemplateToken } from "@actions/workflow-parser/templates/tokens/template-token";
import type { EventsConfig } from "@actions/workflow-parser/model/workflow-template";
import type { Permissions } from "./contract.ts";

/** A value of the file that may hold expressions: GitHub's own token, with its place in the file. */
export type Template = TemplateToken;

/** Why a file was refused, and where. */
export type Fault = { readonly line: number; readonly message: string };

export type RunAction = {
  readonly kind: "run";
  readonly script: Template;
  readonly shell: Template | null;
  readonly directory: Template | null;
};

export type UsesAction = {
  readonly kind: "uses";
  /** As it was written: `actions/checkout@v5`. */
  readonly uses: string;
  readonly with: ReadonlyMap<string, Template>;
};

export type WorkflowStep = {
  readonly line: number;
  /** What `steps.<id>` speaks of; null where none was given. */
  readonly id: string | null;
  readonly name: Template | null;
  /** An expression that calls a status function: where the file's did not, `success() &&` was put before it. */
  readonly condition: string;
  readonly env: Template | null;
  readonly timeoutMinutes: Template | null;
  readonly continueOnError: Template | null;
  readonly action: RunAction | UsesAction;
};

export type Defaults = { readonly shell: Template | null; readonly directory: Template | null };

/** Settings of a `concurrency` key; all but the queue may be expressions. */
export type ConcurrencyTemplate = {
  readonly group: Template;
  readonly cancelInProgress: Template | null;
  readonly queue: "single" | "max";
};

export type WorkflowJob = {
  readonly id: string;
  readonly line: number;
  readonly name: Template | null;
  readonly needs: readonly string[];
  readonly condition: string;
  /** Null where only the workflow's hold. */
  readonly permissions: Permissions | null;
  readonly env: Template | null;
  readonly concurrency: ConcurrencyTemplate | null;
  readonly environment: Template | null;
  readonly outputs: Template | null;
  readonly timeoutMinutes: Template | null;
  readonly defaults: Defaults;
  readonly steps: readonly WorkflowStep[];
};

export type DispatchInput = {
  readonly name: string;
  readonly type: "string" | "boolean" | "number" | "choice" | "environment";
  readonly required: boolean;
  readonly default: string;
  readonly options: readonly string[];
};

export type Workflow = {
  readonly path: string;
  /** `name`, or the path where there is none. */
  readonly name: string;
  readonly runName: Template | null;
  readonly on: EventsConfig;
  /** Inputs of `workflow_dispatch`. */
  readonly inputs: readonly DispatchInput[];
  readonly permissions: Permissions;
  readonly env: Template | null;
  readonly concurrency: ConcurrencyTemplate | null;
  readonly defaults: Defaults;
  readonly jobs: readonly WorkflowJob[];
};
