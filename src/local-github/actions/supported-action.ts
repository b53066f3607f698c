/** What a `uses` may name here: four of GitHub's own actions, done by the runner itself, and this installation's action. */
export type SupportedAction = "checkout" | "upload-artifact" | "download-artifact" | "setup-node" | "enki";

const BUILT_IN_NAMES: Readonly<Record<string, SupportedAction>> = {
  "actions/checkout": "checkout",
  "actions/upload-artifact": "upload-artifact",
  "actions/download-artifact": "download-artifact",
  "actions/setup-node": "setup-node",
};

/** The inputs of GitHub's actions that are done here. Enki's own are read from its `action.yml`. */
export const BUILT_IN_INPUTS: Readonly<Record<Exclude<SupportedAction, "enki">, readonly string[]>> = {
  checkout: ["repository", "ref", "token", "fetch-depth", "persist-credentials", "path", "clean", "show-progress", "fetch-tags"],
  "upload-artifact": ["name", "path", "if-no-files-found", "overwrite", "include-hidden-files", "retention-days", "compression-level"],
  "download-artifact": ["name", "path", "merge-multiple"],
  "setup-node": ["node-version", "node-version-file", "check-latest", "registry-url", "package-manager-cache", "cache"],
};

/** What `uses` stands for; null for anything that is not done here. A version is needed, as on GitHub, but which one is not asked. */
export const readSupportedAction = (text: string): SupportedAction | null => {
  if (text === "./") return "enki";
  const [name, version, ...rest] = text.split("@");
  if (name === undefined || version === undefined || version === "" || rest.length > 0) return null;
  const builtIn = Object.hasOwn(BUILT_IN_NAMES, name) ? BUILT_IN_NAMES[name] : undefined;
  return builtIn ?? (/^[A-Za-z0-9][A-Za-z0-9-]*\/enki$/.test(name) ? "enki" : null);
};
