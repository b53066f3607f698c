import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { configFileSchema } from "../../../src/core/config/config-schema.ts";
import { ACTION_REFERENCE } from "../../../src/core/domain/product.ts";
import { readActionsWorkflowFile } from "../../../src/core/policy/check-reporters.ts";
import { detectProject } from "../../../src/core/setup/detect-project.ts";
import type { ComparedFile, DoctorFacts, GitHubSettings } from "../../../src/core/setup/doctor/doctor-facts.ts";
import { examine } from "../../../src/core/setup/doctor/examine.ts";
import { renderSetUp, STEP_WORKFLOW_PATH } from "../../../src/core/setup/plan-set-up.ts";
import { factsOf } from "./repository-facts.ts";

const SHIPPED = readFileSync(new URL("../../../.github/workflows/enki-step.yml", import.meta.url), "utf8");
const PROJECT = detectProject(factsOf({ "go.mod": "" }));
const CHOICES = {
  project: PROJECT,
  verify: ["go test ./..."],
  verifyOrigin: "detected",
  agent: { preset: "claude" },
  isVendored: false,
  usesEnvironment: true,
} as const;
const renderWorkflow = (isOnServer: boolean, jobs: object = {}, isVendored = false): string =>
  renderSetUp(
    { stepWorkflow: SHIPPED, coordinatorWorkflows: new Map(), action: new Map() },
    {
      ...CHOICES,
      isVendored,
      usesApp: true,
      jobs: configFileSchema.parse({ jobs }).jobs,
      isOnServer,
    },
  ).get(STEP_WORKFLOW_PATH) ?? "";
const WORKFLOW = renderWorkflow(false);
const COORDINATING = `${WORKFLOW}      - with:\n          command: coordinate\n`;

const GITHUB: GitHubSettings = {
  isPrivate: false,
  sizeKb: 1_000,
  canPush: true,
  isActionsEnabled: true,
  allowedActions: "all",
  mayOpenPulls: true,
  hasEnvironment: true,
  isEnvironmentOpen: false,
  environmentRules: [{ name: "main", type: "branch" }],
  hasEnvironmentSecret: true,
  hasRepositorySecret: false,
  hasLedgerSecret: false,
  hasApp: false,
  rules: { isReadable: true, types: [], checks: [], requiredReviews: 0, allowedMethods: null },
  mergeMethods: ["merge", "squash", "rebase"],
};

const config = (over: object = {}) =>
  configFileSchema.parse({ refinery: { verify: ["go test ./..."] }, agent: { command: "claude-agent-acp" }, ...over });

const HEALTHY: DoctorFacts = {
  gitFault: null,
  project: PROJECT,
  config: config(),
  configFaults: [],
  uncommitted: [],
  stepWorkflow: { text: WORKFLOW, origin: "generated" },
  setUpFiles: [],
  unpushed: [],
  historyFromRemote: "ahead",
  isOnDefaultBranch: true,
  workflows: [],
  workflowTexts: {},
  remote: { host: "github.com", owner: "octo", name: "demo" },
  base: "main",
  defaultBranch: "main",
  differsFromDefault: false,
  github: GITHUB,
  githubFault: null,
  ledger: { kind: "healthy", isSigned: true },
  hasLedgerKey: null,
  protectionGaps: [],
  redCommand: null,
};

const on = (over: Partial<GitHubSettings>): Partial<DoctorFacts> => ({ github: { ...GITHUB, ...over } });
const rules = (over: Partial<NonNullable<GitHubSettings["rules"]>>): Partial<DoctorFacts> =>
  on({ rules: { isReadable: true, types: [], checks: [], requiredReviews: 0, allowedMethods: null, ...over } });
const workflow = (text: string): Partial<DoctorFacts> => ({ stepWorkflow: { text, origin: "changed" } });
const CI = (triggers: string) => readActionsWorkflowFile("ci.yml", `on: ${triggers}\njobs: { test: { runs-on: x } }\n`);
const requires = (name: string, triggers: string): Partial<DoctorFacts> => ({
  ...rules({ checks: [{ name, app: "github-actions" }] }),
  workflows: [CI(triggers)].flatMap((each) => each ?? []),
});

test.each([
  ["services", "jobs:\n  a:\n    services:\n      db: {}\n", { services: { db: { image: "postgres:17" } } }],
  ["a private registry", "env: { NODE_AUTH_TOKEN: x }", { env: ["NODE_AUTH_TOKEN"] }],
  ["a private registry", "env: { NODE_AUTH_TOKEN: x }", { verify_setup: "- run: npm ci" }],
])("%s that CI has and [jobs] names is no finding", (_, ci, jobs) => {
  const stepWorkflow = { text: renderWorkflow(false, jobs), origin: "generated" } as const;
  expect(examine({ ...HEALTHY, stepWorkflow, workflowTexts: { "ci.yml": ci }, config: config({ jobs }) })).toEqual([]);
});

const JOBS = {
  services: { db: { image: "postgres:17", env: { POSTGRES_PASSWORD: "postgres" }, ports: ["5432:5432"] }, cache: { image: "redis" } },
  setup: "- run: ./a.sh\n- uses: actions/setup-java@v5",
  verify_setup: "- run: |\n    ./b.sh\n\n    ./c.sh",
  runs_on: { agent: "big", verify: ["self-hosted", "linux"], publish: "small" },
};

const compare = (path: string, present: string, wanted: string, origin: ComparedFile["origin"] = "generated"): ComparedFile => ({
  path,
  origin,
  present,
  wanted,
});

test.each([false, true])("a workflow file that follows [jobs] has no finding (vendored: %j)", (isVendored) => {
  const text = renderWorkflow(false, JOBS, isVendored);
  const setUpFiles = [compare(STEP_WORKFLOW_PATH, text, text)];
  expect(examine({ ...HEALTHY, stepWorkflow: { text, origin: "generated" }, setUpFiles, config: config({ jobs: JOBS }) })).toEqual([]);
});

test.each<[string, object, object]>([
  ["services", {}, { services: JOBS.services }],
  ["services", { services: JOBS.services }, { services: { db: JOBS.services.db } }],
  ["services", { services: JOBS.services }, {}],
  ["setup", {}, { setup: JOBS.setup }],
  ["verify_setup", { setup: JOBS.setup }, { setup: JOBS.setup, verify_setup: JOBS.verify_setup }],
  ["setup", { setup: JOBS.setup }, {}],
  ["setup", { setup: JOBS.setup }, { setup: "- run: ./a.sh" }],
  ["setup", { setup: JOBS.setup }, { setup: "- uses: actions/setup-java@v5\n- run: ./a.sh" }],
  ["setup", { setup: "- name: a\n  run: ./a.sh" }, {}],
  ["verify_setup", { setup: JOBS.setup, verify_setup: JOBS.verify_setup }, { setup: JOBS.setup }],
  ["setup and verify_setup", { setup: JOBS.setup }, { verify_setup: JOBS.setup }],
  ["runs_on", {}, { runs_on: JOBS.runs_on }],
  ["runs_on", { runs_on: JOBS.runs_on }, {}],
  ["runs_on", { runs_on: { verify: "big" } }, { runs_on: { verify: "small" } }],
  ["runs_on and services and setup and verify_setup", {}, JOBS],
  ["runs_on and services and setup and verify_setup", JOBS, {}],
])("a workflow file that does not follow %s is found", (keys, written, jobs) => {
  for (const isVendored of [false, true]) {
    const text = renderWorkflow(false, written, isVendored);
    const setUpFiles = [compare(STEP_WORKFLOW_PATH, text, renderWorkflow(false, jobs, isVendored))];
    expect(examine({ ...HEALTHY, stepWorkflow: { text, origin: "generated" }, setUpFiles, config: config({ jobs }) })).toEqual([
      {
        code: "jobs-not-written",
        level: "error",
        command: "enki init",
        fix: { kind: "init", usesApp: true },
        message: `${STEP_WORKFLOW_PATH} does not follow ${keys} in [jobs] of .enki/enki.toml yet.`,
      },
    ]);
  }
});

test("a file that a person edited may follow [jobs] in its own way", () => {
  const setUpFiles = [compare(STEP_WORKFLOW_PATH, WORKFLOW, renderWorkflow(false, JOBS), "changed")];
  expect(examine({ ...HEALTHY, setUpFiles })).toEqual([]);
});

const COORDINATOR = ".github/workflows/enki.yml";
const REVIEW = ".github/workflows/enki-review.yml";

/** The files of a set-up without an App. */
const WITHOUT_APP = renderSetUp(
  {
    stepWorkflow: SHIPPED,
    coordinatorWorkflows: new Map(
      [COORDINATOR, REVIEW].map((path) => [path, readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")]),
    ),
    action: new Map(),
  },
  { ...CHOICES, usesApp: false, jobs: configFileSchema.parse({}).jobs, isOnServer: false },
);
/** Returns the doctor's facts about these files after an edit. */
const withoutApp = (
  edit: (path: string, text: string) => string = (_, text) => text,
  origin: "generated" | "changed" = "generated",
): Pick<DoctorFacts, "stepWorkflow" | "workflowTexts"> => {
  const textOf = (path: string): string => edit(path, WITHOUT_APP.get(path) ?? "");
  return {
    stepWorkflow: { text: textOf(STEP_WORKFLOW_PATH), origin },
    workflowTexts: { [COORDINATOR]: textOf(COORDINATOR), [REVIEW]: textOf(REVIEW) },
  };
};

const EARLIER = new URL("../../fixtures/earlier-workflows/", import.meta.url);

describe("in a repository whose jobs coordinate, a workflow file of an earlier version", () => {
  const examineFiles = (edit: (path: string, text: string) => string, origin: ComparedFile["origin"] = "generated") => {
    const setUpFiles = [...WITHOUT_APP].flatMap(([path, text]) =>
      path.endsWith(".yml") ? [compare(path, edit(path, text), text, origin)] : [],
    );
    const own = { config: config({ agent: { preset: "claude" } }), hasLedgerKey: true, setUpFiles };
    return examine({ ...HEALTHY, ...own, ...withoutApp(edit, origin === "changed" ? "changed" : "generated") });
  };

  test("is not found if every file is of this version", () => {
    expect(examineFiles((_, text) => text)).toEqual([]);
  });

  test.each([
    [STEP_WORKFLOW_PATH, "starts another job for each result", "outputs.coordinates"],
    [COORDINATOR, "shows no reaction until its second job reads a command", "      contents: read\n      issues: write\n"],
  ])("is found with what it costs, and how to update it: %s", (path, lack, part) => {
    const edit = (at: string, text: string): string => (at === path ? text.replaceAll(part, "      contents: read\n") : text);
    expect(examineFiles(edit)).toEqual([
      {
        code: "earlier-workflow",
        level: "warning",
        message: `${path} is of an earlier version of Enki, which ${lack}.`,
        command: "enki init",
        fix: { kind: "init", usesApp: false },
      },
    ]);
    expect(examineFiles(edit, "changed").map(({ code }) => code)).not.toContain("earlier-workflow");
  });

  test.each(readdirSync(EARLIER))("of each earlier layout is found: %s", (name) => {
    const path = `.github/workflows/${name.split(".")[0]}.yml`;
    const edit = (at: string, text: string): string => (at === path ? readFileSync(new URL(name, EARLIER), "utf8") : text);
    const found = examineFiles(edit);
    expect(found.map(({ code, level, fix }) => ({ code, level, fix }))).toEqual([
      { code: "earlier-workflow", level: "warning", fix: { kind: "init", usesApp: false } },
    ]);
    expect(found[0]?.message.startsWith(`${path} is `)).toBe(true);
  });

  test("is found for its machines alone, where [jobs] names others", () => {
    const edit = (at: string, text: string): string =>
      at === COORDINATOR ? text.replaceAll("runs-on: ubuntu-latest", "runs-on: ubuntu-slim") : text;
    expect(examineFiles(edit).map(({ code, message }) => [code, message])).toEqual([
      ["jobs-not-written", `${COORDINATOR} does not follow runs_on in [jobs] of .enki/enki.toml yet.`],
    ]);
  });

  test("that a person edited is found once, with the command that shows the difference", () => {
    const edit = (at: string, text: string): string => (at === REVIEW ? `${text}# mine\n` : text);
    const setUpFiles = [compare(REVIEW, "", "", "changed"), compare(COORDINATOR, "", "", "foreign")];
    expect(examine({ ...HEALTHY, hasLedgerKey: true, ...withoutApp(edit), setUpFiles })).toEqual(
      [REVIEW, COORDINATOR].map((path) => ({
        code: "workflow-changed",
        level: "warning",
        message: `${path} is not as Enki wrote it, so no update of Enki reaches it.`,
        command: "enki init --dry-run",
      })),
    );
  });

  test("says once that the copy of the action is old", () => {
    const copies = ["dist/action.mjs", "action.yml"].map((name) => compare(`.github/enki/${name}`, "old", "new"));
    expect(examine({ ...HEALTHY, setUpFiles: copies }).map(({ code, message }) => [code, message])).toEqual([
      ["earlier-workflow", "The copy of Enki's action differs from this version of Enki in .github/enki/dist/action.mjs and 1 more."],
    ]);
  });
});

test.each([
  [[COORDINATOR], "coordinator-missing", `${COORDINATOR} is missing, so nothing coordinates after a command or a schedule.`],
  [[REVIEW], "review-workflow-missing", `${REVIEW} is missing, so no review reaches Enki in time.`],
])("%s that somebody deleted is found, and --fix restores the file without an App", (deleted, code, message) => {
  const { stepWorkflow, workflowTexts } = withoutApp();
  const left = Object.fromEntries(Object.entries(workflowTexts).filter(([path]) => !deleted.includes(path)));
  expect(examine({ ...HEALTHY, hasLedgerKey: true, stepWorkflow, workflowTexts: left })).toEqual([
    { code, level: "error", message, command: "enki init", fix: { kind: "init", usesApp: false } },
  ]);
});

describe("verify commands of another package manager than the project's", () => {
  const examineVerify = (files: Record<string, string>, ...verify: string[]) =>
    examine({ ...HEALTHY, project: detectProject(factsOf(files)), config: config({ refinery: { verify }, agent: { preset: "claude" } }) });
  const PNPM = { "package.json": '{"scripts":{"test":"x"}}', "pnpm-lock.yaml": "" };

  test("are found with the commands that enki init would detect", () => {
    expect(examineVerify(PNPM, "npm ci", "CI=1 npm test && make")).toEqual([
      {
        code: "verify-manager",
        level: "warning",
        message: "[refinery] verify calls npm, but the project uses pnpm.",
        command: "enki init, or write [refinery] verify in .enki/enki.toml, such as `pnpm install --frozen-lockfile`, `pnpm test`",
      },
    ]);
    expect(examineVerify({ "pyproject.toml": "", "uv.lock": "" }, "poetry install").map(({ message }) => message)).toEqual([
      "[refinery] verify calls poetry, but the project uses uv.",
    ]);
  });

  test.each([
    [PNPM, "pnpm test"],
    [PNPM, "make npm"],
    [{ "go.mod": "" }, "npm test"],
    [{ "package.json": "{}" }, "npm test"],
  ])("are none in %j: %s", (files, command) => {
    expect(examineVerify(files, command)).toEqual([]);
  });
});

test("committed files that the remote's default branch does not have yet are found, and no advice lands a feature branch without a review", () => {
  const unpushed = [STEP_WORKFLOW_PATH];
  expect(examine({ ...HEALTHY, unpushed, isOnDefaultBranch: false })).toEqual([
    {
      code: "not-pushed",
      level: "warning",
      message: `Enki reads main on the remote, and only this branch changes ${STEP_WORKFLOW_PATH}.`,
      command: "merge this branch into main by a pull request; enki init --pull-request opens one for generated files alone",
    },
  ]);
  expect(examine({ ...HEALTHY, unpushed })).toEqual([
    {
      code: "not-pushed",
      level: "warning",
      message: `Enki reads main on the remote, where ${STEP_WORKFLOW_PATH} differs from this checkout.`,
      command: "git push origin main",
    },
  ]);
  expect(examine({ ...HEALTHY, unpushed, uncommitted: [STEP_WORKFLOW_PATH] }).map(({ code }) => code)).toEqual(["not-committed"]);
});

test("a healthy repository has no finding", () => {
  expect(examine(HEALTHY)).toEqual([]);
});

test("a question at the end of a mistake stays the end of its sentence", () => {
  const configFaults = ["enki.toml:1:1: unknown-key: unknown key a; did you mean b?", "enki.toml:2: bad"];
  expect(examine({ ...HEALTHY, configFaults }).map(({ message }) => message)).toEqual([configFaults[0], "enki.toml:2: bad."]);
});

describe("enki doctor finds", () => {
  test.each<[title: string, over: Partial<DoctorFacts>, code: string]>([
    ["an old git", { gitFault: { code: "git-too-old", message: "git 2.30 is too old.", next: "install git 2.38" } }, "git-too-old"],
    ["a configuration with a mistake", { configFaults: ["enki.toml:1: bad"] }, "config-broken"],
    ["nothing that verifies", { config: config({ refinery: {} }) }, "verify-missing"],
    ["a set-up that is not committed", { uncommitted: [".enki/enki.toml"] }, "not-committed"],
    ["no workflow file", { stepWorkflow: null }, "step-workflow-missing"],
    ["a placeholder in the workflow file", workflow(WORKFLOW.replaceAll(ACTION_REFERENCE, "OWNER/enki@v1")), "foreign-action"],
    ["a changed workflow file", workflow(WORKFLOW), "step-workflow-changed"],
    ["no agent on the runner", workflow(WORKFLOW.replace(/run: npm ls .*/, "run: true")), "agent-not-installed"],
    [
      "a variable that stands for nothing",
      { config: config({ refinery: { verify: ["a"] }, agent: { env: { A: "${MY_KEY}" } } }) },
      "key-unknown",
    ],
    ["services that CI has", { workflowTexts: { "ci.yml": "jobs:\n  a:\n    services:\n      db: {}\n" } }, "verify-environment"],
    ["a private registry that CI has", { workflowTexts: { "ci.yml": "env: { NODE_AUTH_TOKEN: x }" } }, "verify-environment"],
    ["a broken ledger", { ledger: { kind: "broken", message: "The ledger cannot be read." } }, "ledger-broken"],
    ["a ledger of a newer Enki", { ledger: { kind: "newer", message: "The ledger has format 9." } }, "ledger-newer"],
    ["an App without a key for the ledger", { hasLedgerKey: false }, "ledger-unsigned"],
    [
      "a key that nobody outside knows",
      { ledger: { kind: "healthy", isSigned: true, unpublishedKey: "ssh-ed25519 AAAA" } },
      "proof-key-unpublished",
    ],
    ["a ledger without a signature", { ledger: { kind: "healthy", isSigned: false } }, "ledger-unsigned"],
    [
      "jobs without a key that signs the ledger",
      {
        ledger: { kind: "none" },
        workflowTexts: { ".github/workflows/enki.yml": "", ".github/workflows/enki-review.yml": "" },
      },
      "ledger-unsigned",
    ],
    [
      "a step workflow that coordinates without a key that signs the ledger",
      { ledger: { kind: "none" }, stepWorkflow: { text: COORDINATING, origin: "generated" } },
      "ledger-unsigned",
    ],
    ["a machine whose agents are the same user", { protectionGaps: ["same-user"] }, "same-user"],
    ["a machine without namespaces", { protectionGaps: ["no-namespaces"] }, "no-namespaces"],
    ["a machine on which processes stay", { protectionGaps: ["detached-processes"] }, "detached-processes"],
    ["a machine whose files can be written", { protectionGaps: ["writable-files"] }, "writable-files"],
    ["a machine that cuts off no network", { protectionGaps: ["open-network"] }, "open-network"],
    ["a machine that shows environments", { protectionGaps: ["readable-environment"] }, "readable-environment"],
    ["a red base", { redCommand: "go test ./..." }, "base-red"],
    ["a repository whose fetches take minutes", on({ sizeKb: 2_900_000 }), "large-repository"],
    ["no remote", { remote: null, github: null }, "remote-missing"],
    ["no token", { github: null, githubFault: "there is no token" }, "github-unread"],
    ["a token that may only read", on({ canPush: false }), "token-cannot-write"],
    ["disabled Actions", on({ isActionsEnabled: false }), "actions-disabled"],
    ["restricted Actions", on({ allowedActions: "selected" }), "actions-restricted"],
    ["Actions that may not open pull requests", on({ mayOpenPulls: false }), "actions-cannot-open-pulls"],
    [
      "Actions that may not open pull requests, where there is no App",
      { ...on({ mayOpenPulls: false }), workflowTexts: { ".github/workflows/enki.yml": "", ".github/workflows/enki-review.yml": "" } },
      "actions-cannot-open-pulls",
    ],
    ["no way for reviews", { workflowTexts: { ".github/workflows/enki.yml": "" } }, "review-workflow-missing"],
    ["no environment", on({ hasEnvironment: false, hasEnvironmentSecret: null }), "environment-missing"],
    ["no secret", on({ hasEnvironmentSecret: false }), "secret-missing"],
    [
      "no secret, where one agent is not opencode",
      { ...on({ hasEnvironmentSecret: false }), config: config({ agent: { preset: "opencode", planner: { preset: "claude" } } }) },
      "secret-missing",
    ],
    [
      "no secret, where opencode uses the model of a hosted provider",
      {
        ...on({ hasEnvironmentSecret: false }),
        config: config({ agent: { preset: "opencode" }, tiers: { heavy: { model: "anthropic/claude-opus-5" } } }),
      },
      "secret-missing",
    ],
    ["an environment for every branch", on({ isEnvironmentOpen: true, environmentRules: null }), "environment-open"],
    ["an environment for every protected branch", on({ environmentRules: "protected" }), "environment-wide"],
    ["an environment for a pattern of branches", on({ environmentRules: [{ name: "main" }, { name: "release/*" }] }), "environment-wide"],
    ["an environment for a tag of the branch's name", on({ environmentRules: [{ name: "main", type: "tag" }] }), "environment-wide"],
    [
      "a required check that runs on pull requests and main only",
      requires("test", "{ push: { branches: [main] }, pull_request: {} }"),
      "required-check-unreported",
    ],
    ["a required check that nobody reports", requires("lint", "push"), "required-check-unreported"],
    ["Enki's own status as a required check", rules({ checks: [{ name: "enki/refinery", app: null }] }), "own-status-required"],
    [
      "signatures that no merge of Enki has",
      {
        ...on({
          mergeMethods: ["rebase"],
          rules: { isReadable: true, types: ["required_signatures"], checks: [], requiredReviews: 0, allowedMethods: null },
        }),
      },
      "signatures",
    ],
    ["an Enterprise Server without artifacts", { remote: { host: "ghe.example.org", owner: "o", name: "n" } }, "ghes-artifacts"],
    [
      "an Enterprise Server that knows fewer keys",
      {
        remote: { host: "ghe.example.org", owner: "o", name: "n" },
        stepWorkflow: { text: renderWorkflow(true).replace("{ name: enki }", "{ name: enki, deployment: false }"), origin: "generated" },
      },
      "ghes-keys",
    ],
    ["a base with other workflow files", { base: "release", differsFromDefault: true }, "base-workflows-differ"],
  ])("%s", (_, over, code) => {
    const findings = examine({ ...HEALTHY, ...over });
    expect(findings.map((each) => each.code)).toContain(code);
    for (const { message, command } of findings) {
      expect(message).toMatch(/^[^\n]+[.\w]$/);
      expect(command).not.toBe("");
    }
  });

  test.each<[title: string, level: string, over: Partial<DoctorFacts>]>([
    ["a coordinator in enki.yml", "error", withoutApp()],
    ["a coordinator in enki-step.yml, without enki.yml", "error", { stepWorkflow: { text: COORDINATING, origin: "generated" } }],
    [
      "a coordinator in a renamed file",
      "error",
      { workflowTexts: { ".github/workflows/coordinator.yml": "      - with:\n          command: coordinate\n" } },
    ],
    ["an App on a server", "warning", {}],
  ])("Actions that may not open pull requests matter as much as needed: %s", (_, level, over) => {
    const found = examine({ ...HEALTHY, ...on({ mayOpenPulls: false }), ...over }).find(({ code }) => code === "actions-cannot-open-pulls");
    expect(found).toMatchObject({ level });
  });

  test.each<[title: string, over: Partial<DoctorFacts>]>([
    [
      "an Enterprise Server whose workflow file is made for it",
      {
        remote: { host: "ghe.example.org", owner: "o", name: "n" },
        stepWorkflow: { text: renderWorkflow(true), origin: "generated" },
      },
    ],
    ["a check that runs on candidates", requires("test", "{ push: { branches: [main, 'enki/candidate/**'] } }")],
    ["a check that runs on every push", requires("test", "push")],
    ["a check that can be dispatched", requires("test", "{ pull_request: {}, workflow_dispatch: {} }")],
    [
      "Actions that may not open pull requests, where jobs act as an App",
      { ...withoutApp(), ledger: { kind: "healthy", isSigned: true }, ...on({ mayOpenPulls: false, hasApp: true }) },
    ],
    [
      "jobs whose key will sign the ledger",
      {
        ledger: { kind: "none" },
        ...withoutApp(),
        ...on({ hasLedgerSecret: true }),
      },
    ],
    ["a secret of the repository", on({ hasEnvironmentSecret: false, hasRepositorySecret: true })],
    [
      "no secret, where all agents are opencode, with a model on the machine",
      {
        ...on({ hasEnvironmentSecret: false }),
        config: config({ agent: { preset: "opencode" }, tiers: { standard: { model: "ollama/qwen3" } } }),
      },
    ],
    [
      "no secret, where all agents are opencode without a named model",
      { ...on({ hasEnvironmentSecret: false }), config: config({ agent: { preset: "opencode" } }) },
    ],
    [
      "secrets that the token may not see",
      on({ hasEnvironment: null, isEnvironmentOpen: null, hasEnvironmentSecret: null, hasRepositorySecret: null }),
    ],
    ["an agent that npx fetches", { config: config({ refinery: { verify: ["a"] }, agent: { command: "npx", args: ["-y", "x"] } }) }],
    ["a linear history, where GitHub rebases", rules({ types: ["required_linear_history"] })],
    [
      "a preset, which npx installs",
      {
        config: config({ agent: { preset: "codex" } }),
        stepWorkflow: { text: WORKFLOW.replace(/run: npm ls .*/, "run: true"), origin: "generated" },
      },
    ],
    ["a variable that stands for a secret", { config: config({ agent: { command: "npx", env: { A: "$MY_KEY", B: "$ENKI_MODEL_KEY" } } }) }],
  ])("nothing about %s", (_, over) => {
    expect(examine({ ...HEALTHY, ...over })).toEqual([]);
  });

  test("errors come before warnings", () => {
    const levels = examine({ ...HEALTHY, ...on({ canPush: false, mayOpenPulls: false, isActionsEnabled: false }) }).map(
      ({ level }) => level,
    );
    expect(levels).toEqual(["error", "error", "warning"]);
  });
});
