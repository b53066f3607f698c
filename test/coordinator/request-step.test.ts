import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runRequestStep } from "../../src/coordinator/request-step.ts";
import { after } from "../support/after.ts";
import { MINT, openStage, REPO } from "../local-github/api/stage.ts";
import { createStepHost } from "./step-host.ts";

const POLL_MS = 5_000;

const open = async () => {
  const stage = await openStage(MINT);
  const token = await stage.jobToken({ contents: "write", issues: "write" });
  const temporary = mkdtempSync(join(tmpdir(), "enki-request-"));
  onTestFinished(async () => {
    await stage.close();
    rmSync(temporary, { recursive: true, force: true });
  });
  let clock = 1_000;
  const bare = join(stage.root, "forge/octo/demo.git");
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: bare, encoding: "utf8" }).trim();
  const ask = async (
    inputs: Readonly<Record<string, string>>,
    { env = {}, onPoll = () => undefined }: { env?: Readonly<Record<string, string>>; onPoll?: () => void } = {},
  ) => {
    const outputs: Record<string, string> = {};
    const given: Readonly<Record<string, string>> = { token, ...inputs };
    const failed = await runRequestStep(
      createStepHost(given, {
        env: {
          GITHUB_REPOSITORY: "octo/demo",
          GITHUB_API_URL: stage.forge.apiUrl,
          GITHUB_SERVER_URL: stage.forge.url,
          GITHUB_RUN_ID: "7",
          GITHUB_JOB: "bump",
          GITHUB_ACTION: "enki",
          RUNNER_TEMP: mkdtempSync(join(temporary, "job-")),
          ...env,
        },
        setOutput: (name, value) => void (outputs[name] = value),
        now: () => (clock += 1_000),
        nonce: () => String((clock += 1)),
        // Only polling passes quickly, because git also has a time limit.
        after: (delay, call) => {
          if (delay !== POLL_MS) return after(delay, call);
          onPoll();
          setImmediate(call);
          return () => undefined;
        },
      }),
    );
    return { failed, outputs };
  };
  const issues = async (): Promise<number> => (await stage.octokit(stage.owner).issues.listForRepo({ ...REPO, state: "all" })).data.length;
  const requests = (): string[] => git("for-each-ref", "--format=%(refname) %(objectname)", "refs/enki/requests").split("\n");
  return { ...stage, bareGit: git, ask, issues, requests };
};

const SECOND = { env: { GITHUB_RUN_ATTEMPT: "2" } };

test("a rerun of the job asks for the same on the same issue: one issue, one request", async () => {
  const { ask, issues, requests } = await open();
  const first = await ask({ request: "sort the list", issue: "3" });
  expect(first).toMatchObject({ failed: null, outputs: { status: "requested" } });
  const before = requests();
  expect(await ask({ request: "sort the list", issue: "3" }, SECOND)).toEqual(first);
  expect(requests()).toEqual(before);
  expect(before).toHaveLength(1);
  await ask({ request: "sort the list", issue: "3" }, { env: { GITHUB_JOB: "other" } });
  await ask({ request: "sort the list", issue: "3" }, { env: { GITHUB_RUN_ID: "8" } });
  await ask({ request: "sort another list", issue: "3" });
  expect(requests()).toHaveLength(4);
  expect(await issues()).toBe(0);
});

test("a rerun of a job without an issue finds the issue that its first attempt opened, also after it was closed", async () => {
  const { ask, issues, requests, octokit, owner } = await open();
  const first = await ask({ request: "sort the list" });
  await octokit(owner).issues.update({ ...REPO, issue_number: 1, state: "closed" });
  expect(await ask({ request: "sort the list" }, SECOND)).toEqual(first);
  expect(await issues()).toBe(1);
  expect(requests()).toHaveLength(1);
});

test("a job that waits fails with the reason when somebody deleted its request before Enki read it", async () => {
  const { ask, bareGit, requests } = await open();
  const ended = await ask(
    { request: "sort the list", issue: "3", wait: "true" },
    {
      onPoll: () => {
        for (const line of requests()) if (line !== "") bareGit("update-ref", "-d", line.split(" ")[0] ?? "");
      },
    },
  );
  expect(ended.outputs["status"]).toBe("refused");
  expect(ended.failed).toMatch(/^somebody deleted refs\/enki\/requests\/7-[0-9a-f]{12} before Enki read the request; run this job again$/);
});
