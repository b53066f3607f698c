import { LEDGER_KEY_FAULT } from "../../messages/refusals/ledger.ts";
import { ENKI_STATUS_CONTEXT } from "../../domain/github-facts.ts";
import { findCheckReporters } from "../../policy/check-reporters.ts";
import { chooseLandingMode } from "../../policy/landing-mode.ts";
import { COORDINATOR_WORKFLOW_PATH, STEP_WORKFLOW_PATH } from "../plan-set-up.ts";
import type { DoctorFacts, GitHubSettings } from "./doctor-facts.ts";
import { type DoctorCheck, type Finding, reportError, reportWarning } from "./finding.ts";

const slugOf = ({ remote }: DoctorFacts): string => (remote ? `${remote.owner}/${remote.name}` : "<owner>/<name>");

/** A check of GitHub's settings, which finds nothing where they could not be read. */
const onGitHub =
  (check: (github: GitHubSettings, facts: DoctorFacts) => readonly Finding[]): DoctorCheck =>
  (facts) =>
    facts.github ? check(facts.github, facts) : [];

const checkAccess: DoctorCheck = ({ githubFault }) =>
  githubFault === null
    ? []
    : [reportWarning("github-unread", `GitHub's settings were not checked: ${githubFault}.`, "GH_TOKEN=$(gh auth token) enki doctor")];

const checkToken = onGitHub(({ canPush }, facts) =>
  canPush
    ? []
    : [reportError("token-cannot-write", `The token may not write to ${slugOf(facts)}, so its commands are refused.`, "gh auth login")],
);

const checkActions = onGitHub(({ isActionsEnabled, allowedActions }, facts) => {
  const path = `/repos/${slugOf(facts)}/actions/permissions`;
  if (isActionsEnabled === false) {
    const fix = { kind: "request", method: "PUT", path, body: { enabled: true } } as const;
    return [
      {
        ...reportError(
          "actions-disabled",
          "Actions are disabled in this repository, so no job can start.",
          `gh api --method PUT ${path.slice(1)} -F enabled=true`,
        ),
        fix,
      },
    ];
  }
  const isLocal = !/uses: [\w.-]+\/enki@/.test(facts.stepWorkflow?.text ?? "");
  if (allowedActions === null || allowedActions === "all" || (allowedActions === "local_only" && isLocal)) return [];
  return [
    reportWarning(
      "actions-restricted",
      "The repository allows only some actions, and its jobs use Enki's and GitHub's own.",
      `https://github.com/${slugOf(facts)}/settings/actions`,
    ),
  ];
});

const checkPulls = onGitHub(({ mayOpenPulls }, facts) => {
  if (mayOpenPulls !== false) return [];
  const path = `/repos/${slugOf(facts)}/actions/permissions/workflow`;
  // An App needs no such right.
  const report = facts.workflowTexts[COORDINATOR_WORKFLOW_PATH] === undefined ? reportWarning : reportError;
  return [
    {
      ...report(
        "actions-cannot-open-pulls",
        "Actions may not create pull requests here; only an App may.",
        `gh api --method PUT ${path.slice(1)} -F can_approve_pull_request_reviews=true -f default_workflow_permissions=read`,
      ),
      fix: {
        kind: "request",
        method: "PUT",
        path,
        body: { can_approve_pull_request_reviews: true, default_workflow_permissions: "read" },
      },
    },
  ];
});

const checkSecret = onGitHub(({ hasEnvironment, hasEnvironmentSecret, hasRepositorySecret }, facts) => {
  const usesEnvironment = /^ {4}environment: (?:enki|\{ name: enki\b.*)$/m.test(facts.stepWorkflow?.text ?? "");
  const set = `gh secret set ENKI_MODEL_KEY --repo ${slugOf(facts)}`;
  if (usesEnvironment && hasEnvironment === false) {
    const path = `/repos/${slugOf(facts)}/environments/enki`;
    return [
      {
        ...reportError(
          "environment-missing",
          "The environment `enki`, which should hold the agent's key, does not exist; private repositories on GitHub Free have none.",
          `gh api --method PUT ${path.slice(1)}, or enki init --repository-secret`,
        ),
        fix: { kind: "request", method: "PUT", path, body: {} },
      },
    ];
  }
  const isSet = (usesEnvironment && hasEnvironmentSecret === true) || hasRepositorySecret === true;
  if (isSet || hasRepositorySecret === null || (usesEnvironment && hasEnvironmentSecret === null)) return [];
  return [
    reportError(
      "secret-missing",
      "The secret ENKI_MODEL_KEY is not set, so no agent can reach its model.",
      `${set}${usesEnvironment ? " --env enki" : ""}`,
    ),
  ];
});

const checkRequired = onGitHub(({ rules }, { workflows, base }) =>
  (rules?.checks ?? []).flatMap((required): Finding[] => {
    const { name } = required;
    if (name === ENKI_STATUS_CONTEXT)
      return [
        reportError(
          "own-status-required",
          `${base} requires the check ${ENKI_STATUS_CONTEXT}, which Enki sets only after it knows that a change may land.`,
          "remove it from the required checks of the branch",
        ),
      ];
    const reporters = findCheckReporters(workflows, required, base);
    if (!reporters || reporters.candidate || reporters.dispatchFile !== null) return [];
    const where = reporters.files.length === 0 ? "no workflow reports it" : `${reporters.files.join(", ")} does not run on candidates`;
    return [
      reportError(
        "required-check-unreported",
        `${base} requires the check ${name}, and ${where}: no candidate can ever pass.`,
        "add to the workflow:  on: { push: { branches: [main, 'enki/candidate/**'] } }",
      ),
    ];
  }),
);

const checkLanding = onGitHub(({ rules, mergeMethods }, { base, config }) => {
  if (!rules) return [];
  const { landing, method } = config.refinery;
  const chosen = chooseLandingMode(base, rules, { landing, method, settingsMethods: mergeMethods, deniedMethods: [], pushRefusal: null });
  return chosen.ok ? [] : [reportError(chosen.refusal.code, chosen.refusal.message, chosen.refusal.next)];
});

const checkServer: DoctorCheck = ({ remote, stepWorkflow }) => {
  const isServer = remote !== null && !/(^|\.)github\.com$|\.ghe\.com$|^(?:127\.|localhost)/.test(remote.host);
  return isServer && /(?:upload|download)-artifact@/.test(stepWorkflow?.text ?? "")
    ? [
        reportError(
          "ghes-artifacts",
          `${remote.host} is a GitHub Enterprise Server, which refuses the artifact actions of ${STEP_WORKFLOW_PATH}.`,
          "use the v3 releases of both artifact actions there",
        ),
      ]
    : [];
};

const checkBaseWorkflows: DoctorCheck = ({ differsFromDefault, base }) =>
  differsFromDefault === true
    ? [
        reportError(
          "base-workflows-differ",
          `The workflow files of ${base} differ from those of the default branch, so GitHub refuses pushes of work on it.`,
          `git checkout origin/HEAD -- .github/workflows, on ${base}`,
        ),
      ]
    : [];

const checkRemote: DoctorCheck = ({ remote }) =>
  remote ? [] : [reportError("remote-missing", "The remote `origin` is not a GitHub repository.", "git remote add origin <address>")];

const reportUnsigned = (command: string): Finding[] => [reportWarning(LEDGER_KEY_FAULT.code, LEDGER_KEY_FAULT.message, command)];

/** Of the App's own machine; of the ledger that is there; and of the jobs that will write it. */
const checkLedgerKey: DoctorCheck = (facts) => {
  const { hasLedgerKey, ledger, github, remote } = facts;
  if (hasLedgerKey === false) return reportUnsigned(LEDGER_KEY_FAULT.next);
  if (hasLedgerKey === true || (ledger.kind === "healthy" && ledger.isSigned)) return [];
  const setKey = `ssh-keygen -t ed25519 -N '' -f ledger-key && gh secret set ENKI_LEDGER_KEY --repo ${slugOf(facts)} --env enki < ledger-key`;
  if (ledger.kind === "healthy")
    return reportUnsigned(github?.hasLedgerSecret === true && remote ? `enki ledger sign https://${remote.host}/${slugOf(facts)}` : setKey);
  const hasJobs = facts.workflowTexts[COORDINATOR_WORKFLOW_PATH] !== undefined;
  return hasJobs && github?.hasLedgerSecret === false ? reportUnsigned(setKey) : [];
};

export const GITHUB_CHECKS: readonly DoctorCheck[] = [
  checkRemote,
  checkAccess,
  checkToken,
  checkActions,
  checkPulls,
  checkSecret,
  checkRequired,
  checkLanding,
  checkServer,
  checkBaseWorkflows,
  checkLedgerKey,
];
