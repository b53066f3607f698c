#!/usr/bin/env node
// Rewrites package.json for a release: `dist/` contains all code, so a release needs no dependencies and no build.
import { readFileSync, writeFileSync } from "node:fs";

const NEEDED_TO_BUILD = new Set(["scripts", "devDependencies", "overrides"]);
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const released = Object.fromEntries(Object.entries(manifest).filter(([key]) => !NEEDED_TO_BUILD.has(key)));
writeFileSync("package.json", `${JSON.stringify(released, null, 2)}\n`);
