import { readFileSync } from "node:fs";
import { readAppManifest } from "../../src/local-github/api/app-manifest.ts";

/** What the App asks of GitHub: the stage's GitHub gives no more. */
export const MANIFEST = readAppManifest(readFileSync(new URL("../../app.yml", import.meta.url), "utf8"));
