import type { DoctorFacts } from "./doctor-facts.ts";

/** The repair by `enki doctor --fix`: runs `enki init`, or changes a setting of the repository on GitHub. */
type FindingFix =
  | { readonly kind: "init"; readonly usesApp: boolean }
  | { readonly kind: "request"; readonly method: "PUT"; readonly path: string; readonly body: Readonly<Record<string, unknown>> };

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
