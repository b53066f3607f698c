import { LEDGER_KEY_FAULT } from "../../messages/refusals/ledger.ts";
import { formatLedgerKeyCommand, type SecretPlace } from "../ledger-key-command.ts";
import { namesEnvironment } from "../present-choices.ts";
import { describeOtherReaders, explainOtherReaders } from "../environment-rules.ts";
import { formatEnvironmentCommand, restrictEnvironment } from "../restrict-environment.ts";
import type { DoctorFacts } from "./doctor-facts.ts";
import { type DoctorCheck, type Finding, hasCoordinatingJobs, onGitHub, reportError, reportWarning, slugOf } from "./finding.ts";

const usesEnvironment = ({ stepWorkflow }: DoctorFacts): boolean => namesEnvironment(stepWorkflow?.text ?? "");

const AGENT_KINDS = ["planner", "worker", "merger", "sidecar"] as const;

/** The providers of opencode that answer nobody without a key, as they begin the name of a model. */
const HOSTED_MODEL_PATTERN =
  /^(?:anthropic|openai|openrouter|google|google-vertex|groq|mistral|deepseek|xai|azure|amazon-bedrock|github-copilot)\//;

/** Whether a tier names a model that needs a key. A configuration of opencode in `[agent] env` may redirect every provider. */
const usesHostedModel = ({ agent, tiers }: DoctorFacts["config"]): boolean =>
  agent.env?.["OPENCODE_CONFIG_CONTENT"] === undefined && Object.values(tiers).some(({ model }) => HOSTED_MODEL_PATTERN.test(model ?? ""));

/** Whether all agents may work without a key, with a model on the machine. */
const needsNoKey = ({ config }: DoctorFacts): boolean =>
  AGENT_KINDS.every((kind) => (config.agent[kind]?.preset ?? config.agent.preset) === "opencode") && !usesHostedModel(config);

const checkSecret = onGitHub(({ hasEnvironment, hasEnvironmentSecret, hasRepositorySecret }, facts) => {
  const isOfEnvironment = usesEnvironment(facts);
  if (isOfEnvironment && hasEnvironment === false)
    return [
      {
        ...reportError(
          "environment-missing",
          "The environment `enki`, which should hold the agent's key, does not exist; private repositories on GitHub Free have none.",
          `${formatEnvironmentCommand(slugOf(facts), facts.defaultBranch)}, or enki init --repository-secret`,
        ),
        fix: { kind: "requests", requests: restrictEnvironment(slugOf(facts), facts.defaultBranch) },
      },
    ];
  if (needsNoKey(facts)) return [];
  const isSet = (isOfEnvironment && hasEnvironmentSecret === true) || hasRepositorySecret === true;
  if (isSet || hasRepositorySecret === null || (isOfEnvironment && hasEnvironmentSecret === null)) return [];
  return [
    reportError(
      "secret-missing",
      "Neither the secret ENKI_MODEL_KEY nor ENKI_AGENT_ENV is set, so no agent can reach its model.",
      `gh secret set ENKI_MODEL_KEY --repo ${slugOf(facts)}${isOfEnvironment ? " --env enki" : ""}`,
    ),
  ];
});

/** Without a branch policy, a workflow file on anybody's branch may name the environment and print its secrets. */
const checkEnvironmentBranches = onGitHub(({ isEnvironmentOpen }, facts) =>
  isEnvironmentOpen === true && usesEnvironment(facts)
    ? [
        {
          ...reportWarning(
            "environment-open",
            "Workflows on any branch may read the secrets of the environment `enki`, so anyone who may push can take its keys.",
            formatEnvironmentCommand(slugOf(facts), facts.defaultBranch),
          ),
          fix: { kind: "requests", requests: restrictEnvironment(slugOf(facts), facts.defaultBranch) },
        },
      ]
    : [],
);

/** A rule for more than the default branch lets a workflow file on another branch print the secrets. */
const checkEnvironmentRules = onGitHub(({ environmentRules }, facts) => {
  const others = environmentRules && usesEnvironment(facts) ? describeOtherReaders(environmentRules, facts.defaultBranch) : null;
  if (others === null) return [];
  return [
    reportWarning(
      "environment-wide",
      `Workflows on ${others} may read the secrets of the environment \`enki\`, so anyone who may push there can take its keys.`,
      explainOtherReaders(facts.defaultBranch),
    ),
  ];
});

const reportUnsigned = (command: string): Finding[] => [reportWarning(LEDGER_KEY_FAULT.code, LEDGER_KEY_FAULT.message, command)];

/** Checks the App's own machine, the existing ledger, and the jobs that will write the ledger. */
const checkLedgerKey: DoctorCheck = (facts) => {
  const { hasLedgerKey, ledger, github } = facts;
  if (hasLedgerKey === false) return reportUnsigned(LEDGER_KEY_FAULT.next);
  if (hasLedgerKey === true || (ledger.kind === "healthy" && ledger.isSigned)) return [];
  if (ledger.kind === "healthy") return reportUnsigned(formatSignCommand(facts));
  return hasCoordinatingJobs(facts) && github?.hasLedgerSecret === false
    ? reportUnsigned(formatLedgerKeyCommand(findSecretPlace(facts)))
    : [];
};

const findSecretPlace = (facts: DoctorFacts): SecretPlace => ({
  slug: slugOf(facts),
  usesEnvironment: facts.stepWorkflow === null || usesEnvironment(facts),
});

/** The line that signs a ledger without a signature. */
const formatSignCommand = (facts: DoctorFacts): string => {
  const url = `https://${facts.remote?.host ?? "<host>"}/${slugOf(facts)}`;
  return facts.github?.hasLedgerSecret === true ? `enki ledger sign ${url}` : formatLedgerKeyCommand(findSecretPlace(facts), { url });
};

/** Checks of the keys that jobs receive, and of who may read them. */
export const SECRET_CHECKS: readonly DoctorCheck[] = [checkSecret, checkEnvironmentBranches, checkEnvironmentRules, checkLedgerKey];
