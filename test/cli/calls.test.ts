import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { PRODUCT } from "../../src/core/domain/product.ts";
import { SUBCOMMANDS } from "../../src/cli/subcommands.ts";
import { makeRepository, openTerminal } from "./stage.ts";

/**
 * Expects a call with these arguments to print a single sentence, exit with this code and leave no files. A changed PATH needs a separate
 * process.
 */
const refuses = async (args: readonly string[], code: number, sentence: RegExp, env: Record<string, string> = {}): Promise<void> => {
  const terminal = openTerminal();
  const told = await ("PATH" in env ? terminal.run(args, { env }) : terminal.call(args, { env }));
  expect({ code: told.code, out: told.out, lines: told.err.split("\n").length }).toEqual({ code, out: "", lines: 2 });
  expect(told.err).toMatch(sentence);
  expect(terminal.leftBehind()).toEqual([]);
  expect(terminal.processes()).toEqual([]);
};

const ownRepository = (): string => {
  const { root } = openTerminal();
  makeRepository(join(root, "own"), {});
  return join(root, "own");
};

test.each(["demo", "local"])("B-21 the port is in use: enki %s reports it and leaves neither processes nor files", async (name) => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const here = name === "local" ? ["--repo", ownRepository()] : [];
  await refuses(
    [name, "--port", String(port), ...here],
    1,
    new RegExp(`^enki ${name}: port ${port} is in use; choose another with --port`),
  );
});

describe.concurrent("git", () => {
  const gitThat = (prints: string): string => {
    const { root } = openTerminal();
    const directory = join(root, "bin");
    mkdirSync(directory);
    if (prints === "") return directory;
    writeFileSync(join(directory, "git"), `#!/bin/sh\necho "${prints}"\n`);
    chmodSync(join(directory, "git"), 0o755);
    return directory;
  };

  test.each(["demo", "local", "replay"])("B-22 git is missing: enki %s names what to install", async (name) => {
    await refuses([name], 1, new RegExp(`^enki ${name}: git is not installed, or not on the PATH; install git 2.38 or newer\n$`), {
      PATH: gitThat(""),
    });
  });

  test.each(["demo", "local", "replay"])("B-22 git is too old: enki %s names what to install", async (name) => {
    await refuses([name], 1, new RegExp(`^enki ${name}: git 2.30 is too old; install git 2.38 or newer\n$`), {
      PATH: gitThat("git version 2.30.0"),
    });
  });

  test("B-22 commands without git do not check for it", async () => {
    const terminal = openTerminal();
    const env = { PATH: gitThat("") };
    for (const args of [["--help"], ["--version"], ["demo", "--help"]]) expect((await terminal.run(args, { env })).code).toBe(0);
  });
});

describe.concurrent("not a repository", () => {
  test.each(["local --repo", "replay"])("B-23 not a repository: enki %s reports it", async (call) => {
    const { root } = openTerminal();
    const [name = ""] = call.split(" ");
    await refuses([...call.split(" "), root], 1, new RegExp(`^enki ${name}: ${root} is not a git repository\n$`));
    await refuses([...call.split(" "), join(root, "none")], 1, new RegExp(`^enki ${name}: there is no directory ${root}/none\n$`));
  });
});

describe.concurrent("a repository of another kind", () => {
  test.each(["local --repo", "replay"])(
    "B-23 a repository with sha256 ids: enki %s says that GitHub does not accept them",
    async (call) => {
      const { root } = openTerminal();
      const sealed = { PATH: process.env["PATH"], GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
      execFileSync("git", ["init", "-q", "--object-format=sha256", root], { env: sealed });
      await refuses([...call.split(" "), root], 1, /uses the object format sha256, which GitHub does not accept; Enki needs/);
    },
  );
});

describe.concurrent("invalid arguments", () => {
  test.each<[string, RegExp]>([
    ["demoo", /^enki: there is no subcommand demoo; did you mean enki demo\?$/m],
    ["hlep", /^enki: there is no subcommand hlep; did you mean enki help\?$/m],
    ["wrong", /^enki: there is no subcommand wrong; see enki --help$/m],
    ["demo --onse", /^enki demo: there is no option --onse; did you mean --once\?$/m],
    ["demo extra", /^enki demo: unexpected argument 'extra'$/m],
    ["demo --once=yes", /^enki demo: --once takes no value$/m],
    ["demo --port 99999", /^enki demo: --port must be a number from 0 to 65535, not '99999'$/m],
    ["local --bogus", /^enki local: there is no option --bogus$/m],
    ["local --repo", /^enki local: --repo needs a value$/m],
    ["local --repo --verify", /^enki local: --repo needs a value$/m],
    ["local --port some", /^enki local: --port must be a number from 0 to 65535, not 'some'$/m],
    ["replay a b", /^enki replay: unexpected argument 'b'$/m],
    ["replay --all", /^enki replay: there is no option --all$/m],
    ["graph a --format svg", /^enki graph: --format must be one of ascii, mermaid, json$/m],
    ["graph a b", /^enki graph: unexpected argument 'b'$/m],
    ["validate --jsn", /^enki validate: there is no option --jsn; did you mean --json\?$/m],
    ["roles extra", /^enki roles: unexpected argument 'extra'$/m],
    ["schema", /^enki schema: name a schema: role, workflow, rehearsal, config$/m],
    ["schema confg", /^enki schema: did you mean enki schema config\?$/m],
    ["run", /^enki run: say what to do: enki run "<request>"$/m],
    ["run --yess do it", /^enki run: there is no option --yess; did you mean --yes\?$/m],
    ["mcp", /^enki mcp: --role must be one of planner, worker, merger, sidecar$/m],
    ["budget", /^enki budget: needs an amount in US dollars, such as 20 or \+5\.$/m],
    ["skip", /^enki skip: needs the name of a step\.$/m],
    ["verify", /^enki verify: name a commit: enki verify <commit>, or enki verify <commit>\.\.<commit>$/m],
    ["ledger", /^enki ledger: say what to do: enki ledger key, or enki ledger sign https:.*$/m],
    ["mcp --role cook", /^enki mcp: --role must be one of planner, worker, merger, sidecar$/m],
    ["mcp --rolle planner", /^enki mcp: there is no option --rolle; did you mean --role\?$/m],
    ["rehearse", /^enki rehearse: name the file to play: enki rehearse <file>$/m],
    ["rehearse a b", /^enki rehearse: unexpected argument 'b'$/m],
    ["app --url enki", /^enki app: --url must be an address such as https:\/\/enki\.example\.org, not 'enki'$/m],
  ])("enki %s", async (call, sentence) => {
    await refuses(call.split(" "), 2, sentence);
  });

  test("in a process of its own: the sentence is on the standard error, and the code is the exit code", async () => {
    expect(await openTerminal().run(["demoo"])).toEqual({
      code: 2,
      out: "",
      err: "enki: there is no subcommand demoo; did you mean enki demo?\n",
    });
  });

  test("enki app with a part of an App's variables", async () => {
    await refuses(["app"], 2, /^enki app: set APP_ID, WEBHOOK_SECRET, and PRIVATE_KEY or PRIVATE_KEY_PATH\b.*$/m, { APP_ID: "1" });
  });
});

describe.concurrent("impossible requests", () => {
  test.each<[string, RegExp]>([
    ["demo --rehearsal none.toml", /^enki demo: there is no file \/.*\/work\/none\.toml$/m],
    ["demo --rehearsal .", /^enki demo: \/.*\/work is not a file$/m],
    ["demo --agent no-such-agent", /^enki demo: the agent's command no-such-agent was not found, or cannot be executed$/m],
    ["graph abc", /^enki graph: \/.*\/work is not a git repository$/m],
    ["validate none", /^enki validate: there is no file or directory \/.*\/work\/none$/m],
    ["validate .", /^enki validate: there is no enki.toml and no role in \/.*\/work$/m],
    ["run something", /^enki run: \/.*\/work is not a git repository$/m],
    ["run --agent cluade x", /^enki run: the agent's command cluade was not found, or cannot be executed; did you mean claude\?$/m],
    ["local --agent ./agent", /^enki local: the agent's command \.\/agent was not found, or cannot be executed$/m],
    ["rehearse none.toml", /^enki rehearse: there is no file \/.*\/work\/none\.toml$/m],
  ])("enki %s", async (call, sentence) => {
    await refuses(call.split(" "), 1, sentence);
  });

  test.each(["demo --rehearsal", "rehearse"])("enki %s with an invalid rehearsal file names the line", async (call) => {
    const file = join(openTerminal().root, "play.toml");
    writeFileSync(file, 'title = "a play"\n\n[[scene]]\nrole = "plan"\nstage = "left"\n');
    await refuses([...call.split(" "), file], 1, new RegExp(`: ${file}:3: .*stage`));
  });
});

test.each(["run x", "local"])("enki %s reads the file of a rehearsal before anything starts", async (call) => {
  const { root } = openTerminal();
  writeFileSync(join(root, "enki"), "#!/bin/sh\n", { mode: 0o755 });
  const file = join(root, "play.toml");
  writeFileSync(file, 'title = "a play"\n\n[[scene]]\nrole = "plan"\nstage = "left"\n');
  await refuses([...call.split(" "), "--agent", `${root}/enki rehearse ${file}`], 1, new RegExp(`^enki \\w+: ${file}:3: .*stage`));
  await refuses([...call.split(" "), "--agent", `${root}/enki rehearse none.toml`], 1, /there is no file .*none\.toml$/m);
});

test("enki --help names every subcommand, and each lists its options", async () => {
  const terminal = openTerminal();
  const { out, code } = await terminal.call(["--help"]);
  expect(code).toBe(0);
  const names = [...out.matchAll(/^ {2}enki (\S+) /gm)].map(([, name = ""]) => name);
  expect(names.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    "add",
    "app",
    "approve",
    "ask",
    "budget",
    "cancel",
    "completion",
    "config",
    "demo",
    "doctor",
    "explain",
    "fix",
    "graph",
    "init",
    "land",
    "ledger",
    "local",
    "logs",
    "mcp",
    "page",
    "pause",
    "plan",
    "priority",
    "quick",
    "rehearse",
    "replay",
    "reply",
    "report",
    "resume",
    "retry",
    "review",
    "revise",
    "roles",
    "run",
    "schema",
    "skip",
    "status",
    "stop",
    "undo",
    "unland",
    "validate",
    "verify",
    "watch",
    "workflows",
  ]);
  expect(new Set(names)).toEqual(new Set(SUBCOMMANDS.keys()));
  expect(out).toMatch(/^Get started\n {2}enki demo /m);
  const all = await Promise.all(names.map((name) => terminal.call([name, "--help"])));
  for (const [at, told] of all.entries())
    expect(told).toMatchObject({ code: 0, err: "", out: expect.stringMatching(`^enki ${names[at] ?? ""}`) as unknown });
  expect(all[names.indexOf("demo")]?.out).toMatch(/--once .*\n.*--json .*\n.*--rehearsal <file> /);
  expect(await terminal.run(["help", "demo"])).toEqual(all[names.indexOf("demo")]);
});

test("enki --version prints the package's version", async () => {
  const { out, code } = await openTerminal().run(["--version"]);
  expect({ out, code }).toEqual({ out: `enki ${PRODUCT.version}\n`, code: 0 });
});

test("a closed pipe ends enki demo like Ctrl+C: without an error, processes or files", async () => {
  const terminal = openTerminal();
  const demo = terminal.start(["demo"]);
  await demo.prints(/^The agent plays a rehearsal/m);
  demo.hangUp();
  expect(await demo.ended).toMatchObject({ code: 130, err: "" });
  expect(terminal.processes()).toEqual([]);
  expect(terminal.keeps().filter((path) => !/^(?:repositories|jobs(?:\/(?:logs|artifacts))?)$/.test(path))).toEqual([]);
});
