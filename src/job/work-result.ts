import type { AgentFailure } from "../core/domain/agent-failure.ts";
import type { AgentUsage } from "../core/domain/agent-usage.ts";
import type { RecordedCommand } from "../core/domain/command.ts";
import type { WorkCheck } from "../core/domain/work-check.ts";
import type { AgentEnd } from "./agent/run-agent.ts";
import { listLoginSecrets, readLoginFiles } from "./agent/agent-login.ts";
import { listSecretValues, selectAgentVariables } from "./agent/agent-variables.ts";
import type { KeptSession } from "./agent/kept-session.ts";
import type { AgentTranscript } from "./agent-transcript.ts";
import type { JobSandbox } from "./sandbox/job-sandbox.ts";
import type { JobSpec } from "./job-spec.ts";
import type { StepHost } from "./step-host.ts";
import type { StepTexts } from "./step-texts.ts";

/** How a session or command ended, before it is evaluated. */
export type WorkResult = {
  readonly end: AgentEnd["end"];
  readonly reason: string;
  /** The agent's last message, or a command's output. */
  readonly answer: string;
  readonly tools: readonly RecordedCommand[];
  /** Why the last plan was refused; null if none was. */
  readonly refusedPlan: string | null;
  readonly transcript: AgentTranscript;
  /** Why the agent could not work; null for any other end. */
  readonly failure: AgentFailure | null;
  readonly usage: AgentUsage;
  /** What the verify commands said about a copy of the work; absent if they did not run. */
  readonly check?: WorkCheck | null;
  /** The session, if the next attempt can continue it; absent without one. */
  readonly session?: KeptSession | null;
};

/** The texts that a step works with, and the sandbox in which its commands run. */
export type WorkPlace = { readonly texts: StepTexts; readonly sandbox: JobSandbox };

/** Values that must not leave the job. */
export const listSecrets = (host: StepHost, { agent }: Pick<JobSpec, "agent">): string[] => [
  ...new Set([
    ...(host.modelKey === "" ? [] : [host.modelKey]),
    ...listSecretValues(selectAgentVariables(agent, host)),
    ...listLoginSecrets(readLoginFiles(agent, host.agentEnv)),
  ]),
];
