import { readConfig } from "../config/read-config.ts";
import { splitCommandLine } from "../domain/agent-command.ts";
import { type HashText, readOrigin } from "./generated-file.ts";
import type { AgentOfSetUp } from "./install-agent.ts";
import { CONFIG_PATH, COORDINATOR_WORKFLOW_PATH, type SetUpChoices, STEP_WORKFLOW_PATH } from "./plan-set-up.ts";
import { VENDORED_ACTION } from "./render-step-workflow.ts";
import { type PresentVerify, readVerifyOrigin } from "./verify-commands.ts";

/** The choices of an earlier set-up, as its files show them. */
export type PresentChoices = Pick<SetUpChoices, "isVendored" | "usesEnvironment" | "usesApp"> &
  PresentVerify & {
    /** The agent of every kind of job; null if the configuration names none. */
    readonly agent: AgentOfSetUp | null;
  };

/** Whether the secrets of a workflow's jobs are in the environment `enki`. */
export const namesEnvironment = (workflow: string): boolean => /^ {4}environment: (?:enki|\{ name: enki\b.*)$/m.test(workflow);

type CoordinatorFiles = { readonly stepWorkflow: string | null; readonly coordinatorWorkflow: string | null };

/** Whether a GitHub App coordinates: neither `enki.yml` nor a job of `enki-step.yml` does. A deleted `enki.yml` alone is no sign of an App. */
export const isAppSetUp = ({ stepWorkflow, coordinatorWorkflow }: CoordinatorFiles): boolean =>
  stepWorkflow !== null && coordinatorWorkflow === null && !/^ +command: coordinate$/m.test(stepWorkflow);

/** Reads the choices from the files of a repository; those of a first set-up without options if there are none. */
export const readPresentChoices = (read: (path: string) => string | null, hash: HashText): PresentChoices => {
  const workflow = read(STEP_WORKFLOW_PATH);
  return {
    isVendored: workflow?.includes(`uses: ${VENDORED_ACTION}`) ?? false,
    usesEnvironment: workflow === null || namesEnvironment(workflow),
    usesApp: isAppSetUp({ stepWorkflow: workflow, coordinatorWorkflow: read(COORDINATOR_WORKFLOW_PATH) }),
    ...readOwnConfig(read(CONFIG_PATH), hash),
  };
};

const readOwnConfig = (text: string | null, hash: HashText): PresentVerify & Pick<PresentChoices, "agent"> => {
  if (text === null) return { agent: null, verify: [], verifyOrigin: "unknown" };
  const { effectiveFile } = readConfig([{ path: CONFIG_PATH, text, kind: "config" }]);
  const { command, args, preset } = effectiveFile.agent;
  const named = command === undefined ? null : { words: [...splitCommandLine(command), ...(args ?? [])] };
  return {
    agent: named ?? (preset ? { preset } : null),
    verify: effectiveFile.refinery.verify,
    verifyOrigin: readVerifyOrigin(text, readOrigin(text, hash) !== "generated"),
  };
};
