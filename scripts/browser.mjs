// Plays the demo on the local pages in a real Chromium, without a terminal, and checks the pages with axe at two widths, light and dark.
// Then opens this ledger, and a ledger with a thousand steps, with `enki page` and, after a login, with `enki app`. `node scripts/browser.mjs [--timed] [<directory for screenshots>]`.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEMO_LANDING, listLandedFiles } from "./demo-landing.mjs";
import { playByKeyboard } from "./browser-keyboard.mjs";
import { createDemoRepository } from "./demo-repository.mjs";
import { addLargeExecution } from "./large-ledger.mjs";
import { openBrowser } from "./open-browser.mjs";
import { startAppForge } from "./start-app-forge.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
const WAIT_MS = 120_000;
const MANY_STEPS = 1_000;
/** Limits of the size that a step adds to a page. */
const MAX_ELEMENTS_PER_STEP = 40;
const MAX_BYTES_PER_STEP = 3_000;
/** Checked only with `--timed`, because the machine may be busy. */
const MAX_LOAD_MS = 1_000;
/** On a slow machine, the limit is this multiple of the load time of a plain page with a similar number of nodes. */
const MAX_LOAD_RATIO = 1.5;
const PLAIN_PAGE = "<p>step <b>of</b> a <a href=x>plan</a></p>".repeat(10_000);
const LANDED = [
  "Allow uploads of up to 10 MB",
  "An upload service",
  "Document the upload limit",
  "Test an upload of 5 MB with the shipped limit",
];
const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

/** Load time of the current page in milliseconds: the best of five, because the machine may be busy. */
const measureLoad = async (page) => {
  const loads = [];
  for (let at = 0; at < 5; at += 1) {
    await page.reload();
    loads.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].duration));
  }
  return Math.min(...loads);
};

const skip = (reason) => {
  console.log(`skipped: the pages in a browser, because ${reason}`);
  process.exit(0);
};
const root = realpathSync(mkdtempSync(join(tmpdir(), "enki-browser-")));
const given = process.argv.slice(2);
const isTimed = given.includes("--timed");
const shots = given.find((argument) => argument !== "--timed") ?? join(root, "shots");
mkdirSync(shots, { recursive: true });
const opened = await openBrowser(join(root, "tools"));
if (opened.missing !== null) skip(opened.missing);
const { axe, launch } = opened;
const { own, agent } = createDemoRepository(root);

/** Starts Enki and waits until it prints that it is ready. */
const startEnki = async (args, { ready = "Ctrl+C ends it", env = {} } = {}) => {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: own,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  let printed = "";
  await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`enki ${args[0]} ended:\n${printed}`)));
    child.stdout.on("data", (chunk) => {
      printed += chunk;
      if (printed.includes(ready)) resolve();
    });
  });
  const end = async () => {
    child.removeAllListeners("exit");
    child.kill("SIGINT");
    await new Promise((resolve) => child.once("exit", resolve));
  };
  return { printed, end };
};

const faults = [];
const local = await startEnki(["local", "--agent", agent]);
const browser = await launch();
const [, bare] = /git pull (\S+) main/.exec(local.printed);
const git = (...args) => execFileSync("git", ["--git-dir", bare, ...args], { encoding: "utf8" }).trim();
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

/** Plays the whole story on the pages. */
const playStory = async () => {
  await page.goto(/http:\S+\/session\/\S+/.exec(local.printed)[0]);
  await check("overview");
  await page.fill("#issue-title", "Users can't upload files larger than 1MB");
  await page.click("text=Open and ask Enki to fix it");
  await page.waitForSelector("text=Approve the plan");
  await check("issue");
  await page.click("#execution a");
  await page.click("button:has-text('Approve the plan')");
  await page.fill("#comment-text", "half a sentence");
  await page.focus("#comment-text");
  await page.waitForSelector("a:has-text('Review #')");
  const typed = await page.evaluate(() => [document.activeElement.id, document.activeElement.value]);
  if (typed.join() !== "comment-text,half a sentence") faults.push(`an update lost what was typed: ${typed.join()}`);
  await check("waiting");
  const execution = page.url();
  await page.click(".tabs a:has-text('Queue')");
  await page.waitForSelector("#queue-main :text('held')");
  await check("queue");
  await page.goto(execution);
  await page.click("a:has-text('Review #')");
  await page.click("details:has(summary:has-text('nginx.conf')) tr:has-text('10m') .at >> nth=1");
  await page.keyboard.type("Say what this must agree with.");
  if ((await page.inputValue("#review-path")) !== "nginx.conf") faults.push("a click on a line number does not fill the form");
  await check("pull");
  await page.click("button:has-text('Request changes')");
  await page.waitForSelector("text=Say what this must agree with.");
  await page.goto(execution);
  await page.waitForSelector("#step-fix_upload_limit :text('Attempt 2')", { state: "attached" });
  await page.click("a:has-text('Review #')");
  await check("answered");
  await page.fill("#review-text", "Now it is clear.");
  await page.click("button:has-text('Approve')");
  await page.waitForSelector("text=Now it is clear.");
  await page.goto(execution);
  await page.click("#waiting button:has-text('Retry document_limit')");
  await page.waitForSelector("#head .badge.is-done");
  await page.click("#step-document_limit summary");
  await page.waitForSelector("#step-document_limit :text('Attempt 2')");
  await check("execution");
  await page.click("#step-document_limit li:has-text('Attempt 2') a:has-text('transcript')");
  await page.click("summary:has-text('agent')");
  await page.waitForSelector("text=docs/operations.md");
  await page.waitForSelector("section :text('Finished: it changed 1 file.')");
  await check("run");
  await page.click(".tabs a:has-text('Executions')");
  await check("executions");
};

/** Checks the size of the page of many steps and, with `--timed`, its load time. */
const checkLoad = async () => {
  const bytes = await page.evaluate(() => performance.getEntriesByType("navigation")[0].decodedBodySize);
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  const size = `a page of ${MANY_STEPS} steps has ${elements} elements and ${Math.round(bytes / 1_000)} kB`;
  if (elements > MANY_STEPS * MAX_ELEMENTS_PER_STEP || bytes > MANY_STEPS * MAX_BYTES_PER_STEP) faults.push(size);
  const load = await measureLoad(page);
  const address = page.url();
  await page.goto(`data:text/html,${PLAIN_PAGE}`);
  const plain = await measureLoad(page);
  await page.goto(address);
  const times = `loads in ${Math.round(load)} ms; a plain page of as many nodes in ${Math.round(plain)} ms`;
  console.log(`${size}; it ${times}`);
  if (isTimed && load > Math.max(MAX_LOAD_MS, MAX_LOAD_RATIO * plain)) faults.push(`a page of ${MANY_STEPS} steps ${times}`);
};

/** Checks the pages of the same ledger, and of one with many steps, without the local GitHub. */
const readLedger = async () => {
  // A copy, because Enki restores its own ledger as soon as somebody else changes it.
  const copy = join(root, "copy.git");
  cpSync(bare, copy, { recursive: true });
  const many = addLargeExecution(copy, MANY_STEPS);
  const served = await startEnki(["page", "--repo", copy]);
  try {
    await page.goto(/http:\S+\/open\/\S+/.exec(served.printed)[0]);
    await check("page-executions");
    await page.click('a:has-text("can\'t upload")');
    await page.waitForSelector("#timeline");
    await check("page-execution");
    await page.goto(new URL(`./${many}`, page.url()).href);
    await checkLoad();
    await page.click("#graph a >> nth=500");
    if (!page.url().includes("#step-")) faults.push("a node of the graph leads nowhere");
  } finally {
    // The page would report its lost connection as an error.
    await page.goto("about:blank");
    await served.end();
  }
  return { copy, many };
};

/** Chromium also lists the page itself. */
const isMissingPage = (fault) => /^console: Failed to load resource: .* 404/.test(fault);

/** Checks the same ledger on the pages of an App, which the script registers and logs in to. */
const readAppPages = async ({ copy, many }) => {
  const forge = await startAppForge(root, { bare: copy, owner: "ada", name: "private" });
  const place = ["--directory", join(root, "app-clones"), "--credentials", join(root, "app.json"), "--host", "127.0.0.1", "--port", "0"];
  const app = await startEnki(["app", ...place], {
    ready: "Register one at",
    env: { GITHUB_API_URL: forge.apiUrl, GITHUB_SERVER_URL: forge.url },
  });
  try {
    const register = /Register one at (\S+)/.exec(app.printed)[1];
    const { origin } = new URL(register);
    await page.goto(forge.address);
    await page.goto(register);
    await page.fill("#address", origin);
    await page.click("button");
    await page.click("button");
    await page.click("button:has-text('Create GitHub App')");
    await page.waitForURL(/installations\/new/);
    while ((await page.request.get(`${origin}/ready`)).status() !== 200) await page.waitForTimeout(200);
    const address = `${origin}/ada/private/executions`;
    await page.goto(address);
    await check("app-login");
    await page.click("a:has-text('Log in with GitHub')");
    await page.waitForURL(address);
    // The App clones the repository first.
    while ((await page.request.get(address)).status() !== 200) await page.waitForTimeout(200);
    faults.splice(0, Infinity, ...faults.filter((fault) => !isMissingPage(fault)));
    await page.reload();
    await check("app-executions");
    await page.click('a:has-text("can\'t upload")');
    await page.waitForSelector("#timeline tbody");
    await check("app-execution");
    await page.goto(new URL(`./${many}`, page.url()).href);
    await checkLoad();
    await page.goto(`${origin}/`);
    await check("app-home");
    await page.goto(`${origin}/ada/nothing`);
    await check("app-missing");
    faults.splice(0, Infinity, ...faults.filter((fault) => !isMissingPage(fault)));
    await page.click("button:has-text('Log out')");
    await page.waitForSelector("h1:has-text('You are logged out')");
    await check("app-logged-out");
  } finally {
    await page.goto("about:blank");
    await app.end();
    forge.end();
  }
};

try {
  await playByKeyboard(page, { start: /http:\S+\/session\/\S+/.exec(local.printed)[0], check, faults });
  await playStory();
  await readAppPages(await readLedger());
} catch (error) {
  await page.screenshot({ path: join(shots, "failure.png"), fullPage: true });
  throw error;
} finally {
  await browser.close();
  await local.end();
}
const landed = git("log", "--first-parent", "--format=%s", "main").split("\n").toSorted();
if (landed.join() !== LANDED.join()) faults.push(`other work landed: ${landed.join()}`);
const files = listLandedFiles(git);
if (files.join() !== DEMO_LANDING.join()) faults.push(`the files differ from those of the other stories: ${files.join()}`);
rmSync(root, { recursive: true, force: true });
for (const fault of faults) console.log(fault);
console.log(faults.length === 0 ? "the pages pass in a browser" : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
