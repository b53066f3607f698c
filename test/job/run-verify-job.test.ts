import { afterEach, describe, expect, test } from "vitest";
import type { TimerStarter } from "../../src/storage/git/run-git.ts";
import { openBundle } from "../../src/job/job-bundle.ts";
import { runVerifyJob } from "../../src/job/run-verify-job.ts";
import { runningWith } from "../support/processes.ts";
import { after } from "../support/after.ts";
import { plan, step } from "../support/build.ts";
import { openJobs, TOKEN } from "./stage.ts";

let open: Awaited<ReturnType<typeof openJobs>> | null = null;
afterEach(() => open?.repo.close());

/** The default of `[refinery] timeout_minutes`. */
const LIMIT = 30 * 60_000;

/** Verifies the candidate of a repository with these commands; the candidate's step has no verify commands. */
const verify = async (commands: string[], over: { after?: TimerStarter; heard?: (line: string) => void } = {}) => {
  open = await openJobs({ verify: commands, plan: plan(step("fix")) });
  const log: string[] = [];
  const heard = (line: string): void => {
    log.push(line);
    over.heard?.(line);
  };
  const { host, at } = await open.prepare(`verify/${open.base}/1`, { after: over.after ?? after, log: heard });
  const passed = await runVerifyJob(host);
  const bundle = await openBundle(at.bundle);
  if (!bundle.ok) throw new Error(bundle.refusal.message);
  const { end, phases } = bundle.value.report;
  return { passed, output: bundle.value.output, end, phases, log, host };
};

describe("verify", () => {
  test("is green if all commands pass, in order, in the candidate's files", async () => {
    const { passed, output, end } = await verify(["cat src/a.txt", "echo two"]);
    expect({ passed, end }).toEqual({ passed: true, end: "success" });
    expect(output).toBe("$ cat src/a.txt\n| a\n$ echo two\n| two");
  });

  test("is red without commands, because nothing lands unverified", async () => {
    const { passed, output } = await verify([]);
    expect(passed).toBe(false);
    expect(output).toContain("No verify commands: set `[refinery] verify` in .enki/enki.toml");
  });

  test("stops at the first failing command and reports its last lines and exit", async () => {
    const { passed, output, end } = await verify(["echo fine", "echo out; echo err >&2; exit 3", "echo never"]);
    expect({ passed, end }).toEqual({ passed: false, end: "failed" });
    expect(output).toBe("$ echo fine\n| fine\n$ echo out; echo err >&2; exit 3\n| out\n| err\nthe command exited with 3");
  });

  test("hands over how long each command took and how it ended, without its text", async () => {
    const { phases } = await verify(["echo fine", "exit 3"]);
    const times = { from: expect.any(Number), to: expect.any(Number) };
    expect(phases).toEqual([
      { kind: "prepare", ...times, passed: true },
      { kind: "command", ...times, passed: true, exitCode: 0 },
      { kind: "command", ...times, passed: false, exitCode: 3 },
    ]);
  });

  test("says why a program below the machine's directory for temporary files is not found", async () => {
    const { passed, output } = await verify(["'/tmp/enki-missing/check.sh' --all"]);
    expect(passed).toBe(false);
    expect(output).toContain("the command exited with 127\n/tmp/enki-missing/check.sh may exist on this machine, but a job has");
    expect((await verify(["/opt/enki-missing/check.sh"])).output).not.toContain("may exist");
    expect((await verify(["ls /tmp/enki-missing; exit 3"])).output).not.toContain("may exist");
  });

  test("fails a command if one of its lines fails, even inside a pipe", async () => {
    expect((await verify(["false\necho never"])).passed).toBe(false);
    expect((await verify(["false | cat"])).passed).toBe(false);
  });

  test("fails a command that a signal killed", async () => {
    expect(await verify(["kill -KILL $$"])).toMatchObject({
      passed: false,
      output: expect.stringContaining("the command was ended by SIGKILL"),
    });
  });

  test("keeps the last 60 lines, each at most 1,000 characters", async () => {
    const { output } = await verify(["seq 1 500; head -c 5000 /dev/zero | tr '\\0' x; exit 1"]);
    const lines = output.split("\n");
    expect(lines).toHaveLength(60);
    expect(lines.slice(0, 2)).toEqual(["| 443", "| 444"]);
    expect(lines.at(-2)).toHaveLength(1_000);
    expect(lines.at(-1)).toBe("the command exited with 1");
  });

  test("an endless line does not fill the memory", async () => {
    const { passed, output } = await verify(["head -c 200000000 /dev/zero | tr '\\0' x"]);
    expect(passed).toBe(true);
    expect(output.length).toBeLessThan(2_000);
  });

  test("redacts credentials, even at the cut of a line", async () => {
    const token = `ghp_${"c".repeat(36)}`;
    const { output } = await verify([`echo ${token}; printf '%0990d%s' 0 ' ${token}'; exit 1`]);
    expect(output).not.toContain("ghp_c");
    expect(output).toContain("[redacted]");
  });

  test("has one time limit for all commands", async () => {
    const armed: (() => void)[] = [];
    const { passed, output } = await verify(["true", "echo begun; exec sleep 1000"], {
      after: (delay, call) => {
        if (delay !== LIMIT) return after(delay, call);
        armed.push(call);
        return () => undefined;
      },
      heard: (line) => {
        if (line === "| begun") for (const fire of armed) fire();
      },
    });
    expect(passed).toBe(false);
    expect(output).toMatch(/\| begun\nthe command did not finish within 30 min$/);
    expect(armed).toHaveLength(1);
  });

  test("its commands have their own home and see no token, API or command file", async () => {
    const { output, host } = await verify(["env | sort", "cd ~; pwd"]);
    expect(output).not.toContain(TOKEN);
    const names = output.split("\n").flatMap((line) => /^\| (\w+)=/.exec(line)?.[1] ?? []);
    expect(names.filter((name) => !["_", "SHLVL", "PWD", "OLDPWD"].includes(name)).sort()).toEqual(["CI", "HOME", "PATH", "TMPDIR"]);
    expect(output.split("\n").at(-1)).toBe(`| ${host.temp}/enki/agent/home-2`);
  });

  const SET_UP = {
    PATH: process.env["PATH"],
    JAVA_HOME: "/opt/java",
    JAVA_HOME_21_X64: "/opt/java-21",
    pythonLocation: "/opt/python",
    VIRTUAL_ENV: "/home/me/venv",
    DATABASE_URL: "postgres://enki:of-no-known-form@localhost/test",
    OTHER_URL: "postgres://other",
    ENKI_MODEL_KEY: "the-key-of-the-model",
    GITHUB_TOKEN: TOKEN,
  };

  test("its commands receive the places of tools, and the variables of [jobs] env, whose values no log shows", async () => {
    open = await openJobs({ verify: ["env"], plan: plan(step("fix")), variables: ["DATABASE_URL"] });
    const { host, at, log } = await open.prepare(`verify/${open.base}/1`, { env: SET_UP });
    expect(await runVerifyJob({ ...host, log: (line) => void log.push(line) })).toBe(true);
    const bundle = await openBundle(at.bundle);
    for (const text of [log.join("\n"), bundle.ok ? bundle.value.output : ""]) {
      expect(text).toContain("| JAVA_HOME=/opt/java\n");
      expect(text).toContain("| JAVA_HOME_21_X64=/opt/java-21");
      expect(text).toContain("| pythonLocation=/opt/python");
      expect(text).toContain("| DATABASE_URL=[redacted]");
      expect(text).not.toMatch(/of-no-known-form|OTHER_URL|VIRTUAL_ENV|MODEL_KEY|GITHUB_TOKEN/);
    }
  });

  test("[jobs] env of a candidate has no effect: prepare reads the default branch", async () => {
    open = await openJobs({ verify: ["env"], plan: plan(step("fix")) });
    const { base, ledger, record, repo } = open;
    const text = repo.git("show", `${base}:.enki/enki.toml`);
    const candidate = await repo.commit(
      "enki/candidate/1",
      { ".enki/enki.toml": `${text}\n[jobs]\nenv = ["DATABASE_URL"]\n` },
      { parents: [base] },
    );
    const queue = ledger.queues["main"];
    if (!queue) throw new Error("the queue is missing");
    const candidates = queue.candidates.map((each) => ({ ...each, commit: candidate }));
    await record({ ...ledger, queues: { main: { ...queue, candidates } } });
    const { host, at, claimed } = await open.prepare(`verify/${candidate}/1`, { env: SET_UP });
    await runVerifyJob(host);
    const bundle = await openBundle(at.bundle);
    expect(claimed).not.toBeNull();
    expect(bundle.ok && bundle.value.output).not.toContain("DATABASE_URL");
    expect(bundle.ok && bundle.value.output).toContain("JAVA_HOME");
  });

  test("removes processes that a command left", async () => {
    const marks = [7_001, 7_002, 7_003].map((seconds) => `${seconds}.${process.pid}`);
    const [group, session, daemon] = marks;
    const left = `sleep ${group} & setsid sleep ${session} & (env -i setsid sleep ${daemon} &) & sleep 0`;
    const { passed } = await verify([left, "echo more"]);
    expect(passed).toBe(true);
    expect(marks.flatMap((mark) => runningWith(`sleep ${mark}`))).toEqual([]);
  });
});
