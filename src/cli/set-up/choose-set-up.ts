import type { DetectedProject } from "../../core/setup/detect-project.ts";
import { PRESET_NAMES } from "../../core/domain/agent-command.ts";
import type { AgentOfSetUp } from "../../core/setup/install-agent.ts";
import type { SetUpChoices } from "../../core/setup/plan-set-up.ts";
import { findNearestWord } from "../../core/domain/nearest-word.ts";
import { parseCommandLine } from "../command-line.ts";
import { UsageError } from "../command-options.ts";

export type SetUpOptions = {
  readonly agent?: string | undefined;
  readonly verify?: readonly string[] | undefined;
  readonly vendor: boolean;
  readonly app: boolean;
  readonly "repository-secret": boolean;
};

/** Asks a question with a default; returns the default if no one can answer. */
export type AskQuestion = (question: string, fallback: string) => Promise<string>;

const DEFAULT_AGENT = "claude";

/** An agent by its name, or a command line of another one. */
const readAgent = (text: string): AgentOfSetUp => {
  const preset = PRESET_NAMES.find((name) => name === text);
  if (preset) return { preset };
  const { command, args } = parseCommandLine(text);
  if (command === "") throw new UsageError(`--agent must be one of ${PRESET_NAMES.join(", ")}, or a command line`);
  const meant = args.length === 0 ? findNearestWord(command, PRESET_NAMES) : null;
  if (meant !== null)
    throw new UsageError(`there is no agent ${command}; did you mean ${meant}? To use a program of this name, write its path`);
  return { words: [command, ...args] };
};

const SEPARATOR = " && ";

/** Reads the choices from the options and the repository, and asks for the rest. */
export const chooseSetUp = async (
  project: DetectedProject,
  options: SetUpOptions,
  ask: AskQuestion,
): Promise<Omit<SetUpChoices, "jobs" | "isOnServer">> => {
  const detected = project.verify.join(SEPARATOR);
  const verify = options.verify ?? splitCommands(await ask("Which commands must a change pass before it lands?", detected), project);
  const names = PRESET_NAMES.join(", ");
  const agent = readAgent(options.agent ?? (await ask(`Which agent works: ${names}, or a command line?`, DEFAULT_AGENT)));
  const usesApp = options.app || (await ask("What coordinates: jobs of the repository, or an app that you run?", "jobs")) === "app";
  return { project, verify, agent, isVendored: options.vendor, usesEnvironment: !options["repository-secret"], usesApp };
};

/** The detected commands stay separate; an answer in a person's words is one command. */
const splitCommands = (answer: string, { verify }: DetectedProject): readonly string[] => {
  if (answer === verify.join(SEPARATOR)) return verify;
  return answer === "" ? [] : [answer];
};
