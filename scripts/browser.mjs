// Plays a story on the local pages in a real Chromium, and checks them with axe at two widths, light and dark.
// `node scripts/browser.mjs [<directory for screenshots>]`.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./open-browser.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
const WAIT_MS = 120_000;
const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const PLAY = `
title = "two steps and one that fails"
[[scene]]
role = "plan"
[[scene.act]]
tool = "enki_execution_create"
must = true
[scene.act.arguments]
steps = [
  { id = "sort", title = "Sort the list", description = "Sort list.txt.", run = "sort -o list.txt list.txt", checkpoint = true },
  { id = "count", title = "Count the lines", description = "Count.", run = "wc -l < list.txt > count.txt", needs = ["sort"] },
  { id = "broken", title = "Fail", description = "Fail.", run = "exit 1" },
]
`;

const skip = (reason) => {
  console.log(`skipped: the pages in a browser, because ${reason}`);
  process.exit(0);
};
const root = realpathSync(mkdtempSync(join(tmpdir(), "enki-browser-")));
const shots = process.argv[2] ?? join(root, "shots");
mkdirSync(shots, { recursive: true });
const opened = await openBrowser(join(root, "tools"));
if (opened.missing !== null) skip(opened.missing);
const { axe, launch } = opened;

const own = join(root, "own");
const git = (...args) =>
  execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], { cwd: own, encoding: "utf8" });
mkdirSync(own);
git("init", "-q", "-b", "main");
writeFileSync(join(own, "list.txt"), "b\na\n");
git("add", ".");
git("commit", "-q", "-m", "Begin");
mkdirSync(join(root, "play"));
writeFileSync(join(root, "play", "play.toml"), PLAY);
const agent = `'${process.execPath}' '${CLI}' rehearse '${join(root, "play", "play.toml")}'`;
const local = spawn(process.execPath, [CLI, "local", "--agent", agent, "--verify", 'test "$(head -n 1 list.txt)" = a'], {
  cwd: own,
  stdio: ["ignore", "pipe", "inherit"],
});
let printed = "";
await new Promise((resolve, reject) => {
  local.once("exit", () => reject(new Error(`enki local ended:\n${printed}`)));
  local.stdout.on("data", (chunk) => {
    printed += chunk;
    if (printed.includes("Ctrl+C ends it")) resolve();
  });
});

const faults = [];
const browser = await launch();
try {
  const context = await browser.newContext({ bypassCSP: true, viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`page: ${error.message}`));
  const check = async (name) => {
    for (const colorScheme of ["dark", "light"])
      for (const width of [390, 1280]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        const where = `${name}, ${colorScheme}, ${width} px`;
        await page.evaluate(axe);
        const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: values }), RULES);
        for (const { id, nodes } of violations) faults.push(`${where}: ${id}: ${nodes[0]?.html}`);
        if (await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth))
          faults.push(`${where}: overflows`);
        await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
      }
  };
  await page.goto(/http:\S+\/session\/\S+/.exec(printed)[0]);
  await check("overview");
  await page.fill("#issue-title", "The list is not sorted");
  await page.click("text=Open and ask Enki to fix it");
  await page.waitForSelector("text=Approve the plan");
  await check("issue");
  await page.click("#execution a");
  await page.click("button:has-text('Approve the plan')");
  await page.fill("#comment-text", "half a sentence");
  await page.click("button:has-text('Retry broken')");
  await page.fill("#comment-text", "half a sentence");
  await page.focus("#comment-text");
  await page.waitForSelector("a:has-text('Review #')");
  const typed = await page.evaluate(() => [document.activeElement.id, document.activeElement.value]);
  if (typed.join() !== "comment-text,half a sentence") faults.push(`an update lost what was typed: ${typed.join()}`);
  await check("waiting");
  const execution = page.url();
  await page.click("a:has-text('Review #')");
  await check("pull");
  await page.fill("#review-text", "Well sorted.");
  await page.click("button:has-text('Approve')");
  await page.goto(execution);
  await page.waitForSelector("#step-count .badge.is-done");
  await page.waitForSelector("#waiting button:has-text('Retry broken')");
  await page.click("#step-broken summary");
  await page.waitForSelector("#step-broken :text('Attempt 2')");
  await check("execution");
  await page.click(".tabs a:has-text('Executions')");
  await check("executions");
} finally {
  await browser.close();
  local.removeAllListeners("exit");
  local.kill("SIGINT");
  await new Promise((resolve) => local.once("exit", resolve));
}
const [, bare] = /git pull (\S+) main/.exec(printed);
const landed = git("--git-dir", bare, "log", "--first-parent", "--reverse", "--format=%s", "main").trim().split("\n");
if (landed.join() !== "Begin,Sort the list,Count the lines") faults.push(`other work landed: ${landed.join()}`);
if (process.argv[2] === undefined) rmSync(root, { recursive: true, force: true });
for (const fault of faults) console.log(fault);
console.log(faults.length === 0 ? "the pages pass in a browser" : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
