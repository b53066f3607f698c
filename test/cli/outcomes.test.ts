import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openSeeds } from "../conformance/seed-stage.ts";
import { hasNamespaces } from "../support/namespaces.ts";
import { open } from "./run-stage.ts";

type Act = Readonly<Record<string, unknown>>;

const planned = (id: string, over: Record<string, unknown> = {}) => ({ id, title: `Do ${id}`, description: `Do ${id}.`, ...over });
const STEPS = [planned("fix"), planned("doc", { needs: ["fix"] })];
const planOf = (steps: readonly unknown[]): Act => ({ only: "plan", tool: "enki_execution_create", arguments: { steps } });
const report = (only: string, args: Readonly<Record<string, unknown>>): Act => ({ only, tool: "enki_worker_report", arguments: args });
const writes = (id: string): readonly Act[] => [
  { only: id, write: `${id}.txt`, content: "2\n" },
  { only: id, say: `[OUTPUT]${id} is written.[/OUTPUT]` },
];

const run = (...acts: readonly Act[]) => openSeeds({}, acts).run("raise the limit");

describe("`enki run` reports the true outcome:", () => {
  test("an agent without changes or a reason fails with its run, and its dependents do not start", async () => {
    const it = await run(
      planOf(STEPS),
      { only: "fix", say: "I could not do this. Nothing was changed; the limit is still 1." },
      ...writes("doc"),
    );
    expect(it).toMatchObject({ code: 1, branch: null });
    expect(it.out).toContain("fix failed: The agent ended without a change and without saying why.");
    expect(it.out).toContain("the limit is still 1");
    expect(it.out).not.toMatch(/Done|doc: running/);
    expect(it.state().state).toBe("failed");
  });

  test("a planner that never starts fails with what it wrote to stderr", async () => {
    const { terminal, cwd, verify } = open();
    const agent = "/bin/sh -c 'echo out of cheese >&2; exit 1'";
    const told = await terminal.call(["run", "--agent", agent, ...verify, "sort the list"], { cwd });
    expect(told.code).toBe(1);
    expect(told.out).toMatch(/^Stopped: The planner's job failed 3 times: the agent exited with 1\. .*\n {4}out of cheese$/m);
  });

  test("a program that cannot start is named as the one after --agent, not as one of enki.toml", async () => {
    const { terminal, cwd, verify } = open();
    const program = join(terminal.root, "mine");
    writeFileSync(program, "#!/no/such/interpreter\n", { mode: 0o755 });
    const told = await terminal.call(["run", "--agent", program, ...verify, "sort the list"], { cwd });
    expect(told.code).toBe(1);
    expect(told.out).toContain("cannot be started");
    expect(told.out).toContain("Correct the command line after `--agent`.");
    expect(told.out).not.toContain("enki.toml");
  });

  test.skipIf(!hasNamespaces)("a configured program that jobs do not see is named with the directory that hides it", async () => {
    const hiding = realpathSync(mkdtempSync("/dev/shm/enki-hidden-"));
    onTestFinished(() => rmSync(hiding, { recursive: true }));
    const program = join(hiding, "mine");
    writeFileSync(program, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    const { terminal, cwd, verify } = open(undefined, { ".enki/enki.toml": `[agent]\ncommand = "${program}"\n` });
    const told = await terminal.call(["run", ...verify, "sort the list"], { cwd });
    expect(told.code).toBe(1);
    expect(told.out).toContain(
      "Jobs see only those programs in /dev/shm that `--agent` or your PATH names. Correct `[agent] command` in .enki/enki.toml.",
    );
  });

  test("a link after --agent to a program starts the program, although jobs do not see the link", async () => {
    const { terminal, cwd, verify } = open();
    const [program, link] = ["mine", "link"].map((name) => join(terminal.root, name)) as [string, string];
    writeFileSync(program, "#!/bin/sh\necho out of cheese >&2; exit 1\n", { mode: 0o755 });
    symlinkSync(program, link);
    const told = await terminal.call(["run", "--agent", link, ...verify, "sort the list"], { cwd });
    expect(told.out).toContain("out of cheese");
  });

  test("a base that fails its own verification ends the run with the output of the command, and what to do", async () => {
    const { terminal, cwd, agent } = open();
    const verify = ["--verify", "echo the base is broken; exit 3"];
    const told = await terminal.call(["run", "--yes", ...agent, ...verify, "sort the list"], { cwd });
    expect(told.code).toBe(1);
    expect(told.out).toMatch(
      /^Stopped: `main` itself does not pass verification, so no step is blamed\.\n {4}\$ echo .*\n {4}\| the base is broken\n {4}the command exited with 3\n[^]*\nFix main, or choose other commands with --verify; then start again:\n {2}enki run "sort the list"\n$/m,
    );
  });

  test("an agent that reports a failure fails its step with the reason", async () => {
    const why = "bubblewrap is not there: no command runs.";
    const it = await run(
      planOf(STEPS),
      { only: "fix", write: "half.txt" },
      report("fix", { outcome: "failed", reason: why }),
      ...writes("doc"),
    );
    expect(it).toMatchObject({ code: 1, branch: null });
    expect(it.out).toContain(`fix failed: ${why}`);
    expect(it.out).not.toMatch(/Done|doc: running/);
  });

  test("a run whose last step failed keeps landed work and is not done", async () => {
    const it = await run(planOf(STEPS), ...writes("fix"), report("doc", { outcome: "failed", reason: "There is no documentation." }));
    expect(it.code).toBe(1);
    expect(it.out).toContain("doc failed: There is no documentation.");
    expect(it.out).not.toContain("Done");
    expect(it.branch).not.toBeNull();
  });

  test("an agent with nothing to do gives its reason, and dependents start after a person agrees", async () => {
    const reason = "The limit is 10 already.";
    const it = await run(planOf(STEPS), report("fix", { outcome: "nothing-to-do", reason }), ...writes("doc"));
    expect(it.code).toBe(0);
    expect(it.out).toContain(`fix found nothing to do, and other steps need it:\n    ${reason}`);
    expect(it.out).toContain(`fix: nothing to change: ${reason}`);
    expect(it.out).toContain("Done.");
    expect(it.notes().join("\n")).toMatch(/-fix waits for a person to confirm that there is nothing to do/);
  });

  test("if every step had nothing to do, prints the reason and merges nothing", async () => {
    const it = await run(planOf([planned("fix")]), report("fix", { outcome: "nothing-to-do", reason: "The limit is 10 already." }));
    expect(it).toMatchObject({ code: 0, branch: null });
    expect(it.out).toContain("fix: nothing to change: The limit is 10 already.");
    expect(it.out).toContain("There is nothing to merge.");
  });

  test("a blocked agent asks even without a question of its own", async () => {
    const it = await run(planOf([planned("fix")]), report("fix", { outcome: "blocked", reason: "Which limit is meant: 10 or 100?" }));
    expect(it.code).toBe(3);
    expect(it.out).toContain("fix asks: Which limit is meant: 10 or 100?");
  });
});
