import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { hasNamespaces } from "../support/namespaces.ts";
import { after } from "../support/after.ts";
import { CLI } from "../support/cli.ts";
import { openPersonClient, type PersonClient } from "../../src/cli/person-client.ts";
import { type Ended, makeRepository, openTerminal } from "./stage.ts";

/** Plans a step with a command of its own; the command also tries to reach the copied repository. */
const playFor = (original: string): string => `
title = "a step that is a command"

[[scene]]
role = "plan"

[[scene.act]]
tool = "enki_execution_create"
must = true

[scene.act.arguments]
steps = [
  { id = "format", title = "Sort the list", description = "Sort list.txt.", run = "sort -o list.txt list.txt\\nls -A ${original} > seen.txt || true\\necho spoiled > ${original}/list.txt || true" },
]

[[scene.act]]
say = "[OUTPUT]One command does it.[/OUTPUT]"
`;

/** Returns every file below a directory, by its path, with its content. */
const everything = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => [path, readFileSync(path, "latin1")]),
  );

/** Pause between two looks, in milliseconds. */
const LOOK = 50;

const until = async <T>(look: () => Promise<T | null | undefined>): Promise<T> => {
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined) return seen;
    await new Promise<void>((resolve) => void after(LOOK, resolve));
  }
};

/** Reads the machine that the terminal knows. */
const readMachine = (root: string): { apiUrl: string; token: string; owner: string; name: string } => {
  const records = join(root, "home", ".local", "state", "enki", "machines");
  const [file = ""] = readdirSync(records);
  return JSON.parse(readFileSync(join(records, file), "utf8")) as ReturnType<typeof readMachine>;
};

describe("a person's repository with uncommitted changes", () => {
  const terminal = openTerminal();
  const own = join(terminal.root, "own");
  const git = makeRepository(own, { "list.txt": "b\na\n", "notes.txt": "old\n", ".gitignore": "secret.env\n" });
  writeFileSync(join(own, "notes.txt"), "not committed\n");
  writeFileSync(join(own, "new.txt"), "not added\n");
  writeFileSync(join(own, "secret.env"), "ignored\n");
  const before = everything(own);
  let out = "";
  let ended: Ended;
  let took: number;
  let person: PersonClient;
  let bare: string;
  let pulls: Awaited<ReturnType<PersonClient["pulls"]>>;
  let last: string;
  let followed: string;

  beforeAll(async () => {
    const play = join(terminal.root, "play.toml");
    // A machine without namespaces cannot hide the original from agents, so the agent does not learn its place.
    writeFileSync(play, playFor(hasNamespaces ? own : join(terminal.root, "elsewhere")));
    const agent = `'${process.execPath}' '${CLI}' rehearse '${play}'`;
    const local = terminal.start(["local", "--repo", own, "--agent", agent, "--verify", 'test "$(head -n 1 list.txt)" = a']);
    [out] = await local.prints(/[^]*Ctrl\+C ends it.*\n/);
    const { apiUrl, token, owner, name } = readMachine(terminal.root);
    [, bare = ""] = /^ {2}git pull (\S+) main$/m.exec(out) ?? [];
    person = openPersonClient({ apiUrl, token, owner, name });
    const issue = await person.openIssue("The list is not sorted", "");
    await person.comment(issue, "/enki fix sort the list");
    const said = async (): Promise<string> => (await person.comments(issue)).map(({ body }) => body).join("\n");
    const approval = await until(async () => /^\/enki approve \S+$/m.exec(await said())?.[0]);
    await local.prints(/ waits for you:\n.*\n {4}enki approve \w+\n/);
    await person.comment(issue, approval);
    last = await until(async () => /^### (Done|Stopped).*$/m.exec(await said())?.[0]);
    await until(async () => ((await person.isOpen(issue)) ? null : true));
    pulls = await person.pulls();
    [followed] = await local.prints(/^\w{6} .*\n[^]*Done: everything landed\n/m);
    const begun = performance.now();
    local.signal("SIGINT");
    ended = await local.ended;
    took = performance.now() - begun;
  }, 60_000);

  test("a step with a command lands through it", () => {
    expect(last).toBe("### Done: everything landed");
    expect(pulls.map(({ head }) => head.ref)).toEqual([expect.stringMatching(/^task\/[0-9a-f]{6}-format$/)]);
    expect(git("--git-dir", bare, "log", "--first-parent", "--format=%(trailers:key=Enki-Task,valueonly,separator=)", "main")).toMatch(
      /^[0-9a-f]{6}-format$/m,
    );
    expect(git("--git-dir", bare, "show", "main:list.txt")).toBe("a\nb");
    expect(git("--git-dir", bare, "show", "main:notes.txt")).toBe("old");
  });

  test("prints its address, its use of the repository, and what the copy lacks", () => {
    expect(out).toContain("Enki only reads your own repository.");
    expect(out).toContain("Uncommitted work is not in the copy: 2 files.\n");
  });

  test("follows what happens, and says what a person must do, with the command", () => {
    const [id = ""] = /^\w{6}/.exec(followed) ?? [];
    const lines = followed.replaceAll(id, "<id>").replace(/^<id> +[\d.]+ s {2}/gm, "<id>  ");
    expect(lines).toContain("<id> waits for you:\n  The plan waits for an approval.\n    enki approve <id>\n");
    expect(lines).toMatch(/<id> {2}format: running\n[^]*<id> {2}format: landed\n[^]*<id> Done: everything landed\n$/);
  });

  test("changes no byte of the repository or of its git directory", () => {
    expect(everything(own)).toEqual(before);
  });

  test.runIf(hasNamespaces)("a job cannot see it, and its writes there have no effect", () => {
    expect(git("--git-dir", bare, "show", "main:seen.txt")).toBe("");
  });

  test("Ctrl+C ends it immediately, leaving no process and only the repository with landed work", () => {
    expect({ code: ended.code, err: ended.err }).toEqual({ code: 130, err: "" });
    expect(took).toBeLessThan(5_000);
    expect(terminal.processes()).toEqual([]);
    expect(terminal.keeps().toSorted()).toEqual(["jobs", "jobs/artifacts", "jobs/logs", "repositories"]);
  });

  test("the printed command pulls landed work over uncommitted changes", () => {
    git("pull", "-q", bare, "main");
    expect(readFileSync(join(own, "list.txt"), "utf8")).toBe("a\nb\n");
    expect(readFileSync(join(own, "notes.txt"), "utf8")).toBe("not committed\n");
  });

  test("the pulled branch has the work and no file of Enki", () => {
    expect(git("ls-tree", "-r", "--name-only", "HEAD").split("\n")).toEqual([
      ".gitignore",
      "list.txt",
      "notes.txt",
      ...(hasNamespaces ? ["seen.txt"] : []),
    ]);
  });
});

describe("other repositories", () => {
  const terminal = openTerminal();
  const own = join(terminal.root, "own");
  const git = makeRepository(own, { "sub/file.txt": "1\n" });
  git("checkout", "-q", "-b", "feature/x");
  git("worktree", "add", "-q", join(terminal.root, "tree"), "-b", "other");
  git("clone", "-q", "--bare", ".", join(terminal.root, "bare.git"));
  git("clone", "-q", "--depth", "1", `file://${own}`, join(terminal.root, "shallow"));
  git("init", "-q", "-b", "trunk", join(terminal.root, "empty"));
  git("worktree", "add", "-q", "--detach", join(terminal.root, "detached"));

  test.each([
    ["a directory inside of it", "own/sub", "own", "feature/x"],
    ["a work tree beside it", "tree", "tree", "other"],
    ["a bare one", "bare.git", "bare", "feature/x"],
    ["one without a commit", "empty", "empty", "trunk"],
  ])("%s is accepted with the checked-out branch", async (_what, path, name, branch) => {
    const local = terminal.serve(["local", "--repo", join(terminal.root, path)]);
    const [out] = await local.prints(/[^]*Ctrl\+C ends it.*\n/);
    expect(out).toMatch(new RegExp(`/local/${name}\n[^]*git pull \\S+/${name}\\.git ${branch}\n`));
    expect(out).toContain("Nothing can land yet, because nothing verifies it");
    local.signal("SIGTERM");
    expect(await local.ended).toMatchObject({ code: 130, err: "" });
  });

  test.each([
    ["shallow", "is a shallow clone; git fetch --unshallow brings the rest of its history"],
    ["detached", "has no branch checked out; check out the branch that work should land on"],
  ])("one that is %s is refused with a remedy", async (path, why) => {
    const directory = join(terminal.root, path);
    expect(await terminal.call(["local", "--repo", directory])).toEqual({ code: 1, out: "", err: `enki local: ${directory} ${why}\n` });
  });
});
