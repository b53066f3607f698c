import { SERVER_ARTIFACT_ACTIONS } from "../../core/setup/set-up-step.ts";

/** GitHub's own actions that the runner implements. */
export type BuiltInName = "checkout" | "upload-artifact" | "download-artifact" | "setup-node";

/** The actions that `uses` may name: those of GitHub, Enki's own action, and an action in the job's workspace. */
export type SupportedAction = BuiltInName | "enki" | "workspace";

const BUILT_IN_NAMES: Readonly<Record<string, BuiltInName>> = {
  "actions/checkout": "checkout",
  "actions/upload-artifact": "upload-artifact",
  "actions/download-artifact": "download-artifact",
  "actions/setup-node": "setup-node",
};

/** The supported inputs of GitHub's actions. Those of Enki's action are in its `action.yml`. */
export const BUILT_IN_INPUTS: Readonly<Record<BuiltInName, readonly string[]>> = {
  checkout: [
    "repository",
    "ref",
    "token",
    "fetch-depth",
    "persist-credentials",
    "path",
    "clean",
    "show-progress",
    "fetch-tags",
    "sparse-checkout",
  ],
  "upload-artifact": ["name", "path", "if-no-files-found", "overwrite", "include-hidden-files", "retention-days", "compression-level"],
  "download-artifact": ["name", "path", "merge-multiple"],
  "setup-node": ["node-version", "node-version-file", "check-latest", "registry-url", "package-manager-cache", "cache"],
};

/** Whether `uses` names an artifact action of version 4 or later. Of commits, only those that Enki writes are known as earlier ones. */
export const isLaterArtifactAction = (text: string): boolean => {
  const [name = "", version = ""] = text.split("@");
  if (!/^actions\/(?:upload|download)-artifact$/.test(name)) return false;
  return !/^v[123](?:\.|$)/.test(version) && !SERVER_ARTIFACT_ACTIONS.some(({ commit }) => commit === version);
};

const isPathInside = (path: string): boolean => !path.split("/").includes("..");

/**
 * Reads the action of a `uses` key; null if it is not supported. As on GitHub a version is required, but any version
 * is accepted.
 */
export const readSupportedAction = (text: string): SupportedAction | null => {
  if (text === "./") return "enki";
  if (text.startsWith("./")) return isPathInside(text) ? "workspace" : null;
  const [name, version, ...rest] = text.split("@");
  if (name === undefined || version === undefined || version === "" || rest.length > 0) return null;
  const builtIn = Object.hasOwn(BUILT_IN_NAMES, name) ? BUILT_IN_NAMES[name] : undefined;
  return builtIn ?? (/^[A-Za-z0-9][A-Za-z0-9-]*\/enki$/.test(name) ? "enki" : null);
};
