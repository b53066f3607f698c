import type { DetectedTool } from "./detected-tool.ts";
import { findFirstFile, hasFile, type RepositoryFacts } from "./repository-facts.ts";
import { PINNED_ACTIONS, type SetUpStep } from "./set-up-step.ts";
import { readJsonRecord, readTextField } from "./read-manifest.ts";

const NODE_MANAGERS = ["npm", "pnpm", "yarn", "bun"] as const;
type NodeManager = (typeof NODE_MANAGERS)[number];

const LOCK_FILES: readonly (readonly [string, NodeManager])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
];

const DEFAULT_NODE_VERSION = "24";

/** A Node project by its `package.json`. */
export const detectNode = (facts: RepositoryFacts): DetectedTool | null => {
  const manifest = readJsonRecord(facts.read("package.json"));
  if (!manifest) return null;
  const declared = readTextField(manifest, "packageManager") ?? "";
  const lock = LOCK_FILES.find(([path]) => hasFile(facts, path));
  const named = /^(npm|pnpm|yarn|bun)@/.exec(declared)?.[1] as NodeManager | undefined;
  const manager = named ?? lock?.[1] ?? "npm";
  const script = findVerifyScript(manifest);
  const formatVerify = (name: NodeManager, isLocked: boolean, isModern: boolean): string[] => [
    INSTALL_COMMANDS[name](isLocked, isModern),
    ...(script === null ? [] : [formatScript(name, script)]),
  ];
  return {
    language: "Node.js",
    manager,
    steps: setUpNode(facts, manifest, manager),
    verify: formatVerify(manager, lock !== undefined, isModernYarn(facts, declared)),
    otherVerify: NODE_MANAGERS.flatMap((name) => [
      formatVerify(name, false, false),
      formatVerify(name, true, false),
      formatVerify(name, true, true),
    ]),
    hasTests: script !== null,
  };
};

const INSTALL_COMMANDS: Readonly<Record<NodeManager, (locked: boolean, modern: boolean) => string>> = {
  npm: (locked) => (locked ? "npm ci" : "npm install"),
  pnpm: (locked) => (locked ? "pnpm install --frozen-lockfile" : "pnpm install"),
  yarn: (locked, modern) => (locked ? `yarn install ${modern ? "--immutable" : "--frozen-lockfile"}` : "yarn install"),
  bun: (locked) => (locked ? "bun install --frozen-lockfile" : "bun install"),
};

const isModernYarn = (facts: RepositoryFacts, declared: string): boolean =>
  hasFile(facts, ".yarnrc.yml") || /^yarn@([2-9]|\d{2})/.test(declared);

/** `npm init` writes a test script that fails. */
const isPlaceholder = (script: string): boolean => /no test specified/.test(script);

const findVerifyScript = (manifest: Readonly<Record<string, unknown>>): string | null => {
  const { scripts } = manifest;
  if (typeof scripts !== "object" || scripts === null) return null;
  const test = readTextField(scripts as Record<string, unknown>, "test");
  return test === null || isPlaceholder(test) ? null : "test";
};

const formatScript = (manager: NodeManager, script: string): string => (manager === "bun" ? `bun run ${script}` : `${manager} ${script}`);

const setUpNode = (facts: RepositoryFacts, manifest: Readonly<Record<string, unknown>>, manager: NodeManager): SetUpStep[] => {
  const { engines } = manifest;
  const wanted = typeof engines === "object" && engines !== null && "node" in engines ? "package.json" : null;
  const file = findFirstFile(facts, [".nvmrc", ".node-version"]) ?? wanted;
  const node: SetUpStep = {
    name: "Set up Node.js",
    uses: PINNED_ACTIONS.node,
    inputs: { ...(file === null && { "node-version": DEFAULT_NODE_VERSION }), "package-manager-cache": "false" },
    ...(file !== null && { fileInputs: { "node-version-file": file } }),
  };
  if (manager === "bun") return [node, { name: "Set up Bun", uses: PINNED_ACTIONS.bun, inputs: { "no-cache": "true" } }];
  // The runner's image has npm and Yarn 1; Corepack brings the version that package.json names.
  if (manager === "pnpm" || (manager === "yarn" && isModernYarn(facts, readTextField(manifest, "packageManager") ?? "")))
    return [node, { name: `Set up ${manager}`, run: ["npm install --global corepack@0.34.0", "corepack enable"] }];
  return [node];
};
