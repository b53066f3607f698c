import { splitCommandLine } from "../../domain/agent-command.ts";
import { PRODUCT } from "../../domain/product.ts";
import { findUnwrittenJobs } from "../find-unwritten-jobs.ts";
import {
  CONFIG_PATH,
  COORDINATOR_WORKFLOW_PATH,
  COORDINATOR_WORKFLOW_PATHS,
  REVIEW_WORKFLOW_PATH,
  STEP_WORKFLOW_PATH,
} from "../plan-set-up.ts";
import { isAppSetUp } from "../present-choices.ts";
import { VENDOR_DIRECTORY } from "../render-step-workflow.ts";
import type { ComparedFile, DoctorFacts } from "./doctor-facts.ts";
import { type DoctorCheck, type Finding, reportError, reportWarning } from "./finding.ts";
import { VERIFY_CHECKS } from "./verify-checks.ts";

const INIT = "enki init";
const usesApp = ({ stepWorkflow, workflowTexts }: DoctorFacts): boolean =>
  isAppSetUp({ stepWorkflow: stepWorkflow?.text ?? null, coordinatorWorkflow: workflowTexts[COORDINATOR_WORKFLOW_PATH] ?? null });

/** Keeps a set-up for an App. */
const withInit = (finding: Finding, facts: DoctorFacts): Finding => ({ ...finding, fix: { kind: "init", usesApp: usesApp(facts) } });

const checkConfig: DoctorCheck = ({ configFaults }) =>
  configFaults.map((fault) => reportError("config-broken", /[.?!]$/.test(fault) ? fault : `${fault}.`, "enki validate"));

const checkCommitted: DoctorCheck = ({ uncommitted }) =>
  uncommitted.length === 0
    ? []
    : [
        reportError(
          "not-committed",
          `Enki reads the default branch, and ${uncommitted.join(", ")} ${uncommitted.length === 1 ? "is" : "are"} not committed.`,
          'git add .enki .github && git commit --message "Set up Enki" && git push',
        ),
      ];

const checkStepWorkflow: DoctorCheck = (facts) => {
  const { stepWorkflow } = facts;
  if (!stepWorkflow)
    return [withInit(reportError("step-workflow-missing", `${STEP_WORKFLOW_PATH} is missing, so no job can start.`, INIT), facts)];
  const foreign = findForeignActions(stepWorkflow.text);
  return [
    ...foreign.map((name) =>
      withInit(
        reportError("foreign-action", `${STEP_WORKFLOW_PATH} runs ${name}, which is not published by ${PRODUCT.owner}.`, INIT),
        facts,
      ),
    ),
    ...(stepWorkflow.origin === "generated" || foreign.length > 0
      ? []
      : [
          reportWarning(
            "step-workflow-changed",
            `${STEP_WORKFLOW_PATH} is not as Enki wrote it: its permissions protect the repository from agents.`,
            `${INIT} --dry-run`,
          ),
        ]),
  ];
};

const checkPushed: DoctorCheck = ({ unpushed, uncommitted, defaultBranch, isOnDefaultBranch, historyFromRemote }) => {
  if (unpushed.length === 0 || uncommitted.length > 0) return [];
  const files = unpushed.join(", ");
  const where = `Enki reads ${defaultBranch} on the remote`;
  const differs = unpushed.length === 1 ? "differs" : "differ";
  if (historyFromRemote === "unknown")
    return [
      reportWarning(
        "not-pushed",
        `${where}, where ${files} ${differs} from this shallow clone, which does not show whose files are newer.`,
        "git fetch --unshallow origin && enki doctor",
      ),
    ];
  if (!isOnDefaultBranch)
    return [
      reportWarning(
        "not-pushed",
        `${where}, and only this branch changes ${files}.`,
        `merge this branch into ${defaultBranch} by a pull request; ${INIT} --pull-request opens one for generated files alone`,
      ),
    ];
  const push = `git push origin ${defaultBranch}`;
  const command = historyFromRemote === "diverged" ? `git pull --rebase origin ${defaultBranch} && ${push}` : push;
  return [reportWarning("not-pushed", `${where}, where ${files} ${differs} from this checkout.`, command)];
};

/** The keys of `[jobs]` that a file does not follow; none for an edited file, which may follow them in its own way. */
const listUnwritten = ({ origin, present, wanted }: ComparedFile): string[] =>
  origin === "generated" ? findUnwrittenJobs(present, wanted) : [];

const checkJobs: DoctorCheck = (facts) =>
  facts.setUpFiles.flatMap((file) => {
    const unwritten = listUnwritten(file);
    if (unwritten.length === 0) return [];
    const text = `${file.path} does not follow ${unwritten.join(" and ")} in [jobs] of ${CONFIG_PATH} yet.`;
    return [withInit(reportError("jobs-not-written", text, INIT), facts)];
  });

/** The step workflow has a check of its own. */
const checkCoordinatorFiles: DoctorCheck = ({ setUpFiles }) =>
  setUpFiles
    .filter(({ path, origin }) => COORDINATOR_WORKFLOW_PATHS.includes(path) && origin !== "generated")
    .map(({ path }) =>
      reportWarning("workflow-changed", `${path} is not as Enki wrote it, so no update of Enki reaches it.`, `${INIT} --dry-run`),
    );

/** Lacks of these files are errors, unless an App coordinates. */
const COORDINATOR_LACKS = [
  { path: COORDINATOR_WORKFLOW_PATH, code: "coordinator-missing", effect: "nothing coordinates after a command or a schedule" },
  // Without the stub, no review would wake Enki before its schedule.
  { path: REVIEW_WORKFLOW_PATH, code: "review-workflow-missing", effect: "no review reaches Enki in time" },
];

const checkCoordinator: DoctorCheck = (facts) =>
  usesApp(facts) || (facts.stepWorkflow === null && facts.workflowTexts[COORDINATOR_WORKFLOW_PATH] === undefined)
    ? []
    : COORDINATOR_LACKS.filter(({ path }) => facts.workflowTexts[path] === undefined).map(({ path, code, effect }) =>
        withInit(reportError(code, `${path} is missing, so ${effect}.`, INIT), facts),
      );

/** What a generated file of an earlier version lacks. Such files work, and cost more minutes or answer later. */
const NEW_PARTS = [
  {
    path: STEP_WORKFLOW_PATH,
    pattern: /steps\.publish\.outputs\.coordinates/,
    lack: "starts another job for each result",
  },
  {
    path: COORDINATOR_WORKFLOW_PATH,
    pattern: /^ {2}gate:\n(?: {4}.*\n)*? {6}issues: write$/m,
    lack: "shows no reaction until its second job reads a command",
  },
];

/** What is known about the difference between a file and the text that `enki init` would write now. */
const describeDifference = ({ path, present, wanted }: ComparedFile): string => {
  const part = NEW_PARTS.find((each) => each.path === path && each.pattern.test(wanted) && !each.pattern.test(present));
  return part
    ? `${path} is of an earlier version of Enki, which ${part.lack}.`
    : `${path} is not as Enki would write it now: the project, its agent or Enki changed since then.`;
};

const checkOutdated: DoctorCheck = (facts) => {
  const outdated = facts.setUpFiles.filter(
    (file) => file.origin === "generated" && file.present !== file.wanted && listUnwritten(file).length === 0,
  );
  const [copy, ...copies] = outdated.filter(({ path }) => path.startsWith(`${VENDOR_DIRECTORY}/`));
  const files = outdated.filter(({ path }) => !path.startsWith(`${VENDOR_DIRECTORY}/`)).map(describeDifference);
  const more = copies.length === 0 ? "" : ` and ${copies.length} more`;
  const vendored = copy ? [`The copy of Enki's action differs from this version of Enki in ${copy.path}${more}.`] : [];
  return [...files, ...vendored].map((text) => withInit(reportWarning("earlier-workflow", text, INIT), facts));
};

/** Actions named like Enki's, by another owner: placeholders, too. */
const findForeignActions = (text: string): string[] => {
  const used = [...text.matchAll(/uses: ([\w.-]+\/enki)@/g)].map(([, name = ""]) => name);
  return [...new Set(used)].filter((name) => name.toLowerCase() !== `${PRODUCT.owner}/${PRODUCT.repository}`.toLowerCase());
};

/** Programs of a runner's image that need no installation. */
const PRESENT_COMMANDS = ["npx", "node", "bash", "sh", "python", "python3", "uvx", "pipx", "docker"];

const checkAgent: DoctorCheck = ({ config, stepWorkflow }) => {
  if (!stepWorkflow) return [];
  const [command] = splitCommandLine(config.agent.command ?? "");
  // A preset without a command installs itself by npx.
  if (command === undefined) return [];
  const program = command.split("/").at(-1) ?? "";
  if (PRESENT_COMMANDS.includes(program)) return [];
  const [, agentJob = ""] = /^ {2}agent:\n([^]*?)(?=^ {2}\w+:\n)/m.exec(stepWorkflow.text) ?? [];
  const isInstalled = /^\s+(?:run: |\s*)(?:npm|pnpm|yarn|pip|python -m pip|curl|brew|apt-get|cargo|go) .*\b(?:install|add|i)\b/m.test(
    agentJob,
  );
  return isInstalled
    ? []
    : [
        reportError(
          "agent-not-installed",
          `No step of the job \`agent\` installs \`${command}\`, so no agent can start.`,
          `${INIT} --agent <name>, or a step before \`id: work\` that installs ${command}`,
        ),
      ];
};

/** A value that stands for a variable or a secret. */
const REFERENCE = /^\$[A-Za-z_]\w*$/;

const checkKeys: DoctorCheck = ({ config }) => {
  const entries = [config.agent, ...["planner", "worker", "merger", "sidecar"].map((name) => config.agent[name as "planner"])].flatMap(
    (agent) => Object.entries(agent?.env ?? {}),
  );
  const unknown = entries.filter(([, value]) => value.startsWith("$") && !REFERENCE.test(value));
  return unknown.map(([name, value]) =>
    reportError(
      "key-unknown",
      `[agent] env gives ${name} the text ${value}: only a whole value such as $ENKI_MODEL_KEY stands for a secret.`,
      "enki config",
    ),
  );
};

const checkVerifyEnvironment: DoctorCheck = ({ workflowTexts, config }: DoctorFacts) => {
  const { env, setup, verify_setup, services } = config.jobs;
  const hasNoServices = Object.keys(services).length === 0;
  const hasNoSetup = env.length === 0 && setup === "" && verify_setup === "";
  return config.refinery.verify.length === 0
    ? []
    : Object.entries(workflowTexts).flatMap(([path, text]) => {
        const needs = [
          ...(hasNoServices && /^ +services:\s*$/m.test(text) ? ["services"] : []),
          ...(hasNoSetup && /NODE_AUTH_TOKEN|PIP_INDEX_URL|registry-url:/.test(text) ? ["a private registry"] : []),
        ];
        return needs.length === 0
          ? []
          : [
              reportWarning(
                "verify-environment",
                `${path} uses ${needs.join(" and ")}, which verification in Enki's jobs does not have.`,
                `write [jobs] in ${CONFIG_PATH}, then enki init; or require its check: [refinery] checks`,
              ),
            ];
      });
};

export const FILE_CHECKS: readonly DoctorCheck[] = [
  checkConfig,
  ...VERIFY_CHECKS,
  checkCommitted,
  checkPushed,
  checkStepWorkflow,
  checkCoordinatorFiles,
  checkJobs,
  checkCoordinator,
  checkOutdated,
  checkAgent,
  checkKeys,
  checkVerifyEnvironment,
];
