import type { DetectedProject } from "../../core/setup/detect-project.ts";
import { PRESET_NAMES } from "../../core/domain/agent-command.ts";
import type { AgentOfSetUp } from "../../core/setup/install-agent.ts";
import type { SetUpChoices } from "../../core/setup/plan-set-up.ts";
import { findNearestWord } from "../../core/domain/nearest-word.ts";
import type { PresentChoices } from "../../core/setup/present-choices.ts";
import { isEnterpriseServer } from "../../core/setup/remote-address.ts";
import { type ChosenVerify, keepVerifyCommands } from "../../core/setup/verify-commands.ts";
import { findAgentProgram } from "../../job/agent/resolve-agent.ts";
import { parseCommandLine } from "../command-line.ts";
import { UsageError } from "../command-options.ts";
import type { OwnRepository } from "./read-repository-facts.ts";

export type SetUpOptions = {
  readonly agent?: string | undefined;
  readonly verify?: readonly string[] | undefined;
  readonly vendor: boolean;
  readonly app: boolean;
  readonly "repository-secret": boolean;
};

/** Asks a question with a default; returns the default if no one can answer. */
export type AskQuestion = (question: string, fallback: string) => Promise<string>;

export const DEFAULT_AGENT = { preset: "claude" } as const satisfies AgentOfSetUp;

/** Whether a repository is on a GitHub Enterprise Server. */
export const isOnServer = ({ remote }: OwnRepository): boolean => remote !== null && isEnterpriseServer(remote.host);

/** An agent by its name, or a command line of another one. */
const readAgent = async (text: string, path: string): Promise<AgentOfSetUp> => {
  const preset = PRESET_NAMES.find((name) => name === text);
  if (preset) return { preset };
  const { command, args } = parseCommandLine(text);
  if (command === "") throw new UsageError(`--agent must be one of ${PRESET_NAMES.join(", ")}, or a command line`);
  const meant = args.length === 0 ? findNearestWord(command, PRESET_NAMES) : null;
  if (meant !== null && (await findAgentProgram(command, path)) === null)
    throw new UsageError(`there is no agent ${command}; did you mean ${meant}? To use a program of this name, write its path`);
  return { words: [command, ...args] };
};

const SEPARATOR = " && ";

export type SetUpPlace = {
  readonly project: DetectedProject;
  readonly present: PresentChoices;
  /** The PATH of the person's shell. */
  readonly path: string;
};

/** Reads the choices from the options, an earlier set-up and the project, and asks for the rest. */
export const chooseSetUp = async (
  { project, present, path }: SetUpPlace,
  options: SetUpOptions,
  ask: AskQuestion,
): Promise<Omit<SetUpChoices, "jobs" | "isOnServer">> => {
  const chosen = await chooseVerify(keepVerifyCommands(present, project), options, ask);
  const coordinator = options.app || present.usesApp ? "app" : "jobs";
  return {
    project,
    ...chosen,
    agent: await chooseAgent({ fallback: present.agent ?? DEFAULT_AGENT, path }, options, ask),
    isVendored: options.vendor || present.isVendored,
    usesEnvironment: !options["repository-secret"] && present.usesEnvironment,
    usesApp: options.app || (await ask("What coordinates: jobs of the repository, or an app that you run?", coordinator)) === "app",
  };
};

type AgentPlace = { readonly fallback: AgentOfSetUp; readonly path: string };

const chooseAgent = async ({ fallback, path }: AgentPlace, options: SetUpOptions, ask: AskQuestion): Promise<AgentOfSetUp> => {
  if (options.agent !== undefined) return readAgent(options.agent, path);
  const shown = "preset" in fallback ? fallback.preset : fallback.words.join(" ");
  const answer = await ask(`Which agent works: ${PRESET_NAMES.join(", ")}, or a command line?`, shown);
  // The words of a command line may contain spaces.
  return answer === shown ? fallback : readAgent(answer, path);
};

/** The known commands stay separate; an answer in a person's words is one command. */
const chooseVerify = async (known: ChosenVerify, { verify }: SetUpOptions, ask: AskQuestion): Promise<ChosenVerify> => {
  if (verify !== undefined) return { verify, verifyOrigin: "named" };
  const shown = known.verify.join(SEPARATOR);
  const answer = await ask("Which commands must a change pass before it lands?", shown);
  return answer === shown ? known : { verify: [answer], verifyOrigin: "named" };
};
