// The expected files of the base after the demo's story, the same for comments, the terminal and the pages.
import { readFileSync } from "node:fs";

/** Blobs and paths without the workflow files, which differ between installations. */
export const DEMO_LANDING = readFileSync(new URL("../test/fixtures/demo-landing.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");

export const listLandedFiles = (git) =>
  git("ls-tree", "-r", "--format=%(objectname) %(path)", "main")
    .trimEnd()
    .split("\n")
    .filter((line) => !line.includes(" .github/"));
