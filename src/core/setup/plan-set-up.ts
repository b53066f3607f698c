import type { JobsSection } from "../config/jobs-schema.ts";
import type { DetectedProject } from "./detect-project.ts";
import { type AgentOfSetUp, installAgent } from "./install-agent.ts";
import { renderConfig } from "./render-config.ts";
import { renderPlainWorkflow, renderStepWorkflow, VENDOR_DIRECTORY } from "./render-step-workflow.ts";
import { fitEnterpriseServer } from "./server-artifacts.ts";
import type { SetUpStep } from "./set-up-step.ts";
import type { ChosenVerify } from "./verify-commands.ts";

export type SetUpChoices = ChosenVerify & {
  readonly project: DetectedProject;
  readonly agent: AgentOfSetUp;
  readonly isVendored: boolean;
  readonly usesEnvironment: boolean;
  /** Whether a GitHub App coordinates, instead of jobs of the repository. */
  readonly usesApp: boolean;
  /** `[jobs]` of the repository's configuration. */
  readonly jobs: JobsSection;
  /** Whether the repository is on a GitHub Enterprise Server. */
  readonly isOnServer: boolean;
};

/** Files of the installation that set-up copies or renders. */
export type ShippedFiles = {
  readonly stepWorkflow: string;
  /** Workflow files that coordinate without an App, by path. */
  readonly coordinatorWorkflows: ReadonlyMap<string, string>;
  /** Files of the action by path in {@link VENDOR_DIRECTORY}; needed only if it is vendored. */
  readonly action: ReadonlyMap<string, string>;
};

export const CONFIG_PATH = ".enki/enki.toml";
export const STEP_WORKFLOW_PATH = ".github/workflows/enki-step.yml";
export const COORDINATOR_WORKFLOW_PATH = ".github/workflows/enki.yml";
export const REVIEW_WORKFLOW_PATH = ".github/workflows/enki-review.yml";
/** The workflow files that coordinate without an App. */
export const COORDINATOR_WORKFLOW_PATHS = [COORDINATOR_WORKFLOW_PATH, REVIEW_WORKFLOW_PATH];

/** The files that a set-up consists of, by path, without their first lines. */
export const renderSetUp = (shipped: ShippedFiles, choices: SetUpChoices): ReadonlyMap<string, string> => {
  const { project, agent, verify, verifyOrigin, isVendored, usesEnvironment } = choices;
  const tools = project.tools.flatMap(({ steps }) => steps);
  const usesNode = project.tools.some(({ language }) => language === "Node.js");
  const rendered = renderStepWorkflow(shipped.stepWorkflow, {
    agentSteps: [...tools, ...("words" in agent ? [] : installAgent(agent.preset, usesNode))],
    verifySteps: [...listCheckoutSteps(project), ...tools],
    isVendored,
    usesEnvironment,
    usesApp: choices.usesApp,
    jobs: choices.jobs,
  });
  const fit = choices.isOnServer ? fitEnterpriseServer : (text: string): string => text;
  const vendored = isVendored ? [...shipped.action].map(([path, text]) => [`${VENDOR_DIRECTORY}/${path}`, text] as const) : [];
  const coordinators = [...(choices.usesApp ? [] : shipped.coordinatorWorkflows)].map(
    ([path, text]) => [path, fit(renderPlainWorkflow(text, choices))] as const,
  );
  return new Map([
    [CONFIG_PATH, renderConfig({ verify, verifyOrigin, agent, jobs: choices.jobs })],
    [STEP_WORKFLOW_PATH, fit(rendered)],
    ...coordinators,
    ...vendored,
  ]);
};

/** The address of this repository, and a header with the job's token for this server only. */
const AUTHENTICATE = [
  'url="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git"',
  'header="AUTHORIZATION: basic $(printf \'x-access-token:%s\' "$TOKEN" | base64 --wrap=0)"',
];

/** Steps that complete the checkout of a candidate, before any of its code runs. */
const listCheckoutSteps = ({ hasSubmodules, hasLargeFiles }: DetectedProject): SetUpStep[] => [
  ...(hasSubmodules
    ? [
        {
          name: "Check out submodules",
          // Relative addresses in .gitmodules start from the repository's own.
          run: [
            'git remote add origin "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git"',
            "git submodule update --init --recursive --depth 1",
            "git remote remove origin",
          ],
        },
      ]
    : []),
  ...(hasLargeFiles
    ? [
        {
          name: "Fetch large files",
          env: { TOKEN: "${{ github.token }}" },
          run: [
            ...AUTHENTICATE,
            "git lfs install --local --skip-repo",
            'git -c "lfs.url=$url/info/lfs" -c "http.$GITHUB_SERVER_URL/.extraheader=$header" lfs pull',
          ],
        },
      ]
    : []),
];
