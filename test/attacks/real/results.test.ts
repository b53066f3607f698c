import { expect, test } from "vitest";
import type { BundleRules } from "../../../src/core/policy/check-bundle.ts";
import { type JobKey, type JobResult, readRunKey } from "../../../src/core/domain/job.ts";
import { RESULTS_PREFIX, toResultRef } from "../../../src/core/domain/refs.ts";
import { writeCommit } from "../../../src/storage/git/git-objects.ts";
import { type TreeEntry, writeBlobs, writeTree } from "../../../src/storage/git/git-tree.ts";
import { openClone } from "../../../src/storage/git/repository-clone.ts";
import { judgeResultFiles } from "../../../src/storage/ledger/judge-result-files.ts";
import { openStage } from "../../stories/stage.ts";
import { after } from "../../support/after.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { identity, repository } from "../../support/repository.ts";
import { attackFamily, type AttackVariants } from "../attack-family.ts";

type Mode = TreeEntry["mode"];
type HandMadeFile = { readonly path: string; readonly says?: "100644" | "100755" | null; readonly mode?: Mode; readonly content?: string };
/** A result commit that publish never creates, delivered by the job's own run, so that only the policy can refuse the commit. */
type HandMadeResult = { readonly files: readonly HandMadeFile[]; readonly rules?: Partial<BundleRules>; readonly text?: string };

const JOB: JobKey = "work/abcdef-fix/1";
const resultOf = (job: JobKey, over: Partial<JobResult>): JobResult => ({
  format: 2,
  job,
  run: 1,
  baseCommit: "1".repeat(40),
  end: "success",
  reason: "",
  output: "",
  artifact: null,
  outcome: null,
  answer: "",
  replies: [],
  files: [],
  tools: [],
  spent: 0,
  ...over,
});

const one = (path: string, over: Partial<HandMadeFile> = {}): Pick<HandMadeResult, "files"> => ({ files: [{ path, ...over }] });
const token = ["gh", "p_", "a1B2".repeat(9)].join("");

const POLICIES: AttackVariants<HandMadeResult> = {
  "Enki's own configuration": { ...one(".enki/enki.toml"), expected: "protected-path" },
  "Enki's own configuration in other letters": { ...one(".ENKI/enki.toml"), expected: "protected-path" },
  "an Actions workflow": { ...one(".github/workflows/ci.yml"), expected: "protected-path" },
  "a deleted workflow": { ...one(".github/workflows/ci.yml", { says: null }), expected: "protected-path" },
  "a protected path of the repository": { ...one("src/keys.ts"), rules: { protected: ["src/keys.ts"] }, expected: "protected-path" },
  ".gitmodules": { ...one(".gitmodules"), expected: "protected-path" },
  "a path outside the step's paths": { ...one("src/a.ts"), rules: { allowed: ["docs/**"] }, expected: "outside-paths" },
  "a credential": { ...one("src/a.ts", { content: `const key = "${token}";\n` }), expected: "secret" },
  "a credential in an executable": { ...one("bin/run", { says: "100755", mode: "100755", content: `${token}\n` }), expected: "secret" },
  "a symbolic link": { ...one("link", { mode: "120000", content: "/etc/passwd" }), expected: "not-a-file" },
  "a symbolic link that says that it is executable": {
    ...one("link", { says: "100755", mode: "120000", content: "x" }),
    expected: "not-a-file",
  },
  "a submodule": { ...one("sub", { mode: "160000" }), expected: "not-a-file" },
  "an executable that says that it is none": { ...one("a.sh", { mode: "100755" }), expected: "other-mode" },
  "a plain file that says that it is executable": { ...one("a.sh", { says: "100755" }), expected: "other-mode" },
  "a file whose content is missing": { files: [{ path: "a", mode: "100644" }], text: "missing", expected: "missing-file" },
  "too many files": {
    files: Array.from({ length: 4 }, (_, at) => ({ path: `f${at}` })),
    rules: { maxFiles: 3 },
    expected: "too-many-files",
  },
  "too many deletions": {
    files: Array.from({ length: 4 }, (_, at) => ({ path: `f${at}`, says: null })),
    rules: { maxFiles: 3 },
    expected: "too-many-files",
  },
  "too many bytes": { ...one("big", { content: "x".repeat(2_000) }), rules: { maxBytes: 1_000 }, expected: "too-large" },
  "too many bytes in sum": {
    files: [
      { path: "a", content: "x".repeat(600) },
      { path: "b", content: "y".repeat(600) },
    ],
    rules: { maxBytes: 1_000 },
    expected: "too-large",
  },
  "a parent folder": { ...one("../x", { says: null }), expected: "bad-path" },
  "git's own directory": { ...one(".git/hooks/pre-commit", { says: null }), expected: "bad-path" },
  "git's own directory by a short name": { ...one("git~1/config", { says: null }), expected: "bad-path" },
  "git's own directory with invisible characters": { ...one(".g\u200cit/config", { says: null }), expected: "bad-path" },
  "an absolute path": { ...one("/etc/passwd", { says: null }), expected: "bad-path" },
  "a backslash": { ...one("a\\b", { says: null }), expected: "bad-path" },
  "a device name": { ...one("CON"), expected: "bad-path" },
  "the same path twice": { files: [{ path: "a" }, { path: "a" }], expected: "same-path" },
  "the same path in other letters": { files: [{ path: "a.txt" }, { path: "A.txt" }], expected: "same-path" },
  "a file and a folder": { files: [{ path: "a/b" }, { path: "A" }], expected: "file-and-folder" },
  "a lock file without its manifest": { ...one("package-lock.json"), expected: "protected-path" },
  "a result that is no JSON": { files: [], text: "{", expected: "missing-file" },
};

attackFamily("results", POLICIES, async ({ files, rules, text }) => {
  const repo = await repository();
  try {
    const { running } = await repo.clone();
    const json = text === undefined || text === "missing" ? JSON.stringify(resultOf(JOB, { files: files.map(toClaim) })) : text;
    const there = files.filter(({ says }) => says !== null && text !== "missing");
    const [result = "", ...blobs] = await writeBlobs(running, [json, ...there.map(({ content = "x\n" }) => content)]);
    const tree = new Map<string, TreeEntry>([["result.json", { mode: "100644", sha: result }]]);
    there.forEach(({ path, mode = "100644" }, at) =>
      tree.set(`files/${path}`, { mode, sha: mode === "160000" ? "7".repeat(40) : (blobs[at] ?? "") }),
    );
    const commit = await writeCommit(running, {
      tree: await writeTree(running, tree),
      parents: [],
      message: "x",
      at: 0,
      committer: identity,
    });
    const all = { ...config().policy, allowed: [], resolving: false, ...rules };
    const refusal = await judgeResultFiles(running, { result: commit, rules: all });
    return refusal === null ? { through: "a commit for the task branch" } : { stopped: refusal.code };
  } finally {
    repo.close();
  }
});

const toClaim = ({ path, says = "100644" }: HandMadeFile): JobResult["files"][number] => ({ path, mode: says });

/** Opens a write user with a clone, who pushes to the refs of results. */
const openWriter = async (stage: Awaited<ReturnType<typeof openStage>>) => {
  const login = "mallory";
  const token = stage.forge.createUser(login);
  stage.forge.setPermission({ owner: stage.owner, name: stage.name }, { login, role: "write" });
  const url = `${stage.forge.url}/${stage.owner}/${stage.name}.git`;
  const clone = await openClone({ url, directory: `${stage.directory}/mallory.git`, token: () => Promise.resolve(token), identity, after });
  return {
    forge: async (job: JobKey, over: Partial<JobResult>, contents: Readonly<Record<string, string>> = {}): Promise<string> => {
      await clone.fetch();
      const files = Object.keys(contents).map((path) => ({ path, mode: "100644" as const }));
      const tree = new Map([["result.json", { content: JSON.stringify(resultOf(job, { files, ...over })), mode: "100644" as const }]]);
      for (const [path, content] of Object.entries(contents)) tree.set(`files/${path}`, { content, mode: "100644" });
      const commit = await clone.writeCommit({ tree: await clone.writeFiles(null, tree), parents: [], message: job, at: stage.now() });
      const end = await clone.push([{ ref: toResultRef(job), oldSha: null, newSha: commit }]);
      expect(end.kind).toBe("pushed");
      return commit;
    },
  };
};

const findRun = async (stage: Awaited<ReturnType<typeof openStage>>, kind: string): Promise<{ id: number; job: JobKey }> =>
  stage.until(`a run of ${kind}`, async () => {
    const { workflow_runs: runs } = (await stage.does("GET", "/actions/runs")) as {
      workflow_runs: { id: number; display_title: string }[];
    };
    const run = runs.find(({ display_title: title }) => title.startsWith(`${kind}/`));
    return run && { id: run.id, job: readRunKey(run.display_title) as JobKey };
  });

const resultRefs = async (stage: Awaited<ReturnType<typeof openStage>>): Promise<string> =>
  stage.git("for-each-ref", "--format=%(refname)", RESULTS_PREFIX);

test("H4: a green verdict that a person pushes for a hanging verify job lands nothing, is deleted and is shown", async () => {
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      return spec.kind === "verify" ? "hangs" : { files: { "limit.txt": "10\n" } };
    },
    files: { ".enki/enki.toml": '[refinery]\nverify = ["false"]\n' },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  const { id, job } = await findRun(stage, "verify");
  const main = await stage.git("rev-parse", "main");
  const writer = await openWriter(stage);
  await writer.forge(job, { run: id, baseCommit: job.split("/")[1] ?? "" });
  await stage.sweep();
  expect(await stage.git("rev-parse", "main")).toBe(main);
  await stage.does("POST", `/actions/runs/${id}/cancel`);
  // Enki shows progress at most every half minute.
  stage.later(30_000);
  await stage.sweep();
  await stage.shows(issue, /no run of Enki created it/);
  expect(await stage.shows(issue, /claims `success`/)).toContain(`\`${toResultRef(job)}\``);
  expect(await stage.git("rev-parse", "main")).toBe(main);
  expect(await resultRefs(stage)).not.toContain(job);
});

test("H5: work that a person pushes for a running step lands nothing, and the step is done again", async () => {
  let attempts = 0;
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind === "verify") return { verdict: "green" };
      return (attempts += 1) === 1 ? "hangs" : { files: { "limit.txt": "10\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  const { id, job } = await findRun(stage, "work");
  const writer = await openWriter(stage);
  const baseCommit = await stage.git("rev-parse", "main");
  await writer.forge(job, { run: id, baseCommit }, { ".enki/enki.toml": '[refinery]\nverify = ["true"]\n# mine\n' });
  await stage.sweep();
  expect(await stage.git("for-each-ref", "refs/heads/task")).toBe("");
  await stage.does("POST", `/actions/runs/${id}/cancel`);
  await stage.sweepUntil("the work of the second attempt", async () => (await stage.landed()).includes("fix"), 5_000);
  expect(await stage.git("show", "main:.enki/enki.toml")).not.toContain("# mine");
  expect(await stage.shows(issue, /no run of Enki created it/)).toContain(`\`${toResultRef(job)}\``);
});
