import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openPersonClient } from "../../src/cli/person-client.ts";
import { AGENT_PROGRAMS } from "../../src/core/domain/agent-program.ts";
import { PRODUCT } from "../../src/core/domain/product.ts";
import { readLandingTrailers } from "../../src/core/messages/commit-messages.ts";
import { createLocalRunner } from "../../src/local-github/actions/local-runner.ts";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { findGh, ghEnvironment } from "../../scripts/find-gh.mjs";
import { hasScript } from "../cli/run-stage.ts";
import { after } from "../support/after.ts";
import { type Called, type CallOptions, openOutside } from "../support/outside.ts";
import { ADDRESS, confirmed, openBrowser, visit } from "../support/register-app.ts";

const MAX_COMMANDS = 6;
const MAX_MACHINE_MS = 5 * 60_000;
const REPOSITORY = { owner: "demo", name: "own" };
const SLUG = "demo/own";
const FILES: Readonly<Record<string, string>> = {
  "list.txt": "b\na\n",
  "package.json": '{ "name": "own", "private": true, "scripts": { "test": "node test.js" } }\n',
  "test.js":
    'if (!require("fs").readFileSync("list.txt", "utf8").startsWith("a")) { console.error("the list is not sorted"); process.exit(1); }\n',
  ".github/workflows/ci.yml":
    "name: ci\non: { push: { branches: [main] } }\npermissions: { contents: read }\njobs:\n  test: { runs-on: ubuntu-latest, steps: [{ uses: actions/checkout@v6 }, { run: npm test }] }\n",
};

const readBlocks = (document: string, fence: string): string[] =>
  [
    ...readFileSync(new URL(`../../${document}`, import.meta.url), "utf8").matchAll(new RegExp(`^\`\`\`${fence}\\n([^]*?)^\`\`\`$`, "gm")),
  ].map(([, text = ""]) => text);
const listLines = (document: string): string[] =>
  readBlocks(document, "sh").flatMap((block) => block.split("\n").filter((line) => line !== ""));

/** Lines of the documents without a test here, with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = { "enki demo --once": "runs in test/package-install.test.ts" };

let outside: Awaited<ReturnType<typeof openOutside>>;
let gh: { readonly command: string | null; readonly reason?: string };
const executed = new Set<string>();
const skipped = new Map<string, string>(Object.entries(ELSEWHERE));
beforeAll(async () => {
  const { package: name, version, programs } = AGENT_PROGRAMS.claude.headless;
  const file = new URL("../fixtures/stand-in-claude.mjs", import.meta.url).pathname;
  outside = await openOutside({ package: name, version, program: programs[0], file });
  gh = findGh(mkdtempSync(join(outside.root, "tools-")));
}, 300_000);
afterAll(async () => {
  await outside.close();
  for (const [line, reason] of skipped) process.stdout.write(`not executed here: ${line} (${reason})\n`);
});

const takeFreePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/**
 * Opens a GitHub with a repository whose test fails and where Actions may not create pull requests, and a person with a clone in an empty
 * directory.
 */
const openStage = async (name: string) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-install-"));
  const runner = createLocalRunner({
    directory: join(directory, "jobs"),
    actionRoot: outside.installed,
    node: outside.node,
    env: { PATH: outside.path },
    clock: Date.now,
    timers: { sleep: (delay, signal) => new Promise((resolve) => signal.addEventListener("abort", after(delay, resolve))) },
    namespaces: false,
  });
  const lag = { runsMs: 50, mergedMs: 50 };
  const forge = await startForge({
    directory: join(directory, "repositories"),
    port: 0,
    now: Date.now,
    random: Math.random,
    after,
    runner,
    lag,
  });
  onTestFinished(async () => {
    await runner.close();
    await forge.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  });
  await forge.createRepository(REPOSITORY);
  const token = forge.createUser(REPOSITORY.owner);
  forge.setActionsPulls(REPOSITORY, false);
  // Only gh needs the local GitHub as its proxy.
  const { HTTP_PROXY: _, ...env } = ghEnvironment({ url: forge.url, token, directory: outside.root });
  const identity = {
    GIT_AUTHOR_NAME: "Ada",
    GIT_AUTHOR_EMAIL: "ada@example.org",
    GIT_COMMITTER_NAME: "Ada",
    GIT_COMMITTER_EMAIL: "ada@example.org",
  };
  const person = { ...env, ...identity, ANTHROPIC_API_KEY: "for-this-test-only", npm_config_offline: "false" };
  const remote = `${forge.url.replace("//", `//x-access-token:${token}@`)}/${SLUG}.git`;
  const clone = join(outside.root, name);
  const client = openPersonClient({ apiUrl: forge.apiUrl, token, ...REPOSITORY });
  return { directory, forge, token, person, remote, clone, client, lines: { commands: 0, ms: 0 } };
};
type Stage = Awaited<ReturnType<typeof openStage>>;

/** Runs a line of a document word for word; only its placeholders have values. */
const runLine = async (
  { forge, person, clone, lines }: Stage,
  line: string,
  options: CallOptions & { readonly counts?: false; readonly values?: Readonly<Record<string, string>> } = {},
): Promise<Called | null> => {
  const needsGh = /\bgh (?!auth)/.test(line);
  if (needsGh && gh.command === null) {
    skipped.set(line, gh.reason ?? "");
    return null;
  }
  const text = Object.entries({ "<owner>/<name>": SLUG, ...options.values }).reduce(
    (all, [name, value]) => all.replaceAll(name, value),
    line,
  );
  const began = performance.now();
  const env = { ...person, ...options.env };
  // Without gh, the line contains its token.
  const ready =
    gh.command === null
      ? text.replace("$(gh auth token)", person.GH_TOKEN)
      : `gh() { HTTP_PROXY='${forge.url}' '${gh.command}' "$@"; }; ${text}`;
  const called = await outside.run(options.answer ? text : ready, { cwd: clone, ...options, env });
  executed.add(line);
  lines.ms += performance.now() - began;
  if (options.counts !== false) lines.commands += 1;
  return called;
};

const succeed = (called: Called | null): void => {
  if (called && called.code !== 0) throw new Error(`it ended with ${called.code}:\n${called.out}`);
};

const until = async <T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> => {
  const end = Date.now() + 90_000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise<void>((resolve) => void after(100, resolve));
  }
};

const makeClone = async ({ clone, remote, person }: Stage, files: Readonly<Record<string, string>> = {}): Promise<void> => {
  const run = (line: string): Promise<void> => outside.run(line, { cwd: clone, env: person }).then(succeed);
  await outside.run(`git init --quiet --initial-branch main '${clone}'`, { env: person }).then(succeed);
  for (const [path, text] of Object.entries({ ...FILES, ...files })) {
    await run(`mkdir -p "$(dirname '${path}')"`);
    writeFileSync(join(clone, path), text);
  }
  await run(
    `git remote add origin '${remote}' && git add . && git commit --quiet --message Begin && git push --quiet --set-upstream origin main`,
  );
};

/** Presses Enter at each question, and consents to each file. */
const answer = (question: string): string => (question.endsWith("[y/N] ") ? "y" : "");
const [INSTALL = "", VERSION = ""] = listLines("docs/install.md");
const [INIT = "", PUSH = "", FIX = "", SECRET = "", ASK = ""] = (readBlocks("docs/install.md", "sh")[1] ?? "").trim().split("\n");

/** Waits for the plan, approves, and waits for the landing; returns the landed steps. */
const land = async ({ client, clone, person, lines }: Stage): Promise<string[]> => {
  const began = performance.now();
  const plan = await until("a plan", async () => {
    const said = (await client.comments(1).catch(() => [])).map(({ body }) => body).join("\n");
    if (/Stopped|job failed/.test(said)) throw new Error(said);
    return /^\/enki approve \S+$/m.exec(said)?.[0];
  });
  await client.comment(1, plan);
  const log = async (): Promise<string[]> => {
    const { out } = await outside.run("git fetch --quiet && git log --first-parent -z --format=%B origin/main", {
      cwd: clone,
      env: person,
    });
    return out.split("\0").flatMap((message) => readLandingTrailers(message)?.task.replace(/^[0-9a-f]+-/, "") ?? []);
  };
  const landed = await until("the landing", async () => ((await log()).length > 0 ? log() : null));
  lines.ms += performance.now() - began;
  return landed;
};

const report = (way: string, { lines }: Stage): void => {
  const seconds = (lines.ms / 1_000).toFixed(1);
  process.stdout.write(
    `${way}: ${lines.commands} commands and ${seconds} s of machine time from an empty directory to the first landed pull request\n`,
  );
  expect(lines.commands).toBeLessThanOrEqual(MAX_COMMANDS);
  expect(lines.ms).toBeLessThanOrEqual(MAX_MACHINE_MS);
};

/** Sets secrets directly in the absence of gh. */
const setSecret = ({ forge }: Stage): void => {
  if (gh.command === null) forge.setEnvironment(REPOSITORY, { name: "enki", secrets: { ENKI_MODEL_KEY: "for-this-test-only" } });
};

const install = async (stage: Stage): Promise<void> => {
  succeed(await runLine(stage, INSTALL, { cwd: outside.root }));
  const version = await runLine(stage, VERSION, { cwd: outside.root, counts: false });
  expect(version?.out).toBe(`enki ${PRODUCT.version}\n`);
};

test.skipIf(!hasScript)(
  "given an empty directory, when a person follows install.md word for word, then Actions alone land the first request",
  { timeout: 400_000 },
  async () => {
    const stage = await openStage("actions-only");
    await install(stage);
    await makeClone(stage);
    succeed(await runLine(stage, INIT, { answer }));
    succeed(await runLine(stage, PUSH));
    const diagnosed = await runLine(stage, FIX);
    expect(diagnosed?.code).toBe(1);
    expect(diagnosed?.out).toContain("actions-cannot-open-pulls: changed PUT");
    expect(diagnosed?.out).toContain("environment-missing: changed PUT");
    expect(diagnosed?.out.match(/^✗ [\w-]+/gm)).toEqual(["✗ secret-missing"]);
    succeed(await runLine(stage, SECRET, { input: "for-this-test-only" }));
    setSecret(stage);
    if ((await runLine(stage, ASK)) === null) await stage.client.openIssue("The list is not sorted", "/enki fix");
    expect(await land(stage)).toEqual(["sort"]);
    report("Actions only", stage);
    const left = await runLine(stage, FIX.replace(" --fix", ""), { counts: false });
    expect(left?.out.match(/^✗.*/gm)).toBeNull();
  },
);

test.skipIf(!hasScript)(
  "given the recipe of ci.md, when main is red, then CI asks, and the same step lands",
  { timeout: 400_000 },
  async () => {
    const stage = await openStage("in-ci");
    const recipe = readBlocks("docs/ci.md", "yaml").find((text) => text.includes("command: fix-ci")) ?? "";
    await install(stage);
    await makeClone(stage, { ".github/workflows/fix-ci.yml": recipe });
    succeed(await runLine(stage, INIT, { answer }));
    const byHand = readBlocks("docs/install.md", "sh")
      .slice(2)
      .flatMap((block) => block.split("\n"))
      .filter((line) => /^gh (?:api|secret set ENKI_MODEL_KEY)/.test(line));
    for (const line of byHand) succeed(await runLine(stage, line, { input: "for-this-test-only" }));
    setSecret(stage);
    stage.forge.setActionsPulls(REPOSITORY, true);
    succeed(await runLine(stage, PUSH));
    expect(await land(stage)).toEqual(["sort"]);
    report("Action in CI", stage);
  },
);

/** Starts a line with `enki app` on a free port; a test stops the App. */
const startApp = async (stage: Stage, line: string, values: Readonly<Record<string, string>> = {}) => {
  const port = await takeFreePort();
  const url = `http://127.0.0.1:${port}`;
  const ready = Object.entries({
    "https://<host>": url,
    "3000": String(port),
    "/var/lib/enki": join(outside.root, "app-clones"),
    ...values,
  }).reduce((all, [name, value]) => all.replace(name, value), line);
  const env = { GITHUB_API_URL: stage.forge.apiUrl, GITHUB_SERVER_URL: stage.forge.url };
  const app = outside.start(`env ${ready} --host 127.0.0.1`, { env });
  executed.add(line);
  stage.lines.commands += 1;
  onTestFinished(() => void app.child.kill("SIGKILL"));
  return {
    ...app,
    url,
    stop: async (): Promise<void> => {
      app.child.kill("SIGTERM");
      expect((await app.ended).code).toBe(0);
    },
  };
};

type StartedApp = Awaited<ReturnType<typeof startApp>>;
type AppKeys = { readonly id: number; readonly privateKey: string; readonly webhookSecret: string };

/** Registers the App on the printed page like a person; returns the stored keys. */
const registerApp = async ({ forge, token }: Stage, app: StartedApp): Promise<AppKeys> => {
  const [address] = await until("the address", () => Promise.resolve(ADDRESS.exec(app.printed())));
  const browser = await openBrowser(forge, token);
  const { html } = await visit(confirmed(address, { address: app.url }));
  expect((await visit(await browser.register(html))).status).toBe(303);
  await until("the App", async () => (await fetch(`${app.url}/ready`).catch(() => null))?.ok);
  return JSON.parse(readFileSync(join(outside.home, ".config/enki/app.json"), "utf8")) as AppKeys;
};

test.skipIf(!hasScript)(
  "given an App, when it runs as a service, then the same step lands, and the repository has no coordinating job",
  { timeout: 400_000 },
  async () => {
    const stage = await openStage("app");
    await install(stage);
    await makeClone(stage);
    succeed(await runLine(stage, "enki init --app", { answer }));
    succeed(await runLine(stage, PUSH));
    succeed(
      await runLine(stage, FIX).then((called) => called && { ...called, code: called.out.includes("secret-missing") ? 0 : called.code }),
    );
    succeed(await runLine(stage, SECRET, { input: "for-this-test-only" }));
    setSecret(stage);
    const first = await startApp(stage, listLines("docs/install.md").find((each) => each.startsWith("enki app ")) ?? "");
    const account = await registerApp(stage, first);
    await stage.client.openIssue("The list is not sorted", "/enki fix");
    expect(await land(stage)).toEqual(["sort"]);
    report("App", stage);
    await first.stop();
    writeFileSync(join(outside.root, "enki.pem"), account.privateKey);
    writeFileSync(join(stage.clone, "key.pem"), account.privateKey);
    for (const set of listLines("docs/install.md").filter((each) => /^gh .*ENKI_APP_/.test(each))) {
      const called = await runLine(stage, set, { counts: false, values: { "<id>": String(account.id) } });
      // Versions of gh before 2.31 have no variables.
      if (called?.out.includes("unknown command")) skipped.set(set, "this gh has no such command");
      else succeed(called);
    }
    const line = listLines("docs/install.md").find((each) => each.includes(" enki app ")) ?? "";
    const again = await startApp(stage, line, { "<id>": String(account.id), "<secret>": account.webhookSecret });
    await until("the App", async () => (await fetch(`${again.url}/ready`).catch(() => null))?.ok);
    await again.stop();
  },
);

test.skipIf(!hasScript)(
  "given only the package, when a person follows the README word for word, then enki run lands on a branch, and enki local opens its page",
  { timeout: 400_000 },
  async () => {
    const stage = await openStage("on-one-machine");
    await install(stage);
    await makeClone(stage);
    const find = (start: string): string => listLines("README.md").find((line) => line.startsWith(start)) ?? "";
    const answerYes = (question: string): string => (/\[y\/N\] $|approve|plan/i.test(question) ? "y" : "");
    const run = await runLine(stage, find("enki run "), { answer: answerYes, counts: false });
    succeed(run);
    const branch = /enki\/[0-9a-f]{6,}/.exec(run?.out ?? "")?.[0] ?? "none";
    expect((await outside.run(`git show '${branch}:list.txt'`, { cwd: stage.clone })).out).toBe("a\nb\n");
    expect((await runLine(stage, "enki doctor", { counts: false }))?.out).toMatch(/^[✓✗] [\w-]+/m);
    const line = find("enki local ");
    const local = outside.start(line.replace("<path>", stage.clone), { cwd: outside.root, env: stage.person });
    executed.add(line);
    const printed = await until("its page", () => Promise.resolve(/http:\/\/127\.0\.0\.1:\d+\/local\/\S+/.exec(local.printed())?.[0]));
    expect((await fetch(printed)).status).toBe(200);
    local.child.kill("SIGINT");
    await local.ended;
  },
);

test("every line of the shell blocks of README and install.md was executed by the tests above, or says why not", () => {
  const lines = [...listLines("README.md"), ...listLines("docs/install.md")];
  const silent = lines.filter((line) => !executed.has(line) && !skipped.has(line));
  expect(silent).toEqual([]);
});
