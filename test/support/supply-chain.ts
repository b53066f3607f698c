import { parse } from "yaml";

/** Faults of the files that decide which code runs with rights. Each has a code and a place. */
export type SupplyFault = { readonly code: string; readonly where: string };

type LockEntry = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly name?: string;
  readonly hasInstallScript?: boolean;
};

/** The only registry that a lock file may name. */
const REGISTRY = "https://registry.npmjs.org/";
/** A single SHA-512, in the registry's form. */
const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

export const findLockFaults = (text: string): SupplyFault[] => {
  const { lockfileVersion, packages = {} } = JSON.parse(text) as { lockfileVersion?: number; packages?: Record<string, LockEntry> };
  const faults = lockfileVersion === 3 ? [] : [{ code: "lock-format", where: String(lockfileVersion) }];
  for (const [where, entry] of Object.entries(packages)) {
    if (where === "") continue;
    const fail = (code: string): void => void faults.push({ code, where });
    if (!/^(?:(?:^|\/)node_modules\/(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*)+$/i.test(where)) fail("lock-path");
    if (entry.link === true) fail("lock-link");
    if (entry.hasInstallScript === true) fail("lock-script");
    if (entry.name !== undefined) fail("lock-alias");
    if (!EXACT_VERSION.test(entry.version ?? "")) fail("lock-version");
    if (!INTEGRITY.test(entry.integrity ?? "")) fail("lock-integrity");
    if (entry.resolved !== undefined && !entry.resolved.startsWith(REGISTRY)) fail("lock-host");
  }
  return faults;
};

type PackageFile = Readonly<Record<string, unknown>> & { readonly scripts?: Readonly<Record<string, string>> };

/** Scripts that npm runs by itself during an installation. */
const INSTALL_SCRIPTS = [
  "preinstall",
  "install",
  "postinstall",
  "prepublish",
  "prepare",
  "preprepare",
  "postprepare",
  "dependencies",
].concat(["prepublishOnly", "publish", "postpublish", "postpack", "version", "preversion", "postversion"]);

/** Fields that add other code to a package, or change its place of publication. */
const FOREIGN_FIELDS = ["bundleDependencies", "bundledDependencies", "workspaces", "gypfile", "packageManager", "devEngines", "imports"];
const PACKAGE_NAME = "@enki-bot/enki";
const BIN = JSON.stringify({ enki: "bin/enki.cjs" });

const listOverrides = (overrides: unknown): string[] =>
  typeof overrides === "object" && overrides !== null
    ? Object.values(overrides).flatMap((each) => listOverrides(each))
    : [String(overrides)];

export const findPackageFaults = (text: string): SupplyFault[] => {
  const { scripts = {}, ...rest } = JSON.parse(text) as PackageFile;
  const dependencies = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((kind) =>
    Object.entries((rest[kind] ?? {}) as Record<string, string>),
  );
  return [
    ...INSTALL_SCRIPTS.filter((name) => scripts[name] !== undefined).map((where) => ({ code: "install-script", where })),
    ...FOREIGN_FIELDS.filter((name) => rest[name] !== undefined).map((where) => ({ code: "foreign-field", where })),
    ...(rest["name"] === PACKAGE_NAME && JSON.stringify(rest["bin"]) === BIN ? [] : [{ code: "other-name", where: "name, bin" }]),
    ...(JSON.stringify(rest["publishConfig"]) === '{"access":"public"}' ? [] : [{ code: "other-registry", where: "publishConfig" }]),
    ...listOverrides(rest["overrides"] ?? {})
      .filter((range) => !EXACT_VERSION.test(range))
      .map((where) => ({ code: "inexact-version", where })),
    ...dependencies.filter(([, range]) => !EXACT_VERSION.test(range)).map(([where]) => ({ code: "inexact-version", where })),
  ];
};

type WorkflowStep = {
  readonly shell?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, unknown>>;
};
type WorkflowJob = {
  readonly permissions?: unknown;
  readonly "timeout-minutes"?: unknown;
  readonly "runs-on"?: unknown;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly secrets?: unknown;
  readonly uses?: string;
  readonly container?: unknown;
  readonly steps?: readonly WorkflowStep[];
};
type WorkflowFile = {
  readonly on?: unknown;
  readonly permissions?: unknown;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly jobs?: Readonly<Record<string, WorkflowJob>>;
};

/** The release pins Enki's own action; `enki init` writes the commit. */
const PINNED = /^(?:actions\/[\w-]+@[0-9a-f]{40}|enki-bot\/enki@v\d+\.\d+\.\d+)$/;
/** Inputs of checkout that add other code or credentials. */
const FOREIGN_CHECKOUT = ["repository", "token", "ssh-key", "submodules", "lfs"];
/** Variables that make programs load code or ask another server. */
const LOADING_VARIABLE = /^(?:NODE_OPTIONS|NODE_PATH|LD_\w+|BASH_ENV|ENV|PATH|npm_config_\w+|GIT_\w+)$/i;
/** Events with rights whose payload comes from strangers. */
const HOSTILE_EVENTS = ["pull_request_target", "issue_comment", "issues", "workflow_run", "discussion", "fork", "watch"].concat([
  "discussion_comment",
  "repository_dispatch",
  "workflow_call",
  "check_run",
  "check_suite",
  "gollum",
  "label",
  "status",
]);
/** The rights of a job that runs only Enki's own action. */
const PERMITTED_TO_ENKI: Readonly<Record<string, readonly string[]>> = {
  actions: ["write"],
  checks: ["read"],
  contents: ["read", "write"],
  issues: ["write"],
  "pull-requests": ["write"],
  statuses: ["write"],
};
const PERMITTED: Readonly<Record<string, readonly string[]>> = { contents: ["read", "write"], "id-token": ["write"] };

export const findWorkflowFaults = (text: string): SupplyFault[] => {
  const { on, permissions, env, jobs = {} } = parse(text) as WorkflowFile;
  const events = typeof on === "string" ? [on] : Array.isArray(on) ? on.map(String) : Object.keys(on ?? {});
  const hostile = Object.values(jobs).every((job) => runsOnlyEnki(job)) ? [] : events.filter((event) => HOSTILE_EVENTS.includes(event));
  const faults: SupplyFault[] = hostile.map((where) => ({ code: "hostile-event", where }));
  if (JSON.stringify(permissions) !== "{}") faults.push({ code: "open-permissions", where: "workflow" });
  if (/secrets\.|github\.token/.test(JSON.stringify(env ?? {}))) faults.push({ code: "wide-secret", where: "workflow" });
  for (const [id, job] of Object.entries(jobs)) faults.push(...findJobFaults(id, job));
  return faults;
};

/** Whether a job checks nothing out, runs no script, and uses only Enki's action. */
const runsOnlyEnki = ({ steps = [] }: WorkflowJob): boolean =>
  steps.length > 0 && steps.every(({ uses, run }) => run === undefined && /^[\w.-]+\/enki@v\d/.test(uses ?? ""));

const findJobFaults = (id: string, job: WorkflowJob): SupplyFault[] => {
  const rights = job.permissions;
  const permitted = runsOnlyEnki(job) ? PERMITTED_TO_ENKI : PERMITTED;
  const isNarrow =
    typeof rights === "object" &&
    rights !== null &&
    Object.entries(rights).every(([name, level]) => permitted[name]?.includes(String(level)) === true);
  const found = [
    ...(isNarrow ? [] : ["open-permissions"]),
    ...(typeof job["timeout-minutes"] === "number" ? [] : ["no-time-limit"]),
    ...(job["runs-on"] === "ubuntu-latest" ? [] : ["other-runner"]),
    ...(job.uses === undefined && job.secrets === undefined && job.container === undefined ? [] : ["foreign-job"]),
    ...(/secrets\.|github\.token/.test(JSON.stringify(job.env ?? {})) ? ["wide-secret"] : []),
  ].map((code) => ({ code, where: id }));
  return [...found, ...(job.steps ?? []).flatMap((step, at) => findStepFaults(`${id}/${at + 1}`, step))];
};

const findStepFaults = (where: string, { uses, run, shell, with: inputs = {}, env = {} }: WorkflowStep): SupplyFault[] =>
  [
    ...(uses === undefined || PINNED.test(uses) ? [] : ["unpinned-action"]),
    ...(uses?.startsWith("actions/checkout@") === true && inputs["persist-credentials"] !== false ? ["kept-credential"] : []),
    ...(uses?.startsWith("actions/checkout@") === true && FOREIGN_CHECKOUT.some((name) => inputs[name] !== undefined)
      ? ["foreign-checkout"]
      : []),
    ...(inputs["registry-url"] === undefined || inputs["registry-url"] === "https://registry.npmjs.org" ? [] : ["other-registry"]),
    ...(Object.keys(env).some((name) => LOADING_VARIABLE.test(name)) ? ["loaded-code"] : []),
    ...(shell === undefined || shell === "bash" ? [] : ["foreign-shell"]),
    ...(uses?.startsWith("actions/cache") === true ? ["shared-cache"] : []),
    ...(run?.includes("${{") === true ? ["injected-expression"] : []),
    ...(run !== undefined &&
    /\b(?:curl|wget)\b[^\n]*\|\s*(?:sudo )?(?:(?:ba|z|da)?sh|node|python3?|perl)\b|(?:<|\$)\((?:curl|wget)\b/.test(run)
      ? ["downloaded-script"]
      : []),
    ...(run !== undefined &&
    /npm (?:i|install|add|x|exec|update|create|init)\b|npx (?!--no)|(?:pnpm|yarn) (?:add|dlx)\b|bunx |pip3? install/.test(run)
      ? ["unlocked-install"]
      : []),
    ...(run !== undefined && /secrets\.|github\.token/.test(JSON.stringify(env)) && !/\bgit\b/.test(run) ? ["wide-secret"] : []),
    ...(["agent", "verify"].includes(String(inputs["command"])) && inputs["token"] !== undefined ? ["token-for-agent"] : []),
  ].map((code) => ({ code, where }));

/** The App's rights and events, each used by the code. */
const APP_RIGHTS: Readonly<Record<string, string>> = {
  actions: "write",
  checks: "read",
  contents: "write",
  issues: "write",
  merge_queues: "write",
  metadata: "read",
  pull_requests: "write",
  statuses: "write",
};

export const findAppFaults = (text: string): SupplyFault[] => {
  const app = parse(text) as {
    default_permissions?: Record<string, string>;
    public?: boolean;
    hook_attributes?: { url?: string };
    request_oauth_on_install?: boolean;
  };
  return [
    ...Object.entries(app.default_permissions ?? {})
      .filter(([name, level]) => APP_RIGHTS[name] !== level)
      .map(([where]) => ({ code: "wide-app", where })),
    ...(app.public === false ? [] : [{ code: "public-app", where: "public" }]),
    ...(app.hook_attributes?.url?.startsWith("http://") === true ? [{ code: "plain-webhook", where: "hook_attributes" }] : []),
    ...(app.request_oauth_on_install === true ? [{ code: "wide-app", where: "request_oauth_on_install" }] : []),
  ];
};

/** Files that would give npm, git or an editor packages, settings or commands from outside of the checked files. */
const DECIDING_FILE =
  /(?:^|\/)(?:npm-shrinkwrap\.json|\.npmrc|\.yarnrc(?:\.ya?ml)?|yarn\.lock|pnpm-lock\.yaml|pnpm-workspace\.yaml|\.pnpmfile\.[cm]?js|bun\.lockb?|bunfig\.toml|\.gitmodules|\.lfsconfig|\.envrc|\.pnp\.[cm]?js)$|(?:^|\/)(?:node_modules|\.husky|\.githooks|\.vscode|\.devcontainer|\.yarn)\//i;

export const findFileFaults = (paths: readonly string[]): SupplyFault[] =>
  paths.filter((path) => DECIDING_FILE.test(path)).map((where) => ({ code: "deciding-file", where }));
