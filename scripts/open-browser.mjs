// Provides a real Chromium and Playwright. Playwright is not a dependency, so it is installed into a directory that the caller removes.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PACKAGES = ["playwright-core@1.55.0", "axe-core@4.10.3"];
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/** Returns the browser and the source of axe, or the reason why there is no browser. */
export const openBrowser = async (directory) => {
  const executablePath = [process.env.CHROME_PATH ?? "", ...BROWSERS]
    .map((name) => (name === "" ? "" : spawnSync("sh", ["-c", `command -v "${name}"`], { encoding: "utf8" }).stdout.trim()))
    .find((path) => path !== "");
  if (executablePath === undefined) return { missing: "there is no Chromium; set CHROME_PATH" };
  mkdirSync(directory, { recursive: true });
  const installed = spawnSync("npm", ["install", "--prefix", directory, "--no-audit", "--no-fund", "--ignore-scripts", ...PACKAGES]);
  if (installed.status !== 0) return { missing: "npm cannot install Playwright" };
  const { chromium } = await import(pathToFileURL(join(directory, "node_modules", "playwright-core", "index.mjs")).href);
  const axe = readFileSync(join(directory, "node_modules", "axe-core", "axe.min.js"), "utf8");
  return { missing: null, axe, launch: () => chromium.launch({ executablePath, args: ["--no-sandbox"] }) };
};
