import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import { replayLedger } from "../../../src/storage/ledger/replay-ledger.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import { type JobKey, type JobResult, readJobKey, toResultArtifactName } from "../../../src/core/domain/job.ts";
import type { Plan } from "../../../src/core/domain/plan.ts";
import { toBranchRef, LEDGER_REF, toResultRef } from "../../../src/core/domain/refs.ts";
import { readLandingTrailers } from "../../../src/core/messages/commit-messages.ts";
import { replayDecision } from "../../../src/coordinator/replay-decision.ts";
import { connectRepositoryPorts } from "../../../src/coordinator/connect-repository-ports.ts";
import { comment, plan, step } from "../../support/build.ts";
import { memoryGitHub } from "../../support/memory-github.ts";
import { repository } from "../../support/repository.ts";

/** Opens a repository, a coordinator over real git, and jobs that leave their results like publish. */
const open = async () => {
  const repo = await repository();
  await repo.commit("main", { "server.txt": "limit 1\n" });
  const refOf = (branch: string): string | null => {
    try {
      return repo.git("rev-parse", "--verify", "-q", toBranchRef(branch));
    } catch {
      return null;
    }
  };
  const contains = (commit: string, branch: string): boolean => {
    try {
      execFileSync("git", ["merge-base", "--is-ancestor", commit, branch], { cwd: repo.url, stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };
  const { github, state } = memoryGitHub(refOf, contains);
  let now = 1_700_000_000_000;
  let writes = 0;
  const connect = async () =>
    connectRepositoryPorts({
      clone: await repo.clone(),
      github,
      botLogin: "enki[bot]",
      defaultBranch: "main",
      layers: { lowerLayers: [], overrideLayers: [], workflows: [] },
      graceMs: 0,
      keepOutcomesMs: 60_000,
      now: () => (now += 1),
      nonce: () => String((writes += 1)),
      jitter: () => 0,
      sleep: () => Promise.resolve(),
      log: () => undefined,
    });
  const jobs = await repo.clone();
  const publish = async (job: JobKey, over: Partial<JobResult>, files: Record<string, string> = {}) => {
    const run = state.runs.find(({ name }) => name === job)?.id ?? 0;
    state.runs = state.runs.map((each) => (each.name === job ? { ...each, state: "done", conclusion: "success" } : each));
    const result: JobResult = {
      format: 2,
      job,
      run,
      baseCommit: job.startsWith("verify/") ? (readJobKey(job)?.target ?? "") : (refOf("main") ?? ""),
      end: "success",
      reason: "",
      output: "",
      artifact: null,
      outcome: null,
      answer: "",
      replies: [],
      files: Object.keys(files).map((path) => ({ path, mode: "100644" })),
      tools: [],
      spent: 0,
      ...over,
    };
    const tree = new Map([["result.json", { content: JSON.stringify(result), mode: "100644" as const }]]);
    for (const [path, content] of Object.entries(files)) tree.set(`files/${path}`, { content, mode: "100644" });
    const commit = await jobs.writeCommit({ tree: await jobs.writeFiles(null, tree), parents: [], message: job, at: now });
    state.artifacts.push(`${run} ${toResultArtifactName(commit)}`);
    await jobs.push([{ ref: toResultRef(job), oldSha: null, newSha: commit }]);
  };
  return { repo, state, connect, publish, later: (): void => void (now += 60_000), refOf };
};

const work: Plan = plan(
  step("research", { output: "artifact", role: "researcher" }),
  step("fix", { needs: ["research"] }),
  step("test", { needs: ["fix"] }),
  step("docs", { needs: ["fix"] }),
);

test("a request becomes landed merges, in order, on real git; every write of the ledger can be replayed", async () => {
  const it = await open();
  const handle = openRepositoryLoop(await it.connect());
  const tell = async (...events: Event[]) => {
    it.later();
    await handle(events);
  };
  try {
    await tell(comment(1, { kind: "do", text: "uploads over 1 MB fail" }));
    for (let round = 0; round < 40; round += 1) {
      const run = it.state.runs.find((each) => each.state === "running");
      const job = run && readJobKey(run.name);
      if (!run || !job) break;
      const key = run.name as JobKey;
      if (job.kind === "plan") {
        await it.publish(key, { tools: [{ kind: "propose", plan: work }] });
        await tell({ kind: "woken" });
        const shown = it.state.comments[0]?.body ?? "";
        const hash = /\/enki approve ([0-9a-f]{12})/.exec(shown)?.[1] ?? "";
        const approval = { id: 2, issue: 1, onPull: false, by: "maintainer", bot: false, created: 2, updated: 2 };
        it.state.comments.push({ ...approval, body: `/enki approve ${hash}` });
        await tell(comment(2, { kind: "approve-plan", plan: hash }));
        continue;
      }
      if (job.kind === "verify") await it.publish(key, { end: "success" });
      else if (job.target.endsWith("-research")) await it.publish(key, { end: "artifact", artifact: "# Limits\n" });
      else await it.publish(key, {}, { [`${job.target.split("-").at(-1)}.txt`]: `${job.target}\n` });
      await tell({ kind: "woken" });
    }
    const log = it.repo.git("log", "--first-parent", "--reverse", "--format=%B%x00", "main").split("\0").slice(1, -1);
    const landed = log.map((message) => readLandingTrailers(message)?.task.split("-")[1]);
    expect(landed[0]).toBe("fix");
    expect(landed.slice(1).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual(["docs", "test"]);
    expect(it.repo.git("show", "main:fix.txt")).toContain("-fix");
    expect(it.state.closed).toEqual([1]);
    // The execution's comment, and the notice of its plan.
    expect(it.state.comments.flatMap(({ bot, body }) => (bot ? [/^<!-- enki:(\w+)/.exec(body)?.[1]] : []))).toEqual([
      "execution",
      "notice",
    ]);
    expect(it.state.pulls).toHaveLength(3);
    expect(new Set(it.state.runs.map(({ name }) => name)).size).toBe(it.state.runs.length);
    it.later();
    await tell({ kind: "woken" });
    expect(it.repo.git("for-each-ref", "--format=%(refname)", "refs/heads/task")).toBe("");
    expect(it.repo.git("for-each-ref", "--format=%(refname)", "refs/enki/results", "refs/enki/candidates")).toBe("");

    const reader = await it.repo.clone();
    await reader.fetch();
    const replayed = await replayLedger(reader, replayDecision);
    expect(replayed.filter(({ end }) => end !== "same")).toEqual([]);
    expect(it.repo.git("log", "--format=%s", LEDGER_REF)).toContain("maintainer asked for");
    expect(replayed.length, "pushes of the coordinator").toBeLessThanOrEqual(3 * 4);
    // Eleven requests per landed step, another to read the approval again before the landing, and one per artifact. Then the notice of the plan,
    // an edit of the comment with a link to a step's run, and an edit of each pull request's text, which reports the landing.
    const texts = it.state.pulls.length;
    expect(it.state.sent, "requests of the coordinator").toBeLessThanOrEqual(3 * (11 + 1) + it.state.artifacts.length + 2 + texts);
  } finally {
    it.repo.close();
  }
});
