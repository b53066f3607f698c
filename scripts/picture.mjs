// Plays the demo and writes the README's picture `docs/picture.png`, the page of the execution in a real Chromium: `npm run picture`.
import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./open-browser.mjs";

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const TARGET = process.argv[2] ?? fileURLToPath(new URL("../docs/picture.png", import.meta.url));
const SIZE = { width: 1000, height: 790 };

const root = realpathSync(mkdtempSync(join(tmpdir(), "enki-picture-")));
try {
  const opened = await openBrowser(join(root, "tools"));
  if (opened.missing !== null) throw new Error(opened.missing);
  const demo = spawn(process.execPath, [CLI, "demo"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => demo.once("exit", resolve));
  const address = await new Promise((resolve, reject) => {
    let printed = "";
    demo.once("exit", () => reject(new Error(`the demo ended:\n${printed}`)));
    demo.stdout.on("data", (chunk) => {
      printed += chunk;
      const [, found] = /Its page stays open: (http\S+)/.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  const browser = await opened.launch();
  const page = await browser.newPage({ viewport: SIZE, colorScheme: "light" });
  await page.goto(`${address}/issues/1`);
  await page.click("#execution a");
  await page.waitForLoadState("load");
  await page.screenshot({ path: TARGET });
  await browser.close();
  demo.kill("SIGINT");
  await ended;
  console.log(`written: ${TARGET}`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
