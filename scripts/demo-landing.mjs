// The files of the base after the demo's story, however a person played it: with comments, in the terminal or on the pages.
import { readFileSync } from "node:fs";

/** Blobs and paths, except for the workflow files, which each installation writes itself. */
export const DEMO_LANDING = readFileSync(new URL("../test/fixtures/demo-landing.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");

export const listLandedFiles = (git) =>
  git("ls-tree", "-r", "--format=%(objectname) %(path)", "main")
    .trimEnd()
    .split("\n")
    .filter((line) => !line.includes(" .github/"));
