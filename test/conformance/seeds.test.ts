import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { type Fixture, openSeeds, seed } from "./seed-stage.ts";

const AGENTS: readonly (readonly [string, Fixture])[] = [
  ["an agent of few words", "agent.mjs"],
  ["a talkative agent that asks before it writes", "talkative.mjs"],
];

describe.concurrent.each(AGENTS)("the seeds' own words, end to end, by %s", (_, fixture) => {
  const isTalkative = fixture === "talkative.mjs";

  test("Q-02 Q-03 the JSON execution lands in order, and the example output reaches its dependents", async () => {
    const { steps } = JSON.parse(seed("execution.json")) as { steps: { id: string; title: string; description: string }[] };
    expect(seed("tasks.md")).toContain(seed("execution.json").trim());
    const [output = ""] = /^\[OUTPUT\].*\[\/OUTPUT\]$/m.exec(seed("tasks.md")) ?? [];
    const { run, git } = openSeeds(
      {},
      [
        { only: "plan", tool: "enki_execution_create", arguments: { steps } },
        { only: "fix_upload_limit", write: "nginx.conf", content: "client_max_body_size 10m;\n" },
        { only: "fix_upload_limit", say: `I did it.\n${output}\nBye.` },
        { only: "test_upload", run: "cat nginx.conf > seen.txt" },
      ],
      { fixture, isProcess: true },
    );
    const it = await run("Fix the bug where users can't upload files larger than 1MB");
    expect({ code: it.code, err: it.err }).toEqual({ code: 0, err: "" });
    expect(git("show", `${it.branch ?? ""}:seen.txt`)).toBe("client_max_body_size 10m;");
    const notes = it.notes();
    const landed = notes.findIndex((line) => line.startsWith(`${it.id}-fix_upload_limit landed`));
    const begun = notes.findIndex((line) => line.startsWith(`${it.id}-test_upload: attempt 1`));
    expect(landed).toBeGreaterThan(-1);
    expect(begun).toBeGreaterThan(landed);
    const said = output.replaceAll(/\[\/?OUTPUT\]/g, "");
    expect(it.state().steps["fix_upload_limit"]?.output).toBe(said);
    const [, block] =
      /### Increase upload size limit \(completed\)\n\n```output-[0-9a-f]{12}\n([^]*?)\n```\n/.exec(it.prompt("test_upload")) ?? [];
    expect(block).toBe(said);
    for (const { id, title, description } of steps) {
      expect(it.prompt(id)).toContain(title);
      expect(it.prompt(id)).toContain(description);
    }
  });

  const roles = readdirSync(new URL("../fixtures/seeds/roles", import.meta.url)).map((file) => {
    const text = seed(join("roles", file));
    return { file, text, ...(parse(text) as { name: string; system_prompt: string; output: string }) };
  });

  test("every role file works with its own prompt, for a branch or a report", async () => {
    const steps = roles.map(({ name }) => ({ id: name, title: `Be ${name}`, description: "Do what you do.", role: name }));
    const { run, git } = openSeeds(
      Object.fromEntries(roles.map(({ file, text }) => [`.enki/roles/${file}`, text])),
      [
        { only: "plan", tool: "enki_execution_create", arguments: { steps } },
        { only: "work", run: "echo me > $ENKI_STEP.txt" },
        { only: "work", say: "# Found\n\nNothing that is wrong." },
      ],
      { fixture, isProcess: true },
    );
    const it = await run("let everybody work");
    expect({ code: it.code, err: it.err }).toEqual({ code: 0, err: "" });
    for (const { name, system_prompt } of roles) expect(it.prompt(name)).toContain(system_prompt.trim());
    const branches = roles.filter(({ output }) => output === "branch").map(({ name }) => `${name}.txt`);
    expect(git("diff", "--name-only", "main", it.branch ?? "").split("\n")).toEqual(branches.toSorted());
    for (const { name } of roles.filter(({ output }) => output === "artifact"))
      expect(it.artifact(name)).toContain("Nothing that is wrong.");
  });

  test("Q-04 the security auditor only reads, writes its report to artifacts/<execution>/<step>.md, and merges nothing", async () => {
    const steps = [{ id: "audit", title: "Audit", description: "Audit the limit.", role: "security_auditor" }];
    const { run, git } = openSeeds(
      { ".enki/roles/security_auditor.toml": seed("roles/security_auditor.toml") },
      [
        { only: "plan", tool: "enki_execution_create", arguments: { steps } },
        { only: "audit", write: "limit.txt", content: "10\n" },
        { only: "audit", report: "# Risk: low\n" },
        { only: "audit", say: "My report is written." },
      ],
      { fixture, isProcess: true },
    );
    const it = await run("is it safe?");
    expect(it.code).toBe(0);
    expect(it.artifact("audit")).toBe("# Risk: low");
    expect(it.out).toContain("Done. The report is above, and there is nothing to merge.");
    expect(git("branch", "--format=%(refname:short)")).toBe("main");
    expect(it.state().steps["audit"]).toMatchObject({ state: "done", output: "My report is written." });
    // The talkative agent's request for permission is refused. The other agent does not ask, and its change is detected and discarded.
    const discarded = { message: expect.stringContaining("`limit.txt`") as unknown };
    expect(it.state().steps["audit"]).toMatchObject({ refusal: isTalkative ? null : discarded });
  });

  test("build-feature runs planner, coder and reviewer, each with the earlier answers, and lands the coder's work", async () => {
    const plan = Array.from({ length: 60 }, (_, at) => `${at + 1}. change line ${at + 1} of limit.txt`).join("\n");
    const { run, git } = openSeeds(
      { ".enki/workflows/build-feature.md": seed("workflows/build-feature.md") },
      [
        { only: "planner", say: plan },
        { only: "coder", write: "login.txt", content: "OAuth\n" },
        { only: "coder", say: "Added the login.\n\n[OUTPUT]\nA login by OAuth.\n[/OUTPUT]" },
        { only: "reviewer", run: "cat login.txt" },
        { only: "reviewer", say: "All of it is correct." },
      ],
      { fixture, isProcess: true },
    );
    const it = await run("--workflow", "build-feature", "add OAuth login flow");
    expect({ code: it.code, err: it.err }).toEqual({ code: 0, err: "" });
    expect(it.prompt("planner")).toContain("file-scoped plan for the following request:\n\nadd OAuth login flow\n");
    expect(it.prompt("coder")).toContain(`Implement the plan below using read/write/edit/bash:\n\n${plan}\n\nDo not deviate`);
    expect(it.prompt("reviewer")).toContain(`Plan:\n${plan}\n\nImplementation summary:\nAdded the login.\n\nA login by OAuth.\n`);
    expect(it.artifact("reviewer")).toBe(isTalkative ? "All of it is correct." : "OAuth\nAll of it is correct.");
    expect(git("diff", "--name-only", "main", it.branch ?? "")).toBe("login.txt");
  });

  test("parallel roles run together, and a third role receives both answers", async () => {
    const text = `---\n${seed("workflows/parallel-siblings.yaml")}---\n\n## read-backend\n\nB {{ .Args }}\n\n## read-frontend\n\nF {{ .Args }}\n\n## synth\n\n{{ .read-backend }} + {{ .read-frontend.output }}\n`;
    const { run, git } = openSeeds(
      { ".enki/workflows/siblings.md": text },
      [
        { only: "read-backend", say: "the back end" },
        { only: "read-frontend", say: "the front end" },
        { only: "synth", write: "both.txt" },
      ],
      { fixture, isProcess: true },
    );
    const it = await run("--workflow", "siblings", "look");
    expect(it).toMatchObject({ code: 0, err: "" });
    expect(it.prompt("synth")).toContain("the back end + the front end");
    const begun = it.notes().flatMap((line) => /^[0-9a-f]+-(\S+): attempt 1$/.exec(line)?.[1] ?? []);
    expect(begun).toEqual(["read-backend", "read-frontend", "synth"]);
    expect(it.writes().find((write) => write.includes("read-backend: attempt 1"))).toContain("read-frontend: attempt 1");
    expect(git("diff", "--name-only", "main", it.branch ?? "")).toBe("both.txt");
  });
});
