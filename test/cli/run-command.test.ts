import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ESCAPE, hasScript, inTerminal, open, playOf, screen, SORT } from "./run-stage.ts";
import { makeRepository, openTerminal } from "./stage.ts";

/** The execution of a plan that waits for an approval. */
const planIn = (out: string): string => /To start this plan:\n {2}enki run --resume --yes (\w+)\n$/.exec(out)?.[1] ?? "none";

const left = (of: { code: number | null; err: string }): object => ({ code: of.code, err: of.err });

describe.concurrent("enki run", () => {
  test("returns the result of a request as a branch and changes nothing else", async () => {
    const { terminal, git, run, own, branches } = open();
    const before = own();
    const told = await run("--yes", "sort", "the list");
    expect(left(told)).toEqual({ code: 0, err: "" });
    expect(told.out).toMatch(/Uncommitted work is left out: 1 file\.\n[^]*The plan:\n\no {2}sort {2}Do sort\n/);
    expect(told.out).toMatch(/^ +[\d.]+ s {2}sort: landed$/m);
    expect(told.out).not.toContain(ESCAPE);
    expect(told.out).not.toMatch(/https?:|#\d|pull request|\/enki /);
    const [, branch = ""] = /^ {2}git merge (enki\/[0-9a-f]{6})$/m.exec(told.out) ?? [];
    expect(branches()).toEqual([branch, "main"]);
    expect(own()).toEqual(before);
    expect(git("show", `${branch}:list.txt`)).toBe("a\nb");
    expect(git("ls-tree", "-r", "--name-only", branch).split("\n")).toEqual(["list.txt", "notes.txt"]);
    expect(git("log", "--format=%s", `main..${branch}`).split("\n")).toEqual(["Do sort", "Do sort"]);
    expect(git("merge-base", "main", branch)).toBe(git("rev-parse", "main"));
    const [, head = ""] = /Enki-Head: ([0-9a-f]{40})/.exec(git("log", "-1", "--format=%B", branch)) ?? [];
    expect(git("rev-parse", `${branch}^2`)).toBe(head);
    expect(terminal.leftBehind()).toEqual([]);
    expect(terminal.processes()).toEqual([]);
  });

  test("can run twice, with both results available, and --json prints each change as a line of JSON and nothing else", async () => {
    // Given a repository in which a request was carried out.
    const { terminal, cwd, git, call, branches } = open();
    await call("--yes", "sort the list");
    const [first = ""] = branches();

    // When a person asks for the same again, as JSON.
    const { code, out, err } = await call("--json", "--yes", "sort the list");

    // Then each change is a line.
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const events = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events[0]).toMatchObject({ kind: "execution", state: "planning" });
    const states = events.filter(({ kind }) => kind === "step").map(({ state }) => state);
    expect([states[0], states.at(-1)]).toEqual([expect.stringMatching(/pending|ready|running/), "done"]);
    const end = events.at(-1) ?? {};
    expect(end).toMatchObject({
      kind: "end",
      end: "done",
      base: "main",
      branch: branches().find((name) => !["main", first].includes(name)),
    });
    expect(git("show", `${String(end["branch"])}:list.txt`)).toBe("a\nb");

    // And both results are available.
    const ids = branches().flatMap((name) => /^enki\/(.*)/.exec(name)?.[1] ?? []);
    expect(ids).toHaveLength(2);
    for (const id of ids) {
      const graph = await terminal.call(["graph", id], { cwd });
      expect(graph.out).toBe("*  sort  landed  Do sort\n");
      const json = await terminal.call(["graph", `${id}-sort`, "--format", "json"], { cwd });
      expect(JSON.parse(json.out)).toMatchObject({ id, state: "done", steps: [{ id: "sort", state: "done", needs: [] }] });
    }
    // Without a GitHub, every command shows the newest run.
    const status = await terminal.call(["status"], { cwd });
    expect(status).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f]{6} {2}done, 1 of 1 step done/) as unknown });
    expect((await terminal.call(["graph"], { cwd })).out).toBe("*  sort  landed  Do sort\n");
    expect((await terminal.call(["explain", "sort"], { cwd })).out).toMatch(
      /^sort \(Do sort\) is done: It landed on enki\/[0-9a-f]{6} as [0-9a-f]{12}\./,
    );
    expect((await terminal.call(["graph", ids[0] ?? "", "--format", "mermaid"], { cwd })).out).toMatch(
      /^graph LR\n {2}n0\["✅ Do sort"\]:::done\n/,
    );
    expect(await terminal.call(["graph", "000000"], { cwd })).toMatchObject({
      code: 1,
      err: expect.stringContaining("there are ") as unknown,
    });
  });

  test("commands of a GitHub say where the work of a run is, or what to do instead", async () => {
    const { terminal, cwd, git, agent, call, branches } = open();
    await call("--yes", "sort the list");
    const enki = (...args: string[]) => terminal.call(args, { cwd });
    const id = branches()[0]?.replace("enki/", "") ?? "";
    const landed = `${id} is an execution of enki run, so GitHub does not know it; what landed is on the branch enki/${id}\n`;
    for (const args of [["retry"], ["retry", "sort"], ["approve"], ["undo", "sort"], ["undo"], ["budget", "+5"], ["watch"], ["cancel", id]])
      expect(await enki(...args)).toEqual({ code: 1, out: "", err: `enki ${args[0] ?? ""}: ${landed}` });
    expect((await enki("report")).out).toMatch(new RegExp(`^### ${id}: done after `));
    expect((await enki("report", `${id}-sort`)).out).toMatch(new RegExp(`^### ${id}: done after `));
    expect(await enki("retry", "nope")).toMatchObject({ code: 1, err: `enki retry: ${landed}` });
    expect(await enki("fix", "it")).toMatchObject({
      code: 1,
      err: expect.stringContaining("start enki local, or use enki run") as unknown,
    });
    await terminal.call(["run", ...agent, "--verify", "false", "--yes", "sort again"], { cwd });
    expect((await enki("retry")).err).toMatch(/so GitHub does not know it; to try again: enki run "sort again"\n$/);
    const [status] = JSON.parse((await enki("status", "--json")).out) as object[];
    expect(status).toMatchObject({ state: "running", run: "over" });
    // With a remote on GitHub, only a name means a run.
    git("remote", "add", "origin", "https://github.com/ada/list");
    expect((await enki("retry", id)).err).toBe(`enki retry: ${landed}`);
    expect((await enki("retry")).err).toMatch(/^enki retry: there is no token for github\.com; /);
  });

  test("starts nothing without an approval: it keeps the newest plan, which --resume starts or discards", async () => {
    // Given a request without an approval.
    const { terminal, cwd, git, call, own, branches } = open();
    const before = own();
    const resume = (...args: string[]) => terminal.call(["run", "--resume", ...args], { cwd });
    const ledgers = (): string[] =>
      git("for-each-ref", "--format=%(refname)", "refs/enki/runs")
        .split("\n")
        .map((ref) => ref.replace("refs/enki/runs/", ""));
    const told = await call("sort the list");

    // Then nothing runs, and the person sees the plan, each step's task, and how to start exactly this plan.
    expect(left(told)).toEqual({ code: 3, err: "" });
    expect(told.out).toContain("sort (a command)\n    $ sort -o list.txt list.txt\n    Told to sort.\n");
    const earlier = planIn(told.out);
    expect(told.out).not.toContain("sort: running");
    expect(own()).toEqual(before);
    expect(branches()).toEqual(["main"]);
    expect((await terminal.call(["status"], { cwd })).out).toMatch(
      new RegExp(`^${earlier} {2}proposed, [^#]* {2}sort the list\n[^]*\n {2}To continue: enki run --resume ${earlier}\n$`),
    );
    expect((await terminal.call(["explain"], { cwd })).out).toMatch(
      new RegExp(`is proposed: [^]*\n\nWhat you can do:\n {2}To continue: enki run --resume ${earlier}\n$`),
    );

    // When the person asks again, then only the newest plan is kept, and --resume finds it without its name.
    const again = await call("sort it again");
    const newest = planIn(again.out);
    expect(again.out).toContain(`The earlier plan ${earlier} is discarded, because nobody approved it.\n`);
    expect(ledgers()).toEqual([newest]);
    expect(await resume("--yes", earlier)).toMatchObject({ code: 1, err: `enki run: no run of ${earlier} can be continued here\n` });
    expect(await resume("--yes")).toMatchObject({ code: 0, out: expect.stringContaining(`git merge enki/${newest}`) as unknown });

    // When the person discards a plan, then nothing of it is left.
    const unwanted = planIn((await call("sort it once more")).out);
    expect(await resume("--no", unwanted)).toEqual({
      code: 0,
      out: `The plan ${unwanted} is discarded, so nothing runs.\n`,
      err: "",
    });
    expect(ledgers()).toEqual([newest]);
    expect(terminal.leftBehind()).toEqual([]);
    expect(await resume("--no")).toMatchObject({ code: 1, err: "enki run: no plan waits for an approval here\n" });
    expect(await terminal.call(["run", "--no", "sort"], { cwd })).toMatchObject({ code: 2, err: "enki run: --no needs --resume\n" });
    expect(await resume("--no", "--yes")).toMatchObject({ code: 2, err: "enki run: --yes and --no contradict each other\n" });
  });

  test("says that a repository's submodules are left out", async () => {
    const modules =
      '[submodule "a"]\n\tpath = vendor/a\n\turl = https://example.invalid/a.git\n[submodule "b"]\n\tpath = b\n\turl = ../b\n';
    const { out } = await open(playOf([SORT]), { ".gitmodules": modules }).call("sort the list");
    expect(out).toContain("Submodules are left out: vendor/a, b. Agents and verify commands find empty folders there;");
    expect((await open().call("sort the list")).out).not.toContain("ubmodules");
  });

  test("--resume --no --json reports the discarded plan as an event", async () => {
    const { terminal, cwd, call } = open();
    const id = planIn((await call("sort the list")).out);
    const { code, out, err } = await terminal.call(["run", "--resume", "--no", "--json"], { cwd });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toEqual({ kind: "end", execution: id, end: "discarded", branch: null, base: "main" });
  });

  test("approves a checkpoint with --yes and shows its subject, reports why it stopped with the last lines, and keeps logs and landed work", async () => {
    const steps = [
      { ...SORT, more: ", checkpoint = true" },
      { id: "spoil", run: "echo z > list.txt", more: ', needs = ["sort"]' },
    ];
    const { terminal, git, call, branches } = open(playOf(steps));
    const told = await call("--yes", "sort and spoil");
    expect(left(told)).toEqual({ code: 1, err: "" });
    expect(told.out).toMatch(/^Checkpoint sort: other steps build on it\.\n[^]* {4} ?list\.txt \| 2 /m);
    expect(told.out).toMatch(
      /^spoil failed: `test .*` failed, so its candidate did not pass verification\.\n {4}\$ test .*\n {4}the command exited with 1$/m,
    );
    expect(told.out).toMatch(/Finished work stays\. Landed work is on the branch enki\//);
    expect(git("show", `${branches()[0] ?? ""}:list.txt`)).toBe("a\nb");
    const [, logs = ""] = /The logs of the jobs are in (\S+)/.exec(told.out) ?? [];
    expect(readdirSync(logs).length).toBeGreaterThan(0);
    expect(terminal.processes()).toEqual([]);
  });

  test("shows reports if nothing is to be merged", async () => {
    const role = 'name = "looker"\nlabel = "L"\ndescription = "d"\nsystem_prompt = "p"\ncan_edit = false\noutput = "artifact"\n';
    const steps = [{ id: "look", run: "echo '# Found'; echo; echo two places", more: ', role = "looker"' }];
    const { git, call, branches } = open(playOf(steps), { ".enki/roles/looker.toml": role });
    const { code, out } = await call("--yes", "what limits it?");
    expect(code).toBe(0);
    expect(out).toContain("look: Do look\n    # Found\n\n    two places\n");
    expect(out).toContain("Done. The report is above, and there is nothing to merge.");
    const [, object = ""] = /^ {2}git show (\S+)$/m.exec(out) ?? [];
    expect(git("show", object)).toBe("# Found\n\ntwo places");
    expect(branches()).toEqual(["main"]);
  });

  test("Ctrl+C ends it immediately and leaves no process", async () => {
    const { terminal, cwd, agent, verify, own } = open(playOf([{ id: "hang", run: "sleep 1000" }]));
    const before = own();
    const started = terminal.start(["run", "--yes", ...agent, ...verify, "hang"], { cwd });
    await started.prints(/hang: running/);
    started.signal("SIGINT");
    expect(left(await started.ended)).toEqual({ code: 130, err: "" });
    expect(own()).toEqual(before);
    expect(terminal.processes()).toEqual([]);
  });
});

describe.concurrent("enki run reports before it starts", () => {
  test.each<[string, Record<string, string>, RegExp, string?]>([
    ["that nothing verifies", {}, /^enki run: Nothing can land yet, because nothing verifies it: .*--verify/],
    [
      "what is wrong in enki.toml",
      { ".enki/enki.toml": "[refinery]\nverfy = 1\n" },
      /^enki run: \.enki\/enki\.toml:2:1: unknown-key: unknown key refinery\.verfy; did you mean verify\?\nenki validate lists every mistake\.\n$/,
    ],
    [
      "that the agent is missing",
      { ".enki/enki.toml": '[refinery]\nverify = ["true"]\n[agent]\ncommand = "no-such-agent"\n' },
      /^enki run: the agent's command no-such-agent was not found/,
    ],
    [
      "that the agent is missing, after the tests that it found",
      {
        "package.json": '{ "scripts": { "test": "node --test" } }',
        "package-lock.json": '{ "lockfileVersion": 3 }',
        ".enki/enki.toml": '[agent]\ncommand = "no-such-agent"\n',
      },
      /^enki run: the agent's command no-such-agent was not found/,
      "Every change must pass npm ci && npm test, detected in this repository's files. To choose other commands, use --verify or [refinery] verify in .enki/enki.toml.\n",
    ],
  ])("%s", async (_, files, why, out = "") => {
    const terminal = openTerminal();
    const cwd = join(terminal.root, "own");
    makeRepository(cwd, { "a.txt": "", ...files });
    const told = await terminal.call(["run", "--yes", "do it"], { cwd });
    expect(told).toMatchObject({ code: 1, err: expect.stringMatching(why) as unknown });
    expect(told.out).toBe(out);
    expect(terminal.processes()).toEqual([]);
  });
});

describe.runIf(hasScript)("enki run in a terminal", () => {
  test("asks about the plan until the person accepts one, updates progress in place, and leaves only lasting output", async () => {
    // Given a planner that revises its plan, and an open terminal.
    const first = playOf([SORT]).replace('role = "plan"', 'role = "plan"\nattempt = 1');
    const second = playOf([SORT, { id: "count", run: "wc -l < list.txt > count.txt", more: ', needs = ["sort"]' }])
      .replace(/^\ntitle.*\n/, "\n")
      .replace('role = "plan"', 'role = "plan"\nattempt = 2');
    const of = open(`${first}${second}`);

    // When the person says what to change, and accepts the second plan.
    const answers = [
      ["[y/N]", "count the lines too"],
      ["[y/N]", "y"],
    ] as const;
    const { code, out } = await inTerminal(of, ["sort the list"], answers);

    // Then the second plan is carried out.
    expect({ code, tail: code === 0 ? [] : screen(out).slice(-25) }).toEqual({ code: 0, tail: [] });
    const shown = screen(out).join("\n");
    expect(shown).toMatch(
      /The plan:[^]*Say what to change instead of yes or no\.\nStart this plan\? \[y\/N\] count the lines too[^]*Do count[^]*Done\. Landed work is on the branch enki\//,
    );
    const branch = of.branches().find((each) => each.startsWith("enki/")) ?? "";
    expect(of.git("show", `${branch}:count.txt`).trim()).toBe("2");
    expect(of.branches()).toHaveLength(2);

    // And progress was updated in place.
    expect(out).toContain(`${ESCAPE}[J`);
    expect(shown).not.toContain(ESCAPE);
    expect(shown).not.toMatch(/\d+ of \d+ steps done|Reading the code/);
    // oxlint-disable-next-line no-control-regex -- colours
    const line = / done, \d+ s\r?\n +[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] \d+ s {2}\u001b\[36m@ {2}sort {2,3}running {2,3}Do sort\u001b\[0m/;
    expect(out).toMatch(line);
    expect((await of.terminal.call(["report", branch.slice("enki/".length)], { cwd: of.cwd })).out).toMatch(
      /### [0-9a-f]{6}: done after .*\n\n.*an agent at work[^]*\| `sort` \| Do sort \| landed \|/,
    );
  });

  test("asks about a step that changes its own checks after it is tried without these changes, and says how that ended", async () => {
    const fails = 'import test from "node:test";\ntest("three lines", () => { throw new Error("there are two"); });\n';
    const step = { id: "sort", run: `${SORT.run} && rm list.test.mjs`, more: ', verify = ["node --test"]' };
    const of = open(playOf([step]), { "list.test.mjs": fails });
    const answers = [
      ["Start this plan? [y/N]", "y"],
      ["Approve it?", "y"],
    ] as const;
    const { code, out } = await inTerminal(of, ["sort the list"], answers);
    const shown = screen(out).join("\n");
    expect({ code, tail: code === 0 ? [] : screen(out).slice(-25) }).toEqual({ code: 0, tail: [] });
    expect(shown).toMatch(
      /Checkpoint sort\. It changes the checks that judge it: list\.test\.mjs deletes a test\. Without these changes, node --test fails\.\n[^]*# fail 1[^]*Approve it\?[^]*Done\./,
    );
  });

  test("starts nothing after the answer no", async () => {
    const of = open();
    const { code, out } = await inTerminal(of, ["sort the list"], [["[y/N]", "n"]]);
    expect(code).toBe(3);
    expect(out).not.toContain("running");
    expect(out.replaceAll("\r", "")).toMatch(
      /The plan was not approved, so nothing runs\. For another plan:\n {2}enki run "sort the list"\n$/,
    );
    expect(of.branches()).toEqual(["main"]);
    expect(of.git("for-each-ref", "refs/enki")).toBe("");
    expect(of.terminal.leftBehind()).toEqual([]);
  });
});
