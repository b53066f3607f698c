import type { Brief } from "../domain/brief.ts";
import type { PlannedStep } from "../domain/plan.ts";
import type { ConflictInput } from "./conflict-prompt.ts";
import type { FeedbackInput } from "./feedback-section.ts";

/** A proposed plan, and what a person wants changed in it. */
export type RevisionInput = {
  readonly text: string;
  /** What was asked for before that, and is in the plan; oldest first. */
  readonly earlierRequests: readonly string[];
  readonly steps: readonly PlannedStep[];
};

/** All that a prompt is made of. What an author wrote (a role, a workflow's section, an approved task) is the agent's instruction; all other texts are data. */
export type PromptInput = {
  readonly kind: "plan" | "work" | "resolve";
  /** A word that no author of a text in this prompt could know: it marks the blocks that hold data. */
  readonly nonce: string;
  readonly request: string;
  /** What people wrote on the issue; null where it was not read. */
  readonly brief: Brief | null;
  /** What is to be added to the plan; null for anything else. */
  readonly amendment: string | null;
  /** What is to be changed in what was proposed; absent for anything else. */
  readonly revision?: RevisionInput | undefined;
  /** The role's own instructions; null for a worker without a persona. */
  readonly role: string | null;
  readonly step: {
    readonly id: string;
    readonly title: string;
    readonly task: string;
    readonly checkpoint: boolean;
    /** Globs that the step may change; empty for all. */
    readonly paths: readonly string[];
  } | null;
  /** The workflow that the step is a role of; null for a step of a plan. */
  readonly workflow: string | null;
  /** The steps of the plan that this one belongs to, in order; empty before there is one. */
  readonly plan: readonly { readonly id: string; readonly title: string; readonly state: string }[];
  readonly upstream: readonly UpstreamStep[];
  readonly artifacts: readonly { readonly step: string; readonly text: string }[];
  /** Where the texts of earlier steps are, each whole as `<step>.md`; null where there are none. */
  readonly texts: string | null;
  /** The file with what people wrote on the issue, for a role whose prompt does not hold it; null where there is none. */
  readonly issue: string | null;
  /** Mail from and to this agent, oldest first. */
  readonly mails: readonly PromptMail[];
  /** What people said of the work of an earlier attempt; null where that was not read. */
  readonly feedback: FeedbackInput | null;
  readonly lastFailure: string | null;
  /** What the attempt before left, by its name in the working directory's repository. */
  readonly earlier: { readonly kind: "head" | "result"; readonly name: string } | null;
  /** What is to be resolved; null for any other job. */
  readonly conflict: ConflictInput | null;
  readonly canEdit: boolean;
  /** Whether it is a worker, who reports and gets mail. */
  readonly canAsk: boolean;
  /** For a step that leaves a report, the file that it goes to; null for the last message. Null for a step that changes files. */
  readonly report: { readonly path: string | null } | null;
  /** The agent's own tools, as it calls them; null for all that it has. */
  readonly tools: readonly string[] | null;
  /** The commands that a change must pass before it lands. */
  readonly verify: readonly string[];
  /** How long the agent may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly roles: readonly {
    readonly name: string;
    readonly description: string;
    readonly canEdit: boolean;
    readonly output: "branch" | "artifact";
  }[];
  readonly maxSteps: number;
};

type UpstreamStep = {
  /** The name of its text; null where there is none. */
  readonly name: string | null;
  readonly title: string;
  readonly output: string;
};

type PromptMail = {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly type: string;
  readonly status: string;
};
