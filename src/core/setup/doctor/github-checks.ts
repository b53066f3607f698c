import { ENKI_STATUS_CONTEXT } from "../../domain/github-facts.ts";
import { findCheckReporters } from "../../policy/check-reporters.ts";
import { chooseLandingMode } from "../../policy/landing-mode.ts";
import { PROOF_KEYS_PATH } from "../../proof/verify-proof.ts";
import { COORDINATOR_WORKFLOW_PATHS, STEP_WORKFLOW_PATH } from "../plan-set-up.ts";
import { isEnterpriseServer } from "../remote-address.ts";
import { hasRefusedArtifacts, hasRefusedKeys } from "../server-artifacts.ts";
import { type DoctorCheck, type Finding, hasCoordinatingJobs, onGitHub, reportError, reportWarning, slugOf } from "./finding.ts";
import { SECRET_CHECKS } from "./secret-checks.ts";

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
    const fix = { kind: "requests", requests: [{ method: "PUT", path, body: { enabled: true } }] } as const;
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

const checkPulls = onGitHub(({ mayOpenPulls, hasApp }, facts) => {
  const usesJobs = hasCoordinatingJobs(facts);
  // An App needs no such right.
  if (mayOpenPulls !== false || (usesJobs && hasApp === true)) return [];
  const path = `/repos/${slugOf(facts)}/actions/permissions/workflow`;
  const report = usesJobs ? reportError : reportWarning;
  return [
    {
      ...report(
        "actions-cannot-open-pulls",
        "Actions may not create pull requests here; only an App may.",
        `gh api --method PUT ${path.slice(1)} -F can_approve_pull_request_reviews=true -f default_workflow_permissions=read`,
      ),
      fix: {
        kind: "requests",
        requests: [{ method: "PUT", path, body: { can_approve_pull_request_reviews: true, default_workflow_permissions: "read" } }],
      },
    },
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

const checkServer: DoctorCheck = ({ remote, stepWorkflow }) =>
  remote !== null && isEnterpriseServer(remote.host) && hasRefusedArtifacts(stepWorkflow?.text ?? "")
    ? [
        reportError(
          "ghes-artifacts",
          `${remote.host} is a GitHub Enterprise Server, which refuses the artifact actions of ${STEP_WORKFLOW_PATH}.`,
          "enki init",
        ),
      ]
    : [];

const checkServerKeys: DoctorCheck = ({ remote, stepWorkflow, workflowTexts }) => {
  const texts: Readonly<Record<string, string>> = { ...workflowTexts, [STEP_WORKFLOW_PATH]: stepWorkflow?.text ?? "" };
  const refused = [STEP_WORKFLOW_PATH, ...COORDINATOR_WORKFLOW_PATHS].filter((path) => hasRefusedKeys(texts[path] ?? ""));
  if (remote === null || !isEnterpriseServer(remote.host) || refused.length === 0) return [];
  const text = `${remote.host} is a GitHub Enterprise Server, which does not know the key \`deployment\` in ${refused.join(" and ")}.`;
  return [reportError("ghes-keys", text, "enki init")];
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

/** Only a published key lets people outside check proofs of landing. */
const checkProofKey: DoctorCheck = ({ ledger }) =>
  ledger.kind === "healthy" && ledger.unpublishedKey !== undefined
    ? [
        reportWarning(
          "proof-key-unpublished",
          "The key of the proofs of landing is not published, so `enki verify` needs --key. Compare the key with `enki ledger key` first.",
          `echo '${ledger.unpublishedKey}' >> ${PROOF_KEYS_PATH}`,
        ),
      ]
    : [];

export const GITHUB_CHECKS: readonly DoctorCheck[] = [
  checkRemote,
  checkAccess,
  checkToken,
  checkActions,
  checkPulls,
  ...SECRET_CHECKS,
  checkRequired,
  checkProofKey,
  checkLanding,
  checkServer,
  checkServerKeys,
  checkBaseWorkflows,
];
