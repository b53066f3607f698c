import { stringify } from "smol-toml";
import type { JobsSection } from "../config/jobs-schema.ts";
import type { AgentOfSetUp } from "./install-agent.ts";
import { type ChosenVerify, renderVerifyOrigin } from "./verify-commands.ts";

export type ConfigChoices = ChosenVerify & {
  readonly agent: AgentOfSetUp;
  /** `[jobs]` of the repository's configuration, which the workflow files follow. */
  readonly jobs: JobsSection;
};

/** `.enki/enki.toml` for a repository. */
export const renderConfig = ({ verify, verifyOrigin, agent, jobs }: ConfigChoices): string => {
  return [
    "# Every key and its default: enki config. Every mistake: enki validate.",
    "",
    "[refinery]",
    "# What a change must pass before it lands. Nothing lands unverified.",
    ...renderVerifyOrigin({ verify, verifyOrigin }),
    ...(verify.length === 0 ? ["verify = []"] : ["verify = [", ...verify.map((each) => `  ${JSON.stringify(each)},`), "]"]),
    ...renderWorkCheck({ verify, jobs }),
    "",
    "[agent]",
    ...renderAgent(agent),
    "",
    ...renderJobs(jobs),
  ].join("\n");
};

/**
 * An agent's job checks a copy of the work, without services, variables and steps for verification only. Steps of `[jobs] setup` may have
 * installed packages beside the original.
 */
const renderWorkCheck = ({ verify, jobs }: Pick<ConfigChoices, "verify" | "jobs">): string[] => {
  const needsMore = jobs.env.length > 0 || jobs.setup !== "" || jobs.verify_setup !== "" || Object.keys(jobs.services).length > 0;
  if (verify.length === 0 || needsMore) return [];
  return [
    "# How often an agent may correct its work after these commands failed in its own job; 0 if they need more than it has.",
    "check_work = 1",
  ];
};

const renderJobs = (jobs: JobsSection): string[] => {
  const set = Object.entries(jobs).filter(([, value]) => Object.keys(value).length > 0);
  return set.length === 0 ? [] : [stringify({ jobs: Object.fromEntries(set) }).trimEnd(), ""];
};

const renderAgent = (agent: AgentOfSetUp): string[] => {
  if ("preset" in agent)
    return ["# The secret ENKI_MODEL_KEY is its key, so that no file contains the key.", `preset = ${JSON.stringify(agent.preset)}`];
  const [command, ...args] = agent.words;
  return [`command = ${JSON.stringify(command ?? "")}`, ...(args.length > 0 ? [`args = ${JSON.stringify(args)}`] : [])];
};
