import { COORDINATOR_WORKFLOW_PATH } from "../plan-set-up.ts";
import type { DoctorFacts, GitHubSettings } from "./doctor-facts.ts";

/** The repair by `enki doctor --fix`: runs `enki init`, or changes settings of the repository on GitHub, in order. */
type FindingFix =
  | { readonly kind: "init"; readonly usesApp: boolean }
  | { readonly kind: "requests"; readonly requests: readonly SettingsRequest[] };

/** A change of the repository's settings by GitHub's API. */
export type SettingsRequest = {
  readonly method: "POST" | "PUT";
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
};

/** An error keeps Enki from working, a warning from working well. */
export type Finding = {
  readonly code: string;
  readonly level: "error" | "warning";
  /** One sentence. */
  readonly message: string;
  /** The command or action of the repair. */
  readonly command: string;
  readonly fix?: FindingFix;
};

export type DoctorCheck = (facts: DoctorFacts) => readonly Finding[];

export const reportError = (code: string, message: string, command: string): Finding => ({ code, level: "error", message, command });
export const reportWarning = (code: string, message: string, command: string): Finding => ({ code, level: "warning", message, command });

export const slugOf = ({ remote }: DoctorFacts): string => (remote ? `${remote.owner}/${remote.name}` : "<owner>/<name>");

/** A check of GitHub's settings, which finds nothing where they could not be read. */
export const onGitHub =
  (check: (github: GitHubSettings, facts: DoctorFacts) => readonly Finding[]): DoctorCheck =>
  (facts) =>
    facts.github ? check(facts.github, facts) : [];

/** Whether jobs of the repository coordinate, in whatever file, instead of an App on a server. */
export const hasCoordinatingJobs = ({ stepWorkflow, workflowTexts }: DoctorFacts): boolean =>
  workflowTexts[COORDINATOR_WORKFLOW_PATH] !== undefined ||
  [stepWorkflow?.text ?? "", ...Object.values(workflowTexts)].some((text) => /^ +command: coordinate$/m.test(text));
