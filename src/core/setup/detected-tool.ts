import type { SetUpStep } from "./set-up-step.ts";

/** A language of the repository, with what installs and verifies its code. */
export type DetectedTool = {
  readonly language: string;
  readonly manager: string;
  readonly steps: readonly SetUpStep[];
  readonly verify: readonly string[];
  /** The same with other package managers of the language. */
  readonly otherVerify?: readonly (readonly string[])[];
  /** Whether `verify` runs tests, and not only an installation. */
  readonly hasTests: boolean;
};
