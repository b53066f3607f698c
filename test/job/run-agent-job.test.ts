import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import { openBundle } from "../../src/job/job-bundle.ts";
import type { StepHost } from "../../src/job/step-host.ts";
import type { Plan } from "../../src/core/domain/plan.ts";
import { after } from "../support/after.ts";
import { plan, step } from "../support/build.ts";
import { openModelServer } from "./proxy/model-server.ts";
import { ID, openJobs, TOKEN } from "./stage.ts";

const AGENT = fileURLToPath(new URL("../fixtures/agent.mjs", import.meta.url));
/** A tier's default time limit. */
const LIMIT = 30 * 60_000;

type Act = Readonly<Record<string, unknown>>;

let open: Awaited<ReturnType<typeof openJobs>> | null = null;
afterEach(() => open?.repo.close());

/** Runs a job until its bundle is written; its agent does these acts. */
const work = async (acts: readonly Act[], over: { job?: string; plan?: Plan; preset?: string } & Partial<StepHost> = {}) => {
  const { job = `work/${ID}-fix/1`, plan: planned, preset, ...host } = over;
  open = await openJobs({
    agent: [process.execPath, AGENT, ...acts.map((act) => JSON.stringify(act))],
    ...(planned && { plan: planned }),
    ...(preset !== undefined && { preset }),
  });
  const prepared = await open.prepare(job, host);
  const end = await runAgentJob(prepared.host);
  const bundle = await openBundle(prepared.at.bundle);
  if (!bundle.ok) throw new Error(bundle.refusal.message);
  const { report, answer, output, artifact, content } = bundle.value;
  const files = report.files.map(({ path, kind }) => `${kind} ${path}`);
  const transcript = join(prepared.at.bundle, "transcript.jsonl");
  return {
    ...end,
    files,
    output,
    artifact,
    tools: report.tools,
    failure: report.failure,
    outcome: report.outcome,
    replies: report.replies,
    answer,
    log: prepared.log,
    at: prepared.at,
    workspace: prepared.host.workspace,
    transcript: existsSync(transcript) ? readFileSync(transcript, "utf8") : "",
    first: async () => (await content(0))?.toString("utf8") ?? null,
    publish: () => open?.publish(job, prepared.at.bundle),
    published: () => open?.published(job),
  };
};

describe("an agent's job ends as", () => {
  test("success: with changed, new, deleted and executable files, without ignored ones", async () => {
    const job = await work([
      { run: "mkdir -p built bin && echo b > built/x && echo n > bin/new && chmod +x bin/new && rm src/a.txt && echo more >> docs/b.md" },
      { say: "Both done.\n[OUTPUT]The limit is 10 MB.[/OUTPUT]\n" },
    ]);
    expect(job).toMatchObject({ end: "success", why: "", output: "The limit is 10 MB." });
    expect(job.files).toEqual(["file bin/new", "file docs/b.md", "deleted src/a.txt"]);
    expect(await job.first()).toBe("n\n");
    expect(await job.publish()).toMatchObject({ end: "delivered" });
    expect(job.published()).toMatchObject({ result: { end: "success" }, tree: expect.arrayContaining(["100755 files/bin/new"]) });
  });

  test("success: with commits by the agent", async () => {
    const job = await work([{ run: "echo n > n.txt && git add -A && git -c user.name=a -c user.email=a@b commit -qm done" }]);
    expect(job).toMatchObject({ end: "success", files: ["file n.txt"] });
  });

  const NONE = "It is 10 MB already.";
  const report = (outcome: string, reason?: string) => ({
    tool: "enki_worker_report",
    arguments: { outcome, ...(reason === undefined ? {} : { reason }) },
  });
  const block = (...lines: string[]) => ({ say: ["Here is what came of it.", "[OUTPUT]", ...lines, "[/OUTPUT]"].join("\n") });

  test.each([
    ["by its tool", [report("nothing-to-do", NONE), { say: "I looked at both files." }]],
    ["in its output block", [block("status: nothing-to-do", `reason: ${NONE}`)]],
    ["in its output block, in other letters, with the reason around it", [block("**Status:** Nothing to do", NONE)]],
  ])("unchanged: it reports nothing-to-do %s with a reason", async (_, acts) => {
    expect(await work(acts)).toMatchObject({ end: "unchanged", why: NONE, outcome: { kind: "nothing-to-do", reason: NONE }, files: [] });
  });

  test.each([
    ["says something and changes nothing", [{ say: "I could not do this. Nothing was changed." }]],
    ["says nothing and changes nothing", []],
    ["takes its change back", [{ run: "echo x >> src/a.txt; git checkout -q src/a.txt" }, { say: "No need after all." }]],
    ["mentions a status in prose", [{ say: "I would say status: nothing-to-do, in [OUTPUT] tags." }]],
  ])("B-13 failed: it %s without an outcome", async (_, acts) => {
    expect(await work(acts)).toMatchObject({
      end: "failed",
      why: "The agent ended without a change and without saying why.",
      outcome: null,
      files: [],
    });
  });

  test("failed: it reports nothing-to-do without a reason, or done without a change", async () => {
    expect(await work([{ say: "[OUTPUT]status: nothing-to-do[/OUTPUT]" }])).toMatchObject({
      end: "failed",
      why: "The agent says that there is nothing to do, but not why.",
    });
    open?.repo.close();
    expect(await work([report("done")])).toMatchObject({ end: "failed", why: "The agent says that it is done, but changed nothing." });
  });

  test("failed: it reports nothing-to-do but changed files, which are named", async () => {
    const job = await work([{ write: "n.txt" }, report("nothing-to-do", NONE)]);
    expect(job).toMatchObject({
      end: "failed",
      why: "The agent says that there is nothing to do, but changed `n.txt`.",
      files: [],
    });
  });

  test("failed: it reports a failure, whatever it changed; its last call overrides its block", async () => {
    const why = "bubblewrap is not there: no command runs.";
    const job = await work([{ write: "n.txt" }, report("done"), report("failed", why), block("status: done")]);
    expect(job).toMatchObject({ end: "failed", why, outcome: { kind: "failed", reason: why }, files: [] });
    await job.publish();
    expect(job.published()?.result).toMatchObject({ end: "failed", reason: why, outcome: { kind: "failed", reason: why } });
  });

  test("asked: it reports blocked, and its changes are dropped", async () => {
    const why = "Which limit: 10 or 100 MB?";
    expect(await work([{ write: "n.txt" }, report("blocked", why)])).toMatchObject({
      end: "asked",
      why,
      outcome: { kind: "blocked" },
      files: [],
    });
  });

  test("the result contains its complete last message and its answers to review comments", async () => {
    const replies = [
      { comment: 7, addressed: true, text: "It is a constant now." },
      { comment: 8, addressed: false, text: "The old name is public." },
    ];
    const job = await work([
      { write: "n.txt" },
      { tool: "enki_worker_report", arguments: { replies: [{ comment: 7, addressed: false, text: "Not yet." }] } },
      { tool: "enki_worker_report", arguments: { outcome: "done", replies } },
      { say: "All of it.\n[OUTPUT]\nA constant.\n[/OUTPUT]\n" },
    ]);
    expect(job).toMatchObject({ end: "success", replies, outcome: { kind: "done", reason: "" } });
    await job.publish();
    const answer = expect.stringMatching(/All of it\.\n\[OUTPUT\]\nA constant\.\n\[\/OUTPUT\]\n$/) as string;
    expect(job.published()?.result).toMatchObject({ end: "success", output: "A constant.", answer, replies });
  });

  test.each(["refusal", "max_tokens", "max_turn_requests", "cancelled"])(
    "failed: it stops with %s, and delivers no change",
    async (stop) => {
      const job = await work([{ write: "half.txt" }, { say: "I will not." }, { stop }]);
      expect(job).toMatchObject({ end: "failed", why: `the agent stopped with ${stop}`, output: "I will not." });
      await job.publish();
      expect(job.published()?.result).toMatchObject({ end: "failed", files: [] });
    },
  );

  test("B-11 crashed: with the exit code and its last lines in the transcript, and its changes are kept, not delivered", async () => {
    const job = await work([{ write: "half.txt" }, { stderr: "first\nout of memory" }, { crash: 3 }]);
    expect(job).toMatchObject({
      end: "crashed",
      why: "the agent exited with 3. The end of its transcript may say why; test the agent with enki doctor --agent.",
      failure: { code: "agent-crashed" },
    });
    expect(JSON.parse(job.transcript.trim().split("\n").at(-1) ?? "")).toEqual({ stderr: "first\nout of memory\n" });
    await job.publish();
    expect(job.published()?.result).toMatchObject({ end: "crashed", files: [], kept: [{ path: "half.txt", mode: "100644" }] });
  });

  test("B-11 crashed: killed from outside", async () => {
    expect(await work([{ kill: "SIGKILL" }])).toMatchObject({
      end: "crashed",
      why: "the agent was ended by SIGKILL. The end of its transcript may say why; test the agent with enki doctor --agent.",
    });
  });

  test("B-11 failed: the agent is missing", async () => {
    open = await openJobs({ agent: ["/no/such/agent"] });
    const { host } = await open.prepare(`work/${ID}-fix/1`);
    expect(await runAgentJob(host)).toMatchObject({
      end: "failed",
      why: "The agent's command `/no/such/agent` cannot be started (could not be started: spawn /no/such/agent ENOENT). Correct `[agent] command` in .enki/enki.toml.",
    });
  });

  test("B-12 timed out: it hangs, and its changes are kept, not delivered", async () => {
    const armed: (() => void)[] = [];
    const job = await work([{ write: "half.txt" }, { say: "thinking\n" }, { hang: true }], {
      after: (delay, call) => {
        if (delay !== LIMIT) return after(delay, call);
        armed.push(call);
        return () => undefined;
      },
      log: (line) => {
        if (line === "| thinking") for (const fire of armed) fire();
      },
    });
    expect(job).toMatchObject({
      end: "timed-out",
      why: "the agent did not finish within 30 min. Set a longer `timeout_minutes` in `[tiers]`, or split the step.",
      output: "",
    });
    await job.publish();
    expect(job.published()?.result).toMatchObject({ end: "timed-out", files: [], kept: [{ path: "half.txt", mode: "100644" }] });
  });

  test("success: an agent that exits while it answers", async () => {
    for (let round = 0; round < 5; round += 1) {
      expect(await work([{ write: "n.txt" }, { say: "Done, and gone." }, { leave: 0 }])).toMatchObject({
        end: "success",
        files: ["file n.txt"],
      });
      open?.repo.close();
    }
  });
});

describe("a step with a report", () => {
  const LOOK = { job: `work/${ID}-look/1` };

  test("delivers the agent's file", async () => {
    const job = await work([{ run: 'printf "# Found\\n" > "$ENKI_ARTIFACT"' }, { say: "Here it is.\n[OUTPUT]two places[/OUTPUT]" }], LOOK);
    expect(job).toMatchObject({ end: "artifact", artifact: "# Found\n", output: "two places" });
  });

  test("delivers the complete last message and its output", async () => {
    const job = await work([{ say: "Two places limit it.\n[OUTPUT]two places[/OUTPUT]" }], LOOK);
    expect(job).toMatchObject({ end: "artifact", artifact: "Two places limit it.\ntwo places", output: "two places" });
  });

  test.each(["failed", "blocked"])("keeps an earlier report if it then reports: %s", async (status) => {
    const said = `[OUTPUT]\nstatus: ${status}\nreason: no network\n[/OUTPUT]`;
    const job = await work([{ run: 'printf "# Half\n" > "$ENKI_ARTIFACT"' }, { say: said }], LOOK);
    const end = status === "failed" ? "failed" : "asked";
    expect(job).toMatchObject({ end, why: "no network", artifact: "# Half\n" });
    await job.publish();
    expect(job.published()?.result).toMatchObject({ end, artifact: "# Half\n" });
  });

  test("fails if its outcome block is inside a code fence", async () => {
    const job = await work([{ say: "I could not.\n\n```\n[OUTPUT]\nstatus: failed\nreason: no network\n[/OUTPUT]\n```" }], LOOK);
    expect(job).toMatchObject({ end: "failed", why: "no network" });
  });

  test("fails without a report", async () => {
    expect(await work([], LOOK)).toMatchObject({ end: "failed", why: "The agent left no report." });
  });

  test("delivers a message that consists of one block", async () => {
    expect(await work([{ say: "[OUTPUT]nothing else[/OUTPUT]" }], LOOK)).toMatchObject({ end: "artifact", artifact: "nothing else" });
  });

  test("drops the agent's changes and names them", async () => {
    const job = await work([{ run: "echo x > sneaky.txt; rm src/a.txt" }, { say: "Here is my report." }], LOOK);
    const why = "It may not change files, so its changes were discarded: `sneaky.txt`, `src/a.txt`.";
    expect(job).toMatchObject({ end: "artifact", files: [], why });
    await job.publish();
    expect(job.published()?.result).toMatchObject({ end: "artifact", reason: why, files: [] });
  });

  test.each([
    ["a pipe, which nobody writes", 'mkfifo "$ENKI_ARTIFACT"'],
    ["a link to a device without an end", 'ln -s /dev/zero "$ENKI_ARTIFACT"'],
    ["a folder", 'mkdir "$ENKI_ARTIFACT"'],
  ])("uses the message as the report if %s is in the report's place", async (_, run) => {
    expect(await work([{ run }, { say: "This is what I found." }], LOOK)).toMatchObject({
      end: "artifact",
      artifact: "This is what I found.",
    });
  });

  test("is cut and published if it is huge", async () => {
    const job = await work([{ run: 'head -c 20000000 /dev/zero | tr "\\0" y > "$ENKI_ARTIFACT"' }], LOOK);
    expect(job.end).toBe("artifact");
    await job.publish();
    expect(job.published()?.result).toMatchObject({
      end: "artifact",
      artifact: expect.stringMatching(/^y+\n\n\[cut here: it had \d+ characters\]\n$/),
    });
  });
});

describe("an agent that may not edit", () => {
  test("has no tool for edits, gets no permission, and its changes are dropped", async () => {
    const job = await work(
      [
        { ask: "session/request_permission", params: permission("edit") },
        { ask: "fs/write_text_file", params: { path: "x.txt", content: "x" } },
        { tool: "enki_edit_file", arguments: { path: "src/a.txt" } },
        { run: "for n in 1 2 3 4 5 6; do echo $n > sneaky-$n.txt; done" },
        { say: "[OUTPUT]advice[/OUTPUT]" },
      ],
      { job: `work/${ID}-advise/1` },
    );
    expect(job).toMatchObject({ end: "unchanged", output: "advice", files: [] });
    expect(job.why).toMatch(/discarded: `sneaky-1.txt`, .*`sneaky-5.txt` and 1 more\.$/);
    const said = job.log.join("\n");
    expect(said).toContain('"optionId":"no"');
    expect(said).toContain('"Method not found\\": fs/write_text_file');
    expect(said).toContain("tool 'enki_edit_file' is not available for role 'worker'");
  });
});

const permission = (kind: string): object => ({
  toolCall: { toolCallId: "1", title: "t", kind },
  options: [
    { optionId: "yes", name: "y", kind: "allow_once" },
    { optionId: "no", name: "n", kind: "reject_once" },
  ],
});

describe("a planner's job", () => {
  const JOB = { job: "plan/fedcba/1" };
  const STEPS = [{ id: "fix", title: "Fix it", description: "Do." }];

  test("delivers the accepted plan and no file", async () => {
    const job = await work([{ tool: "enki_execution_create", arguments: { steps: STEPS } }, { write: "x.txt" }], JOB);
    expect(job).toMatchObject({ end: "success", files: [], tools: [{ kind: "propose", plan: { steps: [{ id: "fix" }] } }] });
  });

  test("fails with its text if it proposed no plan", async () => {
    const job = await work([{ say: "I do not understand the request." }], JOB);
    expect(job).toMatchObject({ end: "failed", why: "it never called enki_execution_create", output: "I do not understand the request." });
  });

  test("B-05 fails if its plan was refused, after the refusal was returned to it", async () => {
    const cycle = [
      { ...STEPS[0], id: "a", needs: ["b"] },
      { ...STEPS[0], id: "b", needs: ["a"] },
    ];
    const job = await work([{ tool: "enki_execution_create", arguments: { steps: cycle } }], JOB);
    expect(job).toMatchObject({
      end: "failed",
      why: "its plan was refused: steps form a cycle: a -> b -> a",
      tools: [],
      output: "steps form a cycle: a -> b -> a",
    });
  });
});

describe("a step with a command instead of an agent", () => {
  const shell = (run: string, over: Parameters<typeof step>[1] = {}) => ({
    job: `work/${ID}-fix/1`,
    plan: plan(step("fix", { run, ...over })),
  });

  test("lands the command's changes and passes on its output", async () => {
    const job = await work([], shell("echo made > made.txt; echo it is made now"));
    expect(job).toMatchObject({ end: "success", files: ["file made.txt"], output: "it is made now" });
  });

  test("is unchanged if the command changes and prints nothing", async () => {
    expect(await work([], shell("true"))).toMatchObject({ end: "unchanged", files: [] });
  });

  test("fails with the exit code and last lines, and drops the changes", async () => {
    const job = await work([], shell("echo made > made.txt; echo no such thing >&2; exit 4"));
    expect(job).toMatchObject({ end: "failed", why: "the command exited with 4", output: "no such thing", files: [] });
  });

  test("delivers the report file, or the command's output", async () => {
    const file = await work([], shell('echo "# Found" > "$ENKI_ARTIFACT"', { output: "artifact" }));
    expect(file).toMatchObject({ end: "artifact", artifact: "# Found\n" });
    open?.repo.close();
    expect(await work([], shell("echo two places", { output: "artifact" }))).toMatchObject({ end: "artifact", artifact: "two places" });
  });
});

describe("an agent's job keeps", () => {
  test("its token away from the agent: in environment, parents and files", async () => {
    const job = await work([
      {
        run: "env; tr '\\0' '\\n' < /proc/$PPID/environ; git config --list --show-origin; ls ~; cat ~/.netrc ~/.git-credentials 2>/dev/null; true",
      },
    ]);
    expect(job.log.join("\n")).toContain(`ENKI_EXECUTION=${ID}`);
    for (const text of [job.log.join("\n"), job.transcript]) {
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain("GITHUB");
      expect(text).not.toContain("extraheader");
    }
  });

  const KEY = "a-key-of-no-known-form-7f3";

  test("the model's key outside an agent whose preset can do without, while the agent works", async () => {
    const model = await openModelServer((_, response) => void response.end("the model's answer"));
    const env = "env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; cat /proc/$PPID/cmdline; grep -rs . ~";
    try {
      const job = await work([{ askModel: "/v1/messages" }, { askModel: "/v1/files" }, { run: `( ${env} ) > seen.txt; cat seen.txt` }], {
        preset: "claude",
        modelKey: KEY,
        agentEnv: { ANTHROPIC_BASE_URL: model.url },
      });
      expect(job).toMatchObject({ end: "success", files: ["file seen.txt"] });
      expect(model.seen.map(({ url, headers }) => [url, headers["x-api-key"]])).toEqual([["/v1/messages", KEY]]);
      const seen = (await job.first()) ?? "";
      expect(seen).toMatch(/^ANTHROPIC_API_KEY=enki-outside-/m);
      // The output has no redaction either, so the agent did not print the key.
      for (const text of [seen, job.log.join("\n"), job.transcript]) {
        expect(text).not.toContain(KEY);
        expect(text).not.toContain("[redacted]");
      }
      expect(job.log).toContain("| 200 the model's answer");
      expect(job.log).toContain(`| * The model's key is outside the agent: Enki's proxy adds it to requests to \`${model.host}\`.`);
      expect(job.log.join("\n")).toContain("refused `POST /v1/files`: the proxy forwards only what a session needs");
      expect(job.transcript).toContain('{"note":"The model\'s key is outside the agent');
    } finally {
      await model.close();
    }
  });

  test("the model's key where the configuration puts it, and out of the bundle", async () => {
    const job = await work(
      [
        { run: "echo key is $MODEL_KEY; echo split" },
        { tool: "enki_worker_report", arguments: { status: `found ${KEY}` } },
        { say: `[OUTPUT]line\n${KEY}[/OUTPUT]` },
        { write: "n.txt" },
      ],
      { modelKey: KEY },
    );
    expect(job.log).toContain("| key is [redacted]");
    expect(job).toMatchObject({ end: "success", output: "line\n[redacted]", tools: [{ kind: "report", status: "found [redacted]" }] });
    expect(job.transcript).toContain("line\\n[redacted]");
    expect(JSON.stringify([job.log, job.transcript, job.tools, job.output])).not.toContain(KEY);
  });

  test("the model's key out of cut outputs", async () => {
    // The last 500 characters start in the middle of the key.
    const job = await work([{ say: `${KEY}${"x".repeat(490)}` }], { modelKey: KEY });
    expect(job.output).not.toContain(KEY.slice(-10));
  });

  test("the model's key out of the repository: no file with it is delivered", async () => {
    const job = await work([{ run: "echo $MODEL_KEY > config.txt" }, { say: "done with it" }], { modelKey: KEY });
    expect(job).toMatchObject({ end: "failed", why: '"config.txt" holds the model\'s key or another secret of the agent.', files: [] });
  });
});

describe("an agent cannot spoil its bundle:", () => {
  test.each([
    ["a pipe in the place of the report", "mkdir -p ../enki/bundle && mkfifo ../enki/bundle/report.json || true"],
    ["links in the place of files", "mkdir -p ../enki/bundle/files && ln -s /tmp/enki-never-written ../enki/bundle/files/0 || true"],
    ["a file in the place of the bundle", "echo > ../enki/bundle || true"],
    [
      "another bundle",
      `mkdir -p ../enki/bundle/files && echo evil > ../enki/bundle/files/7 && echo x > ../enki/bundle/artifact.md || true`,
    ],
  ])("%s", async (_, run) => {
    const job = await work([{ run }, { write: "n.txt" }]);
    expect(job).toMatchObject({ end: "success", files: ["file n.txt"], artifact: null });
    expect(existsSync("/tmp/enki-never-written")).toBe(false);
    expect(existsSync(join(job.at.bundle, "files/7"))).toBe(false);
  });

  test("git settings, hooks, attributes and filters of the workspace do not run", async () => {
    const job = await work([
      {
        run: [
          "git config filter.x.clean 'touch ../ran; cat'; git config core.fsmonitor 'touch ../ran'; git config core.hooksPath hooks",
          "echo '* filter=x' > .gitattributes; mkdir hooks; printf '#!/bin/sh\\ntouch ../ran\\n' > hooks/pre-commit; chmod +x hooks/pre-commit",
        ].join("\n"),
      },
    ]);
    expect(job).toMatchObject({ end: "success", files: ["file .gitattributes", "file hooks/pre-commit"] });
    expect(existsSync(join(job.workspace, "../ran"))).toBe(false);
  });

  test("reports a nested repository: publish refuses one with commits, one without is unreadable", async () => {
    const empty = await work([{ run: "git init -q sub; echo x > sub/x" }]);
    expect(empty).toMatchObject({ end: "failed", why: expect.stringContaining("'sub/' does not have a commit checked out"), files: [] });
    open?.repo.close();
    const whole = await work([{ run: "git init -q sub; cd sub; git -c user.name=a -c user.email=a@b commit -qm x --allow-empty" }]);
    expect(whole).toMatchObject({ end: "success", files: ["other sub"] });
    await whole.publish();
    expect(whole.published()?.result).toMatchObject({
      end: "refused",
      reason: '"sub" is a special file or submodule; only regular files are accepted.',
    });
  });

  test("counts a file of 300 MB without reading its content", async () => {
    const job = await work([{ run: "truncate -s 300M big.bin" }]);
    expect(job).toMatchObject({ end: "success", files: ["file big.bin"] });
    expect(await job.first()).toBeNull();
    await job.publish();
    expect(job.published()?.result).toMatchObject({ end: "refused", reason: "314572800 bytes changed, but at most 1000000 may change." });
  });

  test("more than a thousand progress reports", async () => {
    const job = await work([{ tool: "enki_worker_report", arguments: { status: "busy" }, times: 1_200 }, { write: "n.txt" }]);
    expect(job.end).toBe("success");
    await job.publish();
    expect(job.published()?.result).toMatchObject({ end: "success" });
  });

  test("endless text", async () => {
    const job = await work([{ sayTimes: 300, text: "x".repeat(100_000) }, { write: "n.txt" }]);
    expect(job).toMatchObject({ end: "success", output: "x".repeat(500) });
    expect(job.log.join("").length).toBeLessThan(100_000);
  });

  test("a huge error message", async () => {
    const job = await work([{ run: 'echo "$(head -c 30000 /dev/zero | tr "\\0" e)" >&2; exit 1' }]);
    expect(job.end).toBe("crashed");
    await job.publish();
    expect(job.published()?.result).toMatchObject({ end: "crashed" });
  });
});
