import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ACTION_REFERENCE } from "../../src/core/domain/product.ts";

/** The start of the line with which the upload's stand-in reports an artifact. */
export const ARTIFACT_MARK = "enki-act-artifact ";

/** A part of a stand-in with GitHub's client of the artifact service. The client refuses hosts with the form of an Enterprise Server. */
const CLIENT_START = (client: string): string => `
process.env.GITHUB_SERVER_URL = "http://github.localhost";
const { DefaultArtifactClient } = require(${JSON.stringify(client)});
const { appendFileSync, existsSync, readdirSync, statSync } = require("node:fs");
const { join } = require("node:path");
const input = (name) => (process.env["INPUT_" + name.toUpperCase()] ?? "").trim();
const fail = (error) => { console.log("::error::" + (error.message ?? error)); process.exitCode = 1; };
const client = new DefaultArtifactClient();
`;

const UPLOAD = `
const isHidden = (path) => path.split("/").some((part) => part.startsWith("."));
const upload = async () => {
  const root = input("path");
  const all = existsSync(root) ? readdirSync(root, { recursive: true }) : [];
  const files = all.filter((path) => (input("include-hidden-files") === "true" || !isHidden(path)) && statSync(join(root, path)).isFile());
  if (files.length === 0) {
    if (input("if-no-files-found") === "error") throw new Error("No files were found with the provided path: " + root);
    return;
  }
  const { id, size, digest } = await client.uploadArtifact(input("name"), files.map((path) => join(root, path)), root);
  console.log("${ARTIFACT_MARK}" + JSON.stringify({ name: input("name"), size, digest }));
  appendFileSync(process.env.GITHUB_OUTPUT, "artifact-id=" + id + "\\n");
};
upload().catch(fail);
`;

const DOWNLOAD = `
const download = async () => {
  const { artifact } = await client.getArtifact(input("name"));
  await client.downloadArtifact(artifact.id, { path: input("path") });
};
download().catch(fail);
`;

const toManifest = (inputs: readonly string[]): string =>
  JSON.stringify({
    name: "stand-in",
    description: "Stands for the action of the same name",
    inputs: Object.fromEntries(inputs.map((name) => [name, { description: name, required: false }])),
    runs: { using: "node24", main: "index.js" },
  });

type StandIn = { readonly uses: string; readonly inputs: readonly string[]; readonly script: string };

/** Finds the pinned reference of an artifact action in a shipped file. */
const findReference = (text: string, action: string): string => {
  const found = new RegExp(`uses: (${action}@[0-9a-f]{40})`).exec(text)?.[1];
  if (found === undefined) throw new Error(`no shipped file uses ${action}`);
  return found;
};

const writeStandIn = (directory: string, { uses, inputs, script }: StandIn): string => {
  const place = join(directory, uses.replaceAll(/[/@]/g, "-"));
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "action.yml"), toManifest(inputs));
  writeFileSync(join(place, "index.js"), script);
  return place;
};

/**
 * Writes directories for the actions of the shipped files, by `owner/repository@ref`: Enki's own built action, and stand-ins for GitHub's
 * actions. `shipped` is the text of enki-step.yml.
 */
export const writeActions = (
  directory: string,
  { enki, client, shipped }: { readonly enki: string; readonly client: string; readonly shipped: string },
): ReadonlyMap<string, string> => {
  const start = CLIENT_START(client);
  const standIns: readonly StandIn[] = [
    {
      uses: findReference(shipped, "actions/upload-artifact"),
      inputs: ["name", "path", "if-no-files-found", "include-hidden-files", "retention-days"],
      script: start + UPLOAD,
    },
    { uses: findReference(shipped, "actions/download-artifact"), inputs: ["name", "path"], script: start + DOWNLOAD },
  ];
  const places = new Map([[ACTION_REFERENCE, enki]]);
  for (const standIn of standIns) places.set(standIn.uses, writeStandIn(directory, standIn));
  return places;
};

/** Writes an empty action for every action of a file. */
export const writeEmptyActions = (directory: string, text: string): ReadonlyMap<string, string> => {
  const places = new Map<string, string>();
  for (const [, uses = ""] of text.matchAll(/uses: ([\w./-]+@[\w.-]+)/g))
    places.set(uses, writeStandIn(directory, { uses, inputs: [], script: "" }));
  return places;
};
