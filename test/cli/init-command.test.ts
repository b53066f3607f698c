import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runInitCommand } from "../../src/cli/init-command.ts";
import { hashText } from "../../src/cli/set-up/planned-files.ts";
import { dropFirstLine, sealGenerated } from "../../src/core/setup/generated-file.ts";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { after } from "../support/after.ts";
import { createAskedTerminal } from "../support/asked-terminal.ts";
import { quickRunner } from "../stories/quick-runner.ts";
import { makeRepository, openTerminal } from "./stage.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const NODE_PROJECT = { "package.json": '{"scripts":{"test":"node --test"}}', "package-lock.json": "{}" };
const WORKFLOW = ".github/workflows/enki-step.yml";
const CONFIG = ".enki/enki.toml";

/** Sets up a person in a repository of their own. */
const open = (files: Readonly<Record<string, string>> = NODE_PROJECT) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, files);
  return {
    cwd,
    git,
    run: (args: readonly string[], env: Record<string, string> = {}) => terminal.call(["init", ...args], { cwd, env }),
    read: (path: string): string => readFileSync(join(cwd, path), "utf8"),
    has: (path: string): boolean => existsSync(join(cwd, path)),
  };
};

test.each([
  ["the folder of the workflows", ".github/workflows", ".github/workflows"],
  ["Enki's folder", ".enki", ".enki"],
  ["the configuration", CONFIG, CONFIG],
  ["a link that leads nowhere", WORKFLOW, WORKFLOW],
])("init writes through no link of a repository that others wrote: %s", async (name, path, named) => {
  const { cwd } = open();
  const outside = join(cwd, "..", "outside");
  mkdirSync(outside);
  if (path === CONFIG) writeFileSync(join(outside, "target"), "untouched\n");
  mkdirSync(dirname(join(cwd, path)), { recursive: true });
  symlinkSync(path.includes("enki.toml") || name.includes("nowhere") ? join(outside, "target") : outside, join(cwd, path));
  const asked = createAskedTerminal({ cwd, env: { ...process.env }, root: ROOT }, () => null);
  await expect(runInitCommand(["--yes", "--replace"], asked)).rejects.toThrow(`${named} is a symbolic link, so nothing was written`);
  expect(readdirSync(outside)).toEqual(path === CONFIG ? ["target"] : []);
  if (path === CONFIG) expect(readFileSync(join(outside, "target"), "utf8")).toBe("untouched\n");
});

describe.concurrent("enki init", () => {
  test("--dry-run shows the detected project and the files as a diff, and writes nothing", async () => {
    const { run, has, git } = open();
    const { code, out, err } = await run(["--dry-run"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^Languages: {2}Node\.js \(npm\)$/m);
    expect(out).toMatch(/^Tests: {6}npm ci && npm test$/m);
    expect(out).toMatch(/^\+\s+"npm ci",$/m);
    expect(out).toMatch(/^\+ +uses: actions\/setup-node@[0-9a-f]{40}/m);
    expect([has(CONFIG), has(WORKFLOW)]).toEqual([false, false]);
    expect(git("status", "--porcelain")).toBe("");
  });

  test("--yes writes the detected set-up and names the one secret; a second run has nothing to do", async () => {
    const { run, read, git } = open();
    git("remote", "add", "origin", "git@github.com:octo/demo.git");
    const first = await run(["--yes"]);
    expect(first.code).toBe(0);
    expect(first.out).toContain(`wrote ${CONFIG}\nwrote ${WORKFLOW}\n`);
    expect(first.out).toContain("  gh secret set ENKI_MODEL_KEY --repo octo/demo --env enki\n");
    expect(read(CONFIG)).toContain('preset = "claude"');
    expect(git("status", "--porcelain").split("\n")).toEqual(["?? .enki/", "?? .github/"]);
    expect((await run(["--yes"])).out).toMatch(/^Everything is up to date\.$/m);
  });

  test("a second run updates what nobody changed", async () => {
    const { run, read, cwd } = open();
    await run(["--yes"]);
    writeFileSync(join(cwd, "go.mod"), "module a\n");
    const { out } = await run(["--yes"]);
    expect(out).toMatch(/^\+\s+"go test \.\/\.\.\.",$/m);
    expect(read(CONFIG)).toContain('"go test ./..."');
    expect(read(WORKFLOW)).toContain("Set up Go");
  });

  test("[jobs] of the repository reaches the workflow files, and a change of it updates them", async () => {
    const { run, read, cwd } = open();
    await run(["--yes"]);
    const text = read(CONFIG);
    writeFileSync(join(cwd, CONFIG), `${text}\n[jobs.services.db]\nimage = "postgres:17"\n[jobs.runs_on]\ncoordinate = "tiny"\n`);
    const { code, out } = await run(["--yes"]);
    expect(code).toBe(0);
    expect(out).toContain(`${CONFIG} is kept, because a person edited it`);
    expect(out).toContain(`wrote ${WORKFLOW}\n`);
    expect(read(WORKFLOW)).toContain('    services:\n      db:\n        image: "postgres:17"\n');
    expect(read(".github/workflows/enki.yml")).toMatch(/^ {4}runs-on: tiny$/m);
    await run(["--yes", "--replace"]);
    expect(read(CONFIG)).toContain('[jobs.services.db]\nimage = "postgres:17"\n');
    expect((await run(["--yes"])).out).toMatch(/^Everything is up to date\.$/m);
    writeFileSync(join(cwd, CONFIG), text);
    await run(["--yes"]);
    expect(read(WORKFLOW)).not.toContain("services:");
    expect((await run(["--yes"])).out).toMatch(/^Everything is up to date\.$/m);
  });

  test.each([
    ["a private repository on GitHub Free", "git@github.com:octo/demo.git", ["--repository-secret"], "ubuntu-slim"],
    ["any other repository", "git@github.com:octo/demo.git", [], "ubuntu-latest"],
    ["a GitHub Enterprise Server, which has no such machine", "git@ghes.example:octo/demo.git", ["--repository-secret"], "ubuntu-latest"],
  ])("of %s, the short jobs run on %4$s", async (_, origin, options, machine) => {
    const { run, read, git } = open();
    git("remote", "add", "origin", origin);
    await run(["--yes", ...options]);
    const machinesOf = (path: string): string[] =>
      [...read(path).matchAll(/^ {2}(\w+):\n(?: {4}.*\n)*? {4}runs-on: (\S+)/gm)].map((found) => `${found[1]} ${found[2]}`);
    expect(machinesOf(".github/workflows/enki.yml")).toEqual([`gate ${machine}`, "coordinate ubuntu-latest", `clock ${machine}`]);
    expect(machinesOf(".github/workflows/enki-review.yml")).toEqual([`tell ${machine}`]);
    expect(machinesOf(WORKFLOW)).toEqual(["agent ubuntu-latest", "verify ubuntu-latest", "publish ubuntu-latest", `rescue ${machine}`]);
    expect((await run(["--yes", ...options])).out).toMatch(/^Everything is up to date\.$/m);
  });

  test("a repository that has a configuration keeps its machines", async () => {
    const { run, read, git } = open({ ...NODE_PROJECT, [CONFIG]: "[jobs.runs_on]\ncoordinate = 'own'\n" });
    git("remote", "add", "origin", "git@github.com:octo/demo.git");
    await run(["--yes", "--repository-secret"]);
    expect([...read(".github/workflows/enki.yml").matchAll(/runs-on: (\S+)/g)].map(([, machine]) => machine)).toEqual([
      "own",
      "own",
      "own",
    ]);
  });

  test("a mistake in [jobs] stops it before it writes files without the services", async () => {
    const { run, has, cwd, git } = open({ ...NODE_PROJECT, [CONFIG]: '[jobs]\nenv = ["GITHUB_TOKEN"]\n' });
    const { code, err } = await run(["--yes"]);
    expect({ code, isWritten: has(WORKFLOW), status: git("status", "--porcelain") }).toEqual({ code: 1, isWritten: false, status: "" });
    expect(err).toContain(`${CONFIG}:2:8: bad-value: jobs.env.0 cannot be "GITHUB_TOKEN"`);
    expect(cwd).not.toBe("");
  });

  test("a person's change is shown, and kept until they say otherwise", async () => {
    const { run, read, cwd } = open();
    await run(["--yes"]);
    appendFileSync(join(cwd, WORKFLOW), "# mine\n");
    writeFileSync(join(cwd, CONFIG), '[refinery]\nverify = ["make"]\n');
    const kept = await run(["--yes"]);
    expect(kept.out).toMatch(/^-# mine$/m);
    expect(kept.out).toContain(`${WORKFLOW} is kept, because a person edited it; --replace discards the changes.`);
    expect([read(WORKFLOW), read(CONFIG)]).toEqual([expect.stringContaining("# mine"), '[refinery]\nverify = ["make"]\n']);
    await run(["--yes", "--replace"]);
    expect([read(WORKFLOW).includes("# mine"), read(CONFIG).includes("make")]).toEqual([false, false]);
  });

  test("without a terminal and without --yes nothing is written, and the exit code says so", async () => {
    const { run, has } = open();
    const { code, err } = await run([]);
    expect({ code, err }).toEqual({
      code: 3,
      err: "Nothing was written, because no one can answer here. To write these files: enki init --yes\n",
    });
    expect(has(CONFIG)).toBe(false);
  });

  test("options replace what was detected: commands, the agent's command line, and where the secret lies", async () => {
    const { run, read } = open({ "README.md": "" });
    const { out } = await run(["--yes", "--verify", "make a", "--verify", "make b", "--agent", "my-agent --acp", "--repository-secret"]);
    expect(read(CONFIG)).toMatch(/verify = \[\n {2}"make a",\n {2}"make b",\n\]/);
    expect(read(CONFIG)).toMatch(/command = "my-agent"\nargs = \["--acp"\]/);
    expect(read(WORKFLOW)).not.toMatch(/^ {4}environment:/m);
    expect(out).toContain("  gh secret set ENKI_MODEL_KEY\n");
  });

  test.each([
    ["a vendored action", ["--vendor"], /uses: \.\/enki\/\.github\/enki/],
    ["a secret of the repository", ["--repository-secret"], /^(?![^]*\n {4}environment:)/],
    ["an App", ["--app"], /^(?![^]*command: coordinate)/],
    ["another agent", ["--agent", "codex"], /npm install --global .*codex/],
    ["an agent's command line", ["--agent", "my-agent 'two words'"], /^(?![^]*Install the agent)/],
    ["verify commands that a person named", ["--verify", "make a"], /^/],
  ])("a further run without options keeps %s", async (_, options, pattern) => {
    const { run, read } = open();
    await run(["--yes", ...options]);
    expect(read(WORKFLOW)).toMatch(pattern);
    expect(await run(["--yes"])).toMatchObject({ code: 0, out: expect.stringMatching(/^Everything is up to date\.$/m) as unknown });
  });

  const verifyOf = (config: string): string[] =>
    [...(/^verify = \[\n([^]*?)^\]$/m.exec(config)?.[1] ?? "").matchAll(/^ {2}"(.*)",$/gm)].map(([, command = ""]) => command);
  const switchToPnpm = (cwd: string): void => {
    rmSync(join(cwd, "package-lock.json"));
    writeFileSync(join(cwd, "pnpm-lock.yaml"), "");
  };

  test("a further run verifies with the package manager to which the project changed", async () => {
    const { run, read, cwd } = open();
    await run(["--yes"]);
    expect(verifyOf(read(CONFIG))).toEqual(["npm ci", "npm test"]);
    switchToPnpm(cwd);
    await run(["--yes"]);
    expect(verifyOf(read(CONFIG))).toEqual(["pnpm install --frozen-lockfile", "pnpm test"]);
    expect((await run(["--yes"])).out).toMatch(/^Everything is up to date\.$/m);
  });

  test("a further run keeps a named command, although init would detect it among others", async () => {
    const { run, read, cwd } = open();
    await run(["--yes", "--verify", "npm test"]);
    expect((await run(["--yes"])).out).toMatch(/^Everything is up to date\.$/m);
    switchToPnpm(cwd);
    await run(["--yes"]);
    expect(verifyOf(read(CONFIG))).toEqual(["npm test"]);
  });

  /** Restores the configuration of an earlier version, which did not mention the origin of the commands. */
  const forgetOrigin = (text: string): string =>
    sealGenerated(dropFirstLine(text).replace(/^# (?:A person named|`enki init` detected) these commands.*\n/m, ""), "#", hashText);

  test.each([
    ["replaces those that init detected", [], ["pnpm install --frozen-lockfile", "pnpm test"]],
    ["keeps those that init never detects", ["--verify", "npm test"], ["npm test"]],
  ])("a further run over a file without the origin of its commands %s", async (_, options, expected) => {
    const { run, read, cwd } = open();
    await run(["--yes", ...options]);
    const text = read(CONFIG);
    expect(forgetOrigin(text)).not.toBe(text);
    writeFileSync(join(cwd, CONFIG), forgetOrigin(text));
    switchToPnpm(cwd);
    await run(["--yes"]);
    expect(verifyOf(read(CONFIG))).toEqual(expected);
  });

  test("a further run over a file without the origin of its commands adds no commands of another language, now or later", async () => {
    const { run, read, cwd } = open();
    writeFileSync(join(cwd, "go.mod"), "module a\n");
    await run(["--yes", "--verify", "npm ci", "--verify", "npm test"]);
    writeFileSync(join(cwd, CONFIG), forgetOrigin(read(CONFIG)));
    await run(["--yes"]);
    expect(verifyOf(read(CONFIG))).toEqual(["npm ci", "npm test"]);
    writeFileSync(join(cwd, CONFIG), forgetOrigin(read(CONFIG)));
    switchToPnpm(cwd);
    await run(["--yes"]);
    expect(verifyOf(read(CONFIG))).toEqual(["pnpm install --frozen-lockfile", "pnpm test"]);
    await run(["--yes"]);
    expect(verifyOf(read(CONFIG))).toEqual(["pnpm install --frozen-lockfile", "pnpm test"]);
  });

  test("a deleted coordinator workflow is restored, and the jobs still coordinate", async () => {
    const { run, read, cwd } = open();
    await run(["--yes"]);
    const before = read(WORKFLOW);
    rmSync(join(cwd, ".github/workflows/enki.yml"));
    expect((await run(["--yes"])).out).toContain("wrote .github/workflows/enki.yml\n");
    expect(read(WORKFLOW)).toBe(before);
  });

  test("an agent that a person named in the configuration is installed by the next run", async () => {
    const { run, read, cwd } = open();
    await run(["--yes"]);
    writeFileSync(join(cwd, CONFIG), read(CONFIG).replace('preset = "claude"', 'preset = "gemini"'));
    await run(["--yes"]);
    expect(read(CONFIG)).toContain('preset = "gemini"');
    expect(read(WORKFLOW)).toMatch(/npm install --global .*gemini/);
    await run(["--yes", "--replace"]);
    expect(read(CONFIG)).toContain('preset = "claude"');
  });

  test("a project without tests says that nothing lands before something verifies it", async () => {
    const { out } = await open({ "README.md": "" }).run(["--yes"]);
    expect(out).toContain("Set [refinery] verify in .enki/enki.toml: nothing lands until a command verifies it.");
  });

  test("--vendor writes a copy of the action, which workflow jobs use", async () => {
    const { run, read, git, cwd } = open();
    const { out } = await run(["--yes", "--vendor"]);
    expect(out).toMatch(/^\.github\/enki\/dist\/action\.mjs: \d+ kB, not shown$/m);
    expect(read(".github/enki/action.yml")).toContain("main: dist/action.mjs");
    expect(read(WORKFLOW)).not.toMatch(/uses: [\w-]+\/enki@/);
    git("add", ".");
    expect((await run(["--yes", "--vendor"])).out).toMatch(/^Everything is up to date\.$/m);
    rmSync(join(cwd, ".github/enki/dist"), { recursive: true });
    expect((await run(["--yes"])).out).toContain("wrote .github/enki/dist/action.mjs\n");
    expect(execFileSync(process.execPath, ["--check", join(ROOT, "dist/cli.cjs")]).toString()).toBe("");
  });

  test("outside of a repository it says so", async () => {
    const terminal = openTerminal();
    expect(await terminal.call(["init"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^enki init: .* is not a git repository\n$/) as unknown,
    });
  });
});

describe("at a terminal", () => {
  /** Runs the command at a terminal, with each answer typed after its question. */
  const converse = async (cwd: string, answers: readonly (readonly [RegExp, string])[], args: readonly string[] = []) => {
    let out = "";
    let at = 0;
    const terminal = createAskedTerminal({ cwd, env: process.env, root: ROOT }, (text) => {
      out += text;
      const [question, answer] = answers[at] ?? [/$^/, ""];
      if (!question.test(text)) return null;
      at += 1;
      return answer;
    });
    const code = await runInitCommand(args, terminal);
    return { code, out, asked: at };
  };

  test("a misspelt agent is refused before anything is written", async () => {
    const { run, has } = open();
    const refused = await run(["--yes", "--agent", "cluade"]);
    expect(refused).toMatchObject({
      code: 2,
      err: "enki init: there is no agent cluade; did you mean claude? To use a program of this name, write its path\n",
    });
    expect(has(CONFIG)).toBe(false);
  });

  test.each(["coder", "clyde"])("a program that is named almost like a preset is an agent if it is on the PATH: %s", async (name) => {
    const { run, read, cwd } = open();
    const programs = join(cwd, "..", "programs");
    mkdirSync(programs);
    expect(await run(["--yes", "--agent", name], { PATH: `${programs}:${process.env["PATH"] ?? ""}` })).toMatchObject({ code: 2 });
    writeFileSync(join(programs, name), "#!/bin/sh\n", { mode: 0o755 });
    expect(await run(["--yes", "--agent", name], { PATH: `${programs}:${process.env["PATH"] ?? ""}` })).toMatchObject({ code: 0, err: "" });
    expect(read(CONFIG)).toContain(`command = "${name}"`);
  });

  test("it asks what verifies and which agent works, and before each file", async () => {
    const { cwd, read, has } = open();
    const { code, asked } = await converse(cwd, [
      [/^Which commands must a change pass/, "npm run check"],
      [/^Which agent works/, "gemini"],
      [/^What coordinates/, "app"],
      [/^Create \.enki\/enki\.toml\?/, "y"],
      [/^Create \.github\/workflows\/enki-step\.yml\?/, "n"],
    ]);
    expect({ code, asked }).toEqual({ code: 0, asked: 5 });
    expect(read(CONFIG)).toContain('verify = [\n  "npm run check",\n]');
    expect(read(CONFIG)).toContain('preset = "gemini"');
    expect([has(WORKFLOW), has(".github/workflows/enki.yml")]).toEqual([false, false]);
  });

  test("an empty answer accepts what was detected, and init asks before it discards a person's change", async () => {
    const { cwd, read } = open({ ...NODE_PROJECT, [CONFIG]: "# mine\n" });
    await converse(cwd, [
      [/^Which commands must a change pass/, ""],
      [/^Which agent works/, ""],
      [/^What coordinates/, ""],
      [/^\.enki\/enki\.toml was edited by a person\. Discard the changes\?/, "n"],
      [/^Create \.github\/workflows\/enki-step\.yml/, "y"],
      [/^Create \.github\/workflows\/enki\.yml/, "y"],
      [/^Create \.github\/workflows\/enki-review\.yml/, "y"],
    ]);
    expect(read(CONFIG)).toBe("# mine\n");
    expect(read(".github/workflows/enki.yml")).toContain("command: coordinate");
    expect(read(WORKFLOW)).toContain("Install the agent");
  });
});

describe("--pull-request", () => {
  const openRemote = async () => {
    const terminal = openTerminal();
    const script = (): never => {
      throw new Error("no job runs here");
    };
    const runner = quickRunner({ directory: join(terminal.root, "jobs"), script });
    const forge = await startForge({
      directory: join(terminal.root, "forge"),
      port: 0,
      now: () => 1_800_000_000_000,
      random: () => 0.5,
      after,
      runner,
    });
    onTestFinished(() => forge.close());
    const token = forge.createUser("ada");
    await forge.createRepository({ owner: "octo", name: "demo" });
    forge.setPermission({ owner: "octo", name: "demo" }, { login: "ada", role: "admin" });
    const cwd = join(terminal.root, "own");
    const git = makeRepository(cwd, NODE_PROJECT);
    git("remote", "add", "origin", `${forge.url.replace("//", `//x-access-token:${token}@`)}/octo/demo.git`);
    // Synchronous git would block the server in this process.
    const pushed = await new Promise((resolve) => spawn("git", ["push", "-q", "origin", "main"], { cwd }).once("close", resolve));
    expect(pushed).toBe(0);
    mkdirSync(join(cwd, "notes"));
    writeFileSync(join(cwd, "notes", "mine.txt"), "not committed\n");
    const identity = {
      GIT_AUTHOR_NAME: "Ada",
      GIT_AUTHOR_EMAIL: "a@example.org",
      GIT_COMMITTER_NAME: "Ada",
      GIT_COMMITTER_EMAIL: "a@example.org",
    };
    const run = (env: Record<string, string> = {}) =>
      terminal.call(["init", "--yes", "--pull-request"], { cwd, env: { ...identity, ...env } });
    const pulls = async (): Promise<{ title: string; head: { ref: string } }[]> =>
      (await (await fetch(`${forge.apiUrl}/repos/octo/demo/pulls`, { headers: { authorization: `Bearer ${token}` } })).json()) as never;
    return { run, pulls, token, forge, git, cwd };
  };

  test("pushes a branch and opens a pull request with a token; the person's branch and files stay as they are", async () => {
    const { run, pulls, token, forge, git } = await openRemote();
    const { code, out } = await run({ GH_TOKEN: token, GITHUB_API_URL: forge.apiUrl });
    expect(code).toBe(0);
    expect(out).toMatch(/^Pull request: http:\/\/.*\/octo\/demo\/pull\/1$/m);
    expect(await pulls()).toMatchObject([{ title: "Set up Enki", head: { ref: "enki-setup" } }]);
    expect(git("status", "--porcelain")).toBe("?? notes/");
    expect(git("branch", "--format=%(refname:short)")).toBe("main");
  });

  test("without a token it prints the line that opens it, and a second run with other files moves its own branch", async () => {
    const { run, cwd } = await openRemote();
    const first = await run();
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(first.out).toContain("gh pr create --repo octo/demo --head enki-setup --base main");
    writeFileSync(join(cwd, "go.mod"), "");
    expect(await run()).toMatchObject({ code: 0, err: "" });
  });
});
