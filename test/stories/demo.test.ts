import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLI } from "../support/cli.ts";
import { DEMO_LANDING, listLandedFiles } from "../../scripts/demo-landing.mjs";
import { hasNamespaces } from "../support/namespaces.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

type Summary = {
  ok: boolean;
  repository: string;
  execution: string;
  base: string;
  landed: { task: string; step: string; commit: string; pull: number }[];
  artifacts: string[];
  reviewed: number;
  requests: { rest: number; pushes: number };
  seconds: number;
};
type Told = { readonly code: number; readonly summary: Summary; readonly text: string };

/** Plays the demo like a user, in a process of its own without the environment of this process. */
const play = (directory: string, ...args: readonly string[]): Promise<Told> =>
  new Promise((resolve) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: directory, TMPDIR: directory };
    execFile(process.execPath, [CLI, "demo", "--once", "--json", ...args], { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const last = stdout.trimEnd().split("\n").at(-1) ?? "";
      resolve({ code: error ? Number(error.code) : 0, summary: JSON.parse(last) as Summary, text: stderr });
    });
  });

let directory = "";
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), "enki-test-demo-"))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const below = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );

describe("the demo", () => {
  let told: Told;
  let git: (...args: string[]) => string;
  beforeAll(async () => {
    told = await play(directory);
    git = (...args) => execFileSync("git", args, { cwd: told.summary.repository, encoding: "utf8" }).trim();
  }, 120_000);

  test("succeeds and lists landed work", () => {
    expect(told).toMatchObject({ code: 0 });
    expect(told.text).toContain("calls no model");
    expect(told.summary).toMatchObject({ ok: true, base: "main", artifacts: [`artifacts/${told.summary.execution}/research.md`] });
    expect(told.summary.landed.map(({ step }) => step).toSorted()).toEqual(["document_limit", "fix_upload_limit", "test_upload"]);
    expect(told.summary.landed.every(({ pull }) => pull > 1)).toBe(true);
    expect(told.summary.seconds).toBeGreaterThan(0);
  });

  test("lands the same files as the story that a person plays in the terminal or on the pages", () => {
    expect(listLandedFiles(git)).toEqual(DEMO_LANDING);
  });

  test("a reviewer's line comment starts a second attempt, which answers in the thread before the checkpoint lands", () => {
    expect(told.summary.reviewed).toBe(1);
    const [fix] = told.summary.landed;
    const head = git("rev-parse", `${fix?.commit}^2`);
    const lines = told.text.split("\n").map((line) => line.replace(/^ *\d+\.\d s {2}/, ""));
    const order = [
      /^maintainer: requests changes on #2, at nginx\.conf:4: /,
      /-fix_upload_limit: attempt 2, to address 1 comment$/,
      new RegExp(`^enki\\[bot\\] on nginx\\.conf: Addressed in ${head.slice(0, 12)}: `),
      /^maintainer: approves pull request #2 with a review$/,
      /-fix_upload_limit landed on main/,
    ].map((line) => lines.findIndex((each) => line.test(each)));
    expect(order.every((at) => at >= 0)).toBe(true);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    // The second attempt is a commit on the first.
    expect(git("rev-list", "--count", `${head}^..${head}`)).toBe("1");
    expect(git("show", `${head}^:nginx.conf`)).not.toContain("maxUploadBytes");
    expect(git("show", `${head}:nginx.conf`)).toContain("maxUploadBytes");
  });

  test("shows one first-parent merge for each landed step, in the order of the needs, with trailers", () => {
    const merges = git(
      "log",
      "--first-parent",
      "--reverse",
      "--merges",
      "--format=%H %(trailers:key=Enki-Task,valueonly,separator=)",
      "main",
    ).split("\n");
    expect(merges).toEqual(told.summary.landed.map(({ commit, task }) => `${commit} ${task}`));
    expect(told.summary.landed[0]?.step).toBe("fix_upload_limit");
    for (const { commit, task } of told.summary.landed) {
      expect(git("rev-parse", `${commit}^2`)).toBe(git("log", "-1", "--format=%(trailers:key=Enki-Head,valueonly,separator=)", commit));
      expect(git("log", "-1", "--format=%(trailers:key=Enki-Task,valueonly,separator=)", `${commit}^2`)).toBe(task);
    }
  });

  test("the example's own tests pass at each of them", () => {
    for (const { commit } of told.summary.landed) {
      const at = mkdtempSync(join(directory, "at-"));
      git("--work-tree", at, "checkout", "-q", "-f", commit, "--", ".");
      expect(() =>
        execFileSync(process.execPath, ["--test"], { cwd: at, stdio: "pipe", env: { PATH: process.env["PATH"] } }),
      ).not.toThrow();
    }
  });

  test("prints the story as it happens: comments, the plan, ledger writes, and links", () => {
    const { repository, execution, landed } = told.summary;
    const lines = told.text.split("\n").map((line) => line.replace(/^ *\d+\.\d s {2}/, ""));
    for (const line of [
      "maintainer: /enki fix",
      "enki[bot]: A plan, for your approval",
      "    research          Find every place that limits uploads (light · code_referencer · a report)",
      `  ${execution}-fix_upload_limit: attempt 1`,
      "maintainer: approves pull request #2 with a review",
      "enki[bot]: Done: everything landed",
      `  ${landed[0]?.commit.slice(0, 12)}  fix_upload_limit  #2`,
      `  git -C ${repository} log refs/enki/ledger`,
    ]) {
      expect(lines).toContain(line);
    }
    // Only an attempt's number occurs twice.
    expect(lines.filter((line, at) => line.trim() !== "" && lines.indexOf(line) !== at)).toEqual([]);
  });

  test("leaves the repositories, the jobs' logs and artifacts, and nothing else", () => {
    const root = dirname(dirname(dirname(told.summary.repository)));
    expect(readdirSync(root).toSorted()).toEqual(["jobs", "repositories"]);
    expect(readdirSync(join(root, "jobs")).toSorted()).toEqual(["artifacts", "logs"]);
  });

  test("the ledger contains the story, and every write can be replayed", () => {
    const log = git("log", "--reverse", "--format=%B", "refs/enki/ledger");
    const lines = [
      /asked for/,
      /proposed/,
      /approved plan/,
      /research done: artifact/,
      /fix_upload_limit delivered/,
      /fix_upload_limit landed/,
      /is done/,
    ];
    const places = lines.map((line) => log.split("\n").findIndex((each) => line.test(each)));
    expect(lines.filter((_, at) => (places[at] ?? -1) < 0)).toEqual([]);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(execFileSync(process.execPath, [CLI, "replay", told.summary.repository], { encoding: "utf8" })).toMatch(
      /^\d+ writes, 0 of them differ$/m,
    );
  });

  test("a round of review costs at most 14 more REST requests, one for each result, notification and new text, and 4 more pushes", () => {
    const { landed, reviewed, artifacts, requests } = told.summary;
    // One more request per result: a plan, and work and a verdict for each step and each round of review.
    const results = 1 + 2 * landed.length + artifacts.length + 2 * reviewed;
    // A person receives a notification of the plan and of each head of the checkpoint.
    const notifications = 1 + (1 + reviewed);
    // A pull request's text states each landing, each wait for a review, and each way to an agent and back to the queue.
    const texts = landed.length + (1 + reviewed) + 2 * reviewed;
    expect(requests.rest).toBeLessThanOrEqual(8 * landed.length + 14 * reviewed + results + notifications + texts);
    expect(requests.pushes).toBeLessThanOrEqual(4 * landed.length + 4 * reviewed);
  });

  test("no agent can push, call the API or find a token; each attempt and its answer is in the transcript", () => {
    const transcripts = below(dirname(dirname(dirname(told.summary.repository)))).filter((path) => path.endsWith("transcript.jsonl"));
    expect(transcripts).toHaveLength(6);
    for (const path of transcripts) {
      const text = readFileSync(path, "utf8");
      for (const answer of [
        "'origin' does not appear to be a git repository",
        // The agent knows the server's address; it only lacks a right.
        "could not read Username for 'http://127.0.0.1:",
        "not pushed",
        "GET /user: 401 Requires authentication",
        "POST /repos/demo/upload-limit/git/refs: 401 Requires authentication",
        "POST /repos/demo/upload-limit/issues/1/comments: 401 Requires authentication",
        "tokens in the environment: 0",
        "tokens in the environment of the agent: 0",
        ...(hasNamespaces ? ["tokens in the environment of its parents: 0"] : []),
        "bytes of credentials in HOME: 0",
        "addresses and credentials in the configuration of git: 0",
        "files around the workspace with a token: 0",
        "sockets: ",
      ]) {
        expect(text).toContain(answer);
      }
      // The only socket leads to the agent's own tools, with the rights of its job.
      expect(text).toMatch(/a socket: (?:steps array must not be empty|tool 'enki_execution_create' is not available for role 'worker')/);
      expect(text).not.toMatch(/gh[a-z]_[A-Za-z0-9]{30}/);
    }
  });
});

const playOf = (name: string): Promise<Told> => play(directory, "--rehearsal", join(ROOT, `examples/upload-limit/plays/${name}.toml`));

describe.concurrent("other rehearsals", () => {
  // Five rehearsals run at a time, so the slow ones come first.
  test.each([
    ["crash", "Its job failed 3 times: the agent exited with 13"],
    ["hang", "Its job failed 3 times: the agent did not finish within 3 s"],
    ["silent", "The agent ended without a change and without saying why."],
  ])("%s: nothing lands, its dependents do not start, and the demo says why", async (name, why) => {
    const told = await playOf(name);
    expect(told.code).toBe(1);
    expect(told.summary).toMatchObject({ ok: false, landed: [], artifacts: [] });
    expect(told.text).toContain(`\`fix_upload_limit\` failed. ${why}`);
    expect(told.text).toMatch(/^ +\/enki retry \S+-fix_upload_limit$/m);
    expect(told.text).not.toContain("document_limit: attempt");
  });

  test("other names and one more step: at most 8 REST requests and 4 pushes for each landed step, and a request for each result, notification and new text", async () => {
    const told = await playOf("renamed");
    expect(told).toMatchObject({ code: 0 });
    expect(told.summary.landed.map(({ step }) => step).toSorted()).toEqual(["announce", "describe_cap", "raise_cap", "try_big_file"]);
    expect(told.summary.landed.at(-1)?.step).toBe("announce");
    const { landed, artifacts, requests } = told.summary;
    // At most 8 REST requests per landed step, one per result, and 4 coordinator pushes per landed step.
    const results = 1 + 2 * landed.length + artifacts.length;
    // A person receives a notification of the plan only. The request for a review of the checkpoint, raise_cap, is among the eight.
    const notifications = 1;
    // The text of each pull request states its landing; the checkpoint's text also states its wait for a review.
    const texts = landed.length + 1;
    expect(requests.rest - results - notifications - texts).toBeLessThanOrEqual(8 * landed.length);
    expect(requests.pushes / landed.length).toBeLessThanOrEqual(4);
    expect(requests.rest).toBeGreaterThan(0);
  });

  test("a step that fails verification lands nothing, and the demo reports the cause", async () => {
    const told = await playOf("failing-verification");
    expect(told.code).toBe(1);
    expect(told.summary).toMatchObject({ ok: false, landed: [] });
    expect(told.text).toMatch(
      /`fix_upload_limit` failed\. `.*node --test.*` failed, so its candidate did not pass verification\.[^]*\/enki retry/,
    );
  });

  test("a plan with a cycle is refused to the planner, and the demo says so", async () => {
    const told = await playOf("cycle");
    expect(told.code).toBe(1);
    expect(told.summary).toMatchObject({ ok: false, landed: [] });
    expect(told.text).toContain(
      "its plan was refused: steps form a cycle: fix_upload_limit -> document_limit -> test_upload -> fix_upload_limit",
    );
  });

  test("unchanged: it reports why there is nothing to do, and its dependents land once a person confirms", async () => {
    const told = await playOf("unchanged");
    expect(told).toMatchObject({ code: 0, summary: { ok: true } });
    expect(told.summary.landed.map(({ step }) => step)).toEqual(["document_limit"]);
    expect(told.text).toContain("-fix_upload_limit waits for a person to confirm that there is nothing to do");
    expect(told.text).toMatch(/maintainer: \/enki approve \S+-fix_upload_limit@/);
  });
}, 120_000);
