import { readFileSync } from "node:fs";
import { readManifest } from "../../src/forge/manifest.ts";

/** What the App asks of GitHub: the stage's GitHub gives no more. */
export const MANIFEST = readManifest(readFileSync(new URL("../../app.yml", import.meta.url), "utf8"));
