import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../../src/core/config/read-config.ts";
import { openClone } from "../../../src/storage/git/repository-clone.ts";
import { runAgentJob } from "../../../src/job/run-agent-job.ts";
import { openBundle } from "../../../src/job/job-bundle.ts";
import { type JobSpec, toJobPaths } from "../../../src/job/job-spec.ts";
import { checkOutCommit } from "../../../src/job/job-workspace.ts";
import { readConfigLayers } from "../../../src/storage/config/config-layers.ts";
import type { Sha } from "../../../src/core/domain/ids.ts";
import type { Outcome } from "../../../src/core/domain/outcome.ts";
import type { Plan } from "../../../src/core/domain/plan.ts";
import { chooseToolSet } from "../../../src/core/domain/tool-set.ts";
import { toBranchRef } from "../../../src/core/domain/refs.ts";
import { readDirectoryFiles } from "../../../src/cli/repository-files.ts";
import { after } from "../../support/after.ts";
import { CLI } from "../../support/cli.ts";
import { identity } from "../../support/repository.ts";

const INSTALLATION = fileURLToPath(new URL("../../../", import.meta.url));
export const EXAMPLE = join(INSTALLATION, "examples", "upload-limit");

/** The result of a job, from its bundle. */
export type Played = {
  readonly end: string;
  readonly why: string;
  readonly plan: Plan | null;
  readonly output: string;
  readonly outcome: Outcome | null;
  readonly artifact: string | null;
  readonly paths: readonly string[];
  /** Files kept only for the next attempt. */
  readonly kept: readonly string[];
  /** The agent's messages. */
  readonly said: string;
  /** The agent's tool calls, each with its result. */
  readonly calls: readonly { readonly title: string; readonly status: string; readonly text: string }[];
  /** The base with the changed files on top. */
  readonly commit: Sha;
};

/** Opens the example in a repository of its own, with jobs like those of Actions, in which an agent plays a file. */
export const openExample = async (play: string) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "enki-play-")));
  const remote = join(root, "remote.git");
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", remote]);
  const clone = await openClone({
    url: remote,
    directory: join(root, "clone.git"),
    token: () => Promise.resolve(undefined),
    identity,
    after,
  });
  const files = new Map([...(await readDirectoryFiles(EXAMPLE))].filter(([path]) => !/^rehearsal|^plays\//.test(path)));
  const commit = (tree: Sha, parents: Sha[], message: string) => clone.writeCommit({ tree, parents, message, at: 1_700_000_000_000 });
  const start = await commit(await clone.writeFiles(null, files), [], "An upload service");
  await clone.push([{ ref: toBranchRef("main"), oldSha: null, newSha: start }]);
  const { config } = readConfig(await readConfigLayers([INSTALLATION]));
  let jobs = 0;

  const run = async (over: Partial<JobSpec> & Pick<JobSpec, "kind" | "baseCommit">): Promise<Played> => {
    const at = { workspace: join(root, `job-${(jobs += 1)}`, "work"), temp: join(root, `job-${jobs}`, "temp") };
    const put = toJobPaths(at.temp);
    mkdirSync(put.root, { recursive: true });
    const own = { directory: root, after };
    execFileSync("git", ["clone", "-q", "--bare", clone.directory, put.clone]);
    await checkOutCommit(own, { from: clone.directory, to: at.workspace, commit: over.baseCommit });
    const spec: JobSpec = {
      format: 1,
      ledgerCommit: null,
      job: "work/abc123-x/1",
      execution: "abc123",
      attempt: 1,
      baseBranch: "main",
      amendment: null,
      earlier: null,
      conflict: null,
      brief: null,
      nodeRun: null,
      inputs: [],
      request: "uploads of more than 1 MB fail",
      step: null,
      plan: null,
      states: {},
      role: null,
      roles: config.roles,
      agent: { preset: null, command: process.execPath, args: [CLI, "rehearse", play], env: {}, protocol: null, idleMs: 600_000 },
      model: null,
      timeoutMs: 60_000,
      maxSteps: 100,
      protectedPaths: [],
      upstream: [],
      artifacts: [],
      feedback: null,
      lastFailure: null,
      unfitReason: null,
      verify: [],
      testReports: [],
      toolSet: chooseToolSet(over.kind, false),
      executions: [],
      mails: [],
      backlog: [],
      tools: null,
      readOnly: false,
      environment: {},
      ...over,
    };
    writeFileSync(put.spec, JSON.stringify(spec));
    await runAgentJob({
      ...at,
      env: process.env,
      modelKey: "",
      agentEnv: {},
      node: process.execPath,
      cli: CLI,
      after,
      now: () => 0,
      nonce: "f00d",
      log: () => undefined,
    });
    const opened = await openBundle(put.bundle);
    if (!opened.ok) throw new Error(opened.refusal.message);
    const { report, output, artifact, content } = opened.value;
    const changes = new Map<string, { content: Buffer; mode: "100644" } | null>();
    // As in publish, only a success delivers its files; others are kept for the next attempt.
    const isDelivered = report.end === "success";
    for (const [index, { path }] of report.files.entries()) {
      if (!isDelivered) break;
      const bytes = await content(index);
      changes.set(path, bytes && { content: bytes, mode: "100644" });
    }
    const made = await commit(await clone.writeFiles(over.baseCommit, changes), [over.baseCommit], spec.step?.title ?? "plan");
    const proposed = report.tools.flatMap((command) => (command.kind === "propose" ? [command.plan] : [])).at(-1);
    return {
      end: report.end,
      why: report.why,
      plan: proposed ?? null,
      output,
      outcome: report.outcome,
      artifact,
      paths: isDelivered ? report.files.map(({ path }) => path) : [],
      kept: isDelivered ? [] : report.files.map(({ path }) => path),
      ...readTranscript(join(put.bundle, "transcript.jsonl")),
      commit: made,
    };
  };

  const planned = (): Promise<Played> => run({ kind: "plan", baseCommit: start, role: config.roles["planner"] ?? null });
  return {
    start,
    plan: planned,
    /** Returns the planner's plan, and a function that plays a step of the plan on a base. */
    steps: async () => {
      const { plan, why } = await planned();
      if (!plan) throw new Error(why);
      return {
        plan,
        work: (id: string, base: Sha, over: Partial<JobSpec> = {}): Promise<Played> => {
          const step = plan.steps.find((each) => each.id === id);
          if (!step) throw new Error(`no step ${id}`);
          return run({ kind: "work", baseCommit: base, plan, step, role: config.roles[step.role ?? ""] ?? null, ...over });
        },
      };
    },
    /** Merges two commits; throws if they conflict. */
    merge: async (ours: Sha, theirs: Sha): Promise<Sha> => {
      const tree = execFileSync("git", ["merge-tree", "--write-tree", ours, theirs], { cwd: clone.directory, encoding: "utf8" }).trim();
      return commit(tree, [ours, theirs], "merge");
    },
    show: (at: Sha, path: string): string => execFileSync("git", ["show", `${at}:${path}`], { cwd: clone.directory, encoding: "utf8" }),
    /** Runs the example's own tests at a commit; returns their exit code and output. */
    verify: async (at: Sha): Promise<{ code: number; text: string }> => {
      const directory = join(root, `verify-${(jobs += 1)}`);
      mkdirSync(dirname(directory), { recursive: true });
      await checkOutCommit({ directory: root, after }, { from: clone.directory, to: directory, commit: at });
      try {
        const env = { PATH: process.env["PATH"], HOME: root };
        return { code: 0, text: execFileSync("node", ["--test"], { cwd: directory, env, encoding: "utf8", stdio: "pipe" }) };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: string };
        return { code: status, text: stdout };
      }
    },
    close: () => rmSync(root, { recursive: true, force: true }),
  };
};

type Update = {
  sessionUpdate: string;
  toolCallId: string;
  title: string;
  status: string;
  content: { text?: string } & { content: { text: string } }[];
};

const readTranscript = (path: string): Pick<Played, "said" | "calls"> => {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { said: "", calls: [] };
  }
  const updates = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Update);
  const said = updates.flatMap(({ sessionUpdate, content }) => (sessionUpdate === "agent_message_chunk" ? [content.text ?? ""] : []));
  const titles = new Map(updates.flatMap(({ toolCallId, title }) => (title ? [[toolCallId, title]] : [])));
  const calls = updates.flatMap(({ sessionUpdate, toolCallId, status, content }) =>
    sessionUpdate === "tool_call_update" ? [{ title: titles.get(toolCallId) ?? "", status, text: content[0]?.content.text ?? "" }] : [],
  );
  return { said: said.join(""), calls };
};
