import { readFileSync } from "node:fs";
import { readAppManifest } from "../../src/local-github/api/app-manifest.ts";

/** The App's requested permissions and events; the stage's GitHub grants no more. */
export const MANIFEST = readAppManifest(readFileSync(new URL("../../app.yml", import.meta.url), "utf8"));
