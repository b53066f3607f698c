import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { SpanSink } from "../core/telemetry/telemetry-span.ts";
import type { OwnSteps } from "../local-github/actions/own-steps.ts";
import { runJobStep } from "../job/run-job-step.ts";
import type { TerminalHost } from "./terminal-host.ts";

const NONCE_BYTES = 6;

type OwnStepPlace = {
  readonly root: string;
  /** See JobHost.packs. */
  readonly packs: string;
  readonly findNear: (repository: string) => string | undefined;
  readonly telemetry: SpanSink | undefined;
};

/**
 * Runs the steps without foreign code in Enki's own process: prepare, publish and deliver. Agents and verify commands get a
 * process of their own, in the job's cell.
 */
export const createOwnSteps = ({ node, now, after }: TerminalHost, { root, packs, findNear, telemetry }: OwnStepPlace): OwnSteps => ({
  commands: ["prepare", "publish", "deliver"],
  run: ({ env, readInput, setOutput, writeSummary, log, stop }) =>
    runJobStep({
      env,
      root,
      script: join(root, "dist", "action.js"),
      node,
      readInput,
      setOutput,
      writeSummary,
      logInfo: log,
      now,
      nonce: randomBytes(NONCE_BYTES).toString("hex"),
      after,
      stop,
      findNear,
      packs,
      telemetry,
    }),
});

/** The program of the steps with foreign code, without the action's other code. */
export const listStepPrograms = (root: string): Readonly<Record<string, string>> => {
  const program = join(root, "dist", "foreign-step.js");
  return { agent: program, verify: program };
};
