import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSeeds } from "../conformance/seed-stage.ts";
import { openModelServer } from "../job/proxy/model-server.ts";
import { ACCESS, RENEWAL, toLoginFiles, toLoginTexts } from "../support/agent-logins.ts";
import { makeRepository, openTerminal } from "./stage.ts";

const WORKFLOW = { ".enki/workflows/look.md": "---\nroles:\n  write: {}\n---\n\n## write\n\nWrite.\n" };
const FILES = toLoginFiles(new Date().getTime());
const KEYLESS = { ENKI_MODEL_KEY: "" };

/** Prints the job's view of the login, without its values. */
const LOOK =
  'const f = process.env.HOME + "/.codex/auth.json"; const { tokens } = JSON.parse(fs.readFileSync(f)); console.log((fs.statSync(f).mode & 0o777).toString(8), tokens.access_token.length > 99, tokens.refresh_token === "")';

const listFiles = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe("a login on this machine", () => {
  test("is enough for Codex, whose job gets a private copy without the token that renews the others", async () => {
    const files = FILES.codex;
    const { tokens } = files[".codex/auth.json"];
    const home = toLoginTexts(files);
    const { run, git, terminal } = openSeeds(
      WORKFLOW,
      [{ run: `node -e '${LOOK}' > seen.txt` }, { run: "cat $HOME/.codex/auth.json" }, { say: "Done." }],
      { program: "codex-acp", home, env: KEYLESS },
    );
    const it = await run("--workflow", "look");
    expect({ code: it.code, err: it.err }).toEqual({
      code: 0,
      err: expect.stringMatching(/^Codex uses the login in ~\/\.codex\/auth\.json, which expires in (?:59 min.*|1 h)\.\n$/) as string,
    });
    expect(git("show", `${it.branch ?? ""}:seen.txt`)).toBe("600 true true");
    const own = join(terminal.root, "own");
    const transcript = readFileSync(join(own, ".enki", "runs", it.id, "write-1.md"), "utf8");
    expect(transcript).toContain(
      "The model's key is inside the agent (`~/.codex/auth.json`), because Codex uses credentials like these itself.",
    );
    // No token appears in the working tree, git's objects, the ledger or a log.
    const texts = { out: it.out, err: it.err, git: git("log", "--all", "-p") };
    const found = Object.entries({ ...texts, ...Object.fromEntries(listFiles(own).map((path) => [path, readFileSync(path, "latin1")])) });
    const leaks = found.filter(([, text]) => [tokens.access_token, RENEWAL].some((token) => text.includes(token)));
    expect(leaks.map(([place]) => place)).toEqual([]);
    expect(transcript).toContain('"id_token":"[redacted]"');
    expect(readFileSync(join(terminal.root, "home", ".codex", "auth.json"), "utf8")).toBe(home[".codex/auth.json"]);
  });

  test("is enough for Claude Code, whose token stays outside the agent", async () => {
    const model = await openModelServer((_, response) => void response.end("{}"));
    const { run, terminal } = openSeeds(WORKFLOW, [{ act: "write", value: "n.txt" }, { act: "ask" }, { act: "say", value: "Done." }], {
      program: "claude",
      fixture: "headless.mjs",
      home: toLoginTexts(FILES.claude),
      env: { ...KEYLESS, ANTHROPIC_BASE_URL: model.url },
    });
    const it = await run("--workflow", "look");
    await model.close();
    expect(it.code).toBe(0);
    expect(it.err).toMatch(/^Claude Code uses the login in ~\/\.claude\/\.credentials\.json/);
    expect(model.seen.map(({ headers }) => headers["authorization"])).toEqual([`Bearer ${ACCESS}`]);
    const transcript = readFileSync(join(terminal.root, "own", ".enki", "runs", it.id, "write-1.md"), "utf8");
    expect(transcript).toContain("The model's key is outside the agent");
  });

  test("is not used where the shell has a key", async () => {
    const { run } = openSeeds(WORKFLOW, [{ run: "ls -A $HOME > seen.txt" }, { say: "Done." }], {
      program: "codex-acp",
      home: toLoginTexts(FILES.codex),
      env: { OPENAI_API_KEY: "a-key-of-a-person" },
    });
    const it = await run("--workflow", "look");
    expect({ code: it.code, err: it.err }).toEqual({ code: 0, err: "" });
  });
});

describe("without a key", () => {
  const doctor = async (config: string, home: Readonly<Record<string, string>> = {}) => {
    const terminal = openTerminal();
    const cwd = join(terminal.root, "own");
    makeRepository(cwd, { ".enki/enki.toml": config });
    makeRepository(join(terminal.root, "home"), { empty: "", ...home });
    const { out } = await terminal.call(["doctor", "--agent"], { cwd, env: KEYLESS });
    return /^✗ agent-key: (.*)$/m.exec(out)?.[1];
  };

  test.each([
    [
      "codex",
      "Codex has no key in this shell and no login on this machine; log in with codex login, or set a key with export OPENAI_API_KEY=….",
    ],
    [
      "gemini",
      "Gemini CLI has no key in this shell and no login on this machine; log in with gemini, or set a key with export GEMINI_API_KEY=….",
    ],
  ])("%s is refused with both ways to get one", async (preset, sentence) => {
    expect(await doctor(`[agent]\npreset = "${preset}"\n`)).toBe(sentence);
  });

  test("an agent with an expired login is refused with the file's name", async () => {
    expect(await doctor('[agent]\npreset = "codex"\n', toLoginTexts(toLoginFiles(0).codex))).toBe(
      "the login of Codex in ~/.codex/auth.json has expired; log in with codex login, or set a key with export OPENAI_API_KEY=….",
    );
  });

  test("the only login chooses the agent", async () => {
    expect(await doctor("", toLoginTexts(toLoginFiles(0).codex))).toMatch(/^the login of Codex /);
  });
});
