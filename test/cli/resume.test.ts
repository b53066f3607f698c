import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import { after } from "../support/after.ts";
import { open, playOf } from "./run-stage.ts";
import { makeRepository, openTerminal } from "./stage.ts";

const LOOK_MS = 5;
const PLAN = playOf([
  { id: "sort", run: "sort -o list.txt list.txt" },
  { id: "count", run: "wc -l < list.txt > count.txt", more: ', needs = ["sort"]' },
  { id: "note", run: "cp count.txt note.txt", more: ', needs = ["count"]' },
]);

type World = ReturnType<typeof open> & { readonly machine: () => string };
type Point = readonly [name: string, isReached: (world: World, out: string) => boolean];

const openWorld = (): World => {
  const of = open(PLAN);
  const temporary = join(of.terminal.root, "tmp");
  return { ...of, machine: () => join(temporary, readdirSync(temporary)[0] ?? "missing") };
};

const filesBelow = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: "utf8" }) : [];
const recordsOf = ({ terminal }: Pick<World, "terminal">): string[] =>
  filesBelow(join(terminal.root, "home", ".local", "state", "enki", "machines")).filter((name) => name.endsWith(".json"));
const landedIn = ({ machine, git }: World): string[] =>
  git("--git-dir", join(machine(), "repositories", "local", "own.git"), "log", "--first-parent", "--format=%H", "--grep=Enki-Task", "main")
    .split("\n")
    .filter((line) => line !== "");
const hasLog = ({ machine }: World, job: string): boolean =>
  filesBelow(join(machine(), "jobs", "logs")).some((path) => path.endsWith(`/${job}.log`));

/** Points from the first resumable moment to the last landing. */
const POINTS: readonly Point[] = [
  ["the record is written", (world) => recordsOf(world).length > 0],
  ["the planner starts", (_, out) => out.includes("makes a plan")],
  ["the planner delivered", (world) => hasLog(world, "publish")],
  ["the plan is approved", (_, out) => out.includes("The plan:")],
  ["the first step runs", (_, out) => out.includes("sort: running")],
  ["the first step is verified", (_, out) => out.includes("sort: being verified")],
  ["the first step lands", (_, out) => out.includes("sort: landed")],
  ["the second step is verified", (_, out) => out.includes("count: being verified")],
  ["the second step lands", (_, out) => out.includes("count: landed")],
  ["the last step is verified", (_, out) => out.includes("note: being verified")],
];

const sleep = (delay: number): Promise<void> => new Promise((resolve) => void after(delay, resolve));

/** Starts the run and sends the signal as soon as the point is reached. */
const interruptAt = async (world: World, isReached: Point[1], signal: NodeJS.Signals) => {
  const { terminal, agent, verify, cwd } = world;
  const started = terminal.start(["run", "--yes", ...agent, ...verify, "sort", "the list"], { cwd });
  while (!isReached(world, started.printed())) await sleep(LOOK_MS);
  started.signal(signal);
  return started.ended;
};

describe.each(["SIGKILL", "SIGINT"] as const)("%s in enki run", (signal) => {
  test.each(POINTS)("loses nothing when %s, and --resume finishes with the same result", async (_name, isReached) => {
    const world = openWorld();
    const { terminal, git, cwd, branches, own } = world;
    const before = own();
    const ended = await interruptAt(world, isReached, signal);
    if (signal === "SIGINT")
      expect(ended).toMatchObject({ code: 130, err: "", out: expect.stringContaining("enki run --resume") as unknown });
    const landed = landedIn(world);
    const { code, out, err } = await terminal.run(["run", "--resume"], { cwd });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [, branch = ""] = /^ {2}git merge (enki\/[0-9a-f]{6})$/m.exec(out) ?? [];
    expect(branches()).toEqual([branch, "main"]);
    expect(own()).toEqual(before);
    const after = git("log", "--first-parent", "--format=%H", `main..${branch}`).split("\n");
    expect(after).toEqual(expect.arrayContaining(landed));
    expect(git("log", "--reverse", "--first-parent", "--format=%s", `main..${branch}`).split("\n")).toEqual([
      "Do sort",
      "Do count",
      "Do note",
    ]);
    expect(git("ls-tree", "-r", "--name-only", branch).split("\n")).toEqual(["count.txt", "list.txt", "note.txt", "notes.txt"]);
    expect(git("show", `${branch}:note.txt`).trim()).toBe("2");
    expect(recordsOf(world)).toEqual([]);
    expect(terminal.leftBehind()).toEqual([]);
    expect(terminal.processes()).toEqual([]);
  });
});

test("work that landed is on a branch at once, before the run ends", async () => {
  const world = openWorld();
  const ended = await interruptAt(world, (_, out) => out.includes("count: running"), "SIGINT");
  const [, branch = ""] = /What landed is on the branch (enki\/\S+)\.\n/.exec(ended.out) ?? [];
  expect(world.branches()).toEqual([branch, "main"]);
  expect(world.git("show", `${branch}:list.txt`)).toBe("a\nb");
  expect(world.git("log", "--format=%s", `main..${branch}`).split("\n")).toEqual(["Do sort", "Do sort"]);
});

test("nothing interrupted is said so, and a run that still goes on is not continued twice", async () => {
  const world = openWorld();
  const { terminal, cwd, agent, verify } = world;
  expect(await terminal.run(["run", "--resume"], { cwd })).toEqual({ code: 1, out: "", err: "enki run: no run was interrupted here\n" });
  const started = terminal.start(["run", "--yes", ...agent, ...verify, "sort"], { cwd });
  await started.prints(/makes a plan/);
  expect(await terminal.run(["run", "--resume"], { cwd })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/still in progress/) as unknown,
  });
  started.signal("SIGINT");
  await started.ended;
});

test("a run that goes on is not one of those that were interrupted", async () => {
  const world = openWorld();
  const { terminal, cwd, agent, verify } = world;
  await interruptAt(world, (_, out) => out.includes("sort: running"), "SIGKILL");
  const other = terminal.start(["run", "--yes", ...agent, ...verify, "sort"], { cwd });
  await other.prints(/makes a plan/);
  const { code, err } = await terminal.run(["run", "--resume"], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  other.signal("SIGINT");
  await other.ended;
});

test("--resume without a name prefers the interrupted run to a plan that nobody approved, and names several", async () => {
  const world = openWorld();
  const { terminal, cwd, agent, verify, run } = world;
  await interruptAt(world, (_, out) => out.includes("sort: running"), "SIGKILL");
  const [, plan = ""] = /enki run --resume --yes (\w+)\n/.exec((await run("sort later")).out) ?? [];
  const refused = await terminal.run(["run", "--resume", "--no"], { cwd });
  expect(refused).toMatchObject({ code: 0, out: `The plan ${plan} is discarded, so nothing runs.\n` });
  await run("sort later");
  const { code, out, err } = await terminal.run(["run", "--resume"], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("git merge enki/");
  for (const request of ["sort once", "sort twice"]) {
    const started = terminal.start(["run", "--yes", ...agent, ...verify, request], { cwd });
    await started.prints(/sort: running/);
    started.signal("SIGKILL");
    await started.ended;
  }
  const several = await terminal.run(["run", "--resume"], { cwd });
  expect(several.err).toMatch(
    /^enki run: several runs can be continued here; name one:\n(?: {2}enki run --resume \w+ {2}sort (?:once|twice)\n){2}$/,
  );
});

test("of two --resume at the same time, one finishes the run and the other says that it is in progress", async () => {
  const world = openWorld();
  const { terminal, cwd } = world;
  await interruptAt(world, (_, out) => out.includes("sort: running"), "SIGKILL");
  const ended = await Promise.all([terminal.run(["run", "--resume"], { cwd }), terminal.run(["run", "--resume"], { cwd })]);
  expect(ended.map(({ code, err }) => ({ code, err })).toSorted((a, b) => Number(a.code) - Number(b.code))).toEqual([
    { code: 0, err: "" },
    { code: 1, err: expect.stringMatching(/^enki run: the run is still in progress, in process \d+\n$/) as unknown },
  ]);
  expect(world.git("ls-tree", "-r", "--name-only", world.branches()[0] ?? "").split("\n")).toContain("note.txt");
  expect(recordsOf(world)).toEqual([]);
  expect(terminal.leftBehind()).toEqual([]);
  expect(terminal.processes()).toEqual([]);
});

test("a failed --resume keeps the run, and the next one finishes", async () => {
  const world = openWorld();
  const { terminal, cwd } = world;
  await interruptAt(world, (_, out) => out.includes("sort: landed"), "SIGKILL");
  const state = join(world.machine(), "state", "forge");
  const stored = readFileSync(state);
  writeFileSync(state, serialize({ format: 0 }));
  const failed = await terminal.run(["run", "--resume"], { cwd });
  expect(failed).toMatchObject({ code: 1, err: expect.stringMatching(/another version of Enki/) as unknown });
  expect(landedIn(world)).not.toEqual([]);
  writeFileSync(state, stored);
  expect(await terminal.run(["run", "--resume"], { cwd })).toMatchObject({ code: 0, err: "" });
  expect(world.git("ls-tree", "-r", "--name-only", world.branches()[0] ?? "").split("\n")).toContain("note.txt");
});

test("uncommitted workflows and roles are used with a notice", async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "list.txt": "b\na\n", ".enki/notes.md": "old\n" });
  const flow = "---\ndescription: Sorts.\nroles:\n  sort:\n    run: sort -o list.txt list.txt\n---\n";
  mkdirSync(join(cwd, ".enki", "workflows"));
  writeFileSync(join(cwd, ".enki", "workflows", "mine.md"), flow);
  writeFileSync(join(cwd, ".enki", "enki.toml"), "[refinery]\nverify = ['test \"$(head -n 1 list.txt)\" = a']\n");
  writeFileSync(join(cwd, "other.txt"), "not used\n");
  const { code, out, err } = await terminal.run(["run", "--yes", "--workflow", "mine"], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("Used although not committed: .enki/enki.toml, .enki/workflows/mine.md.\n");
  expect(out).toContain("Uncommitted work is left out: 1 file.\n");
  const [, branch = ""] = /^ {2}git merge (\S+)$/m.exec(out) ?? [];
  expect(git("show", `${branch}:list.txt`)).toBe("a\nb");
  expect(git("ls-tree", "-r", "--name-only", branch).split("\n")).toEqual([".enki/notes.md", "list.txt"]);
  expect(readFileSync(join(cwd, "list.txt"), "utf8")).toBe("b\na\n");
});
