import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import type { JobReport } from "../../../src/local-github/actions/workflow-runner.ts";
import { openStage, REPO } from "../api/stage.ts";

export type Answer = { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly text: string };

/** Sends a request like a browser, with any host name. */
export const ask = (url: string, { host, method = "GET" }: { host?: string; method?: string } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { method, ...(host !== undefined && { headers: { host } }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });

const WORKFLOW = {
  ".github/workflows/check.yml": "name: Check\non: workflow_dispatch\njobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }\n",
};

const setPages = async (...[files, options]: Parameters<typeof openStage>) => {
  const stage = await openStage({ ...WORKFLOW, ...files }, options);
  const api = stage.octokit(stage.owner);
  const look = (path: string): Promise<Answer> => ask(`${stage.forge.url}${path}`);
  return {
    ...stage,
    api,
    look,
    page: async (path: string): Promise<string> => (await look(`/octo/demo${path}`)).text,
    push: (...refs: string[]): Promise<string> => stage.git("push", "-q", stage.remote(stage.owner), ...refs),
    issue: async (title: string, body = ""): Promise<number> => (await api.issues.create({ ...REPO, title, body })).data.number,
    comment: async (issue: number, body: string): Promise<number> =>
      (await api.issues.createComment({ ...REPO, issue_number: issue, body })).data.id,
    /** Starts the workflow `Check` with the jobs of the test. */
    start: async () => {
      await api.actions.createWorkflowDispatch({ ...REPO, workflow_id: "check.yml", ref: "main" });
      await stage.forge.waitUntilIdle();
      const started = stage.runner.started.at(-1);
      if (!started) throw new Error("nothing started");
      const { request: run, observer } = started;
      const job = (report: Partial<JobReport>, log?: string): void => {
        const file = join(stage.root, `${report.id ?? "a"}.log`);
        if (log !== undefined) writeFileSync(file, log);
        observer.onJob({
          id: "a",
          name: "a",
          status: "in_progress",
          conclusion: null,
          steps: [],
          log: log === undefined ? null : file,
          ...report,
        });
      };
      return { id: run.id, observer, job };
    },
  };
};

/** A forge with a public repository `octo/demo`. */
export const openPages = async (...given: Parameters<typeof setPages>) => {
  const pages = await setPages(...given);
  onTestFinished(pages.close);
  return pages;
};

/** One stage for all tests of a file. Each test looks only at its own data. */
export const sharePages = (): (() => Awaited<ReturnType<typeof setPages>>) => {
  let pages: Awaited<ReturnType<typeof setPages>> | undefined;
  beforeAll(async () => {
    pages = await setPages();
  });
  afterAll(() => pages?.close());
  return () => {
    if (!pages) throw new Error("it opens before the first test");
    return pages;
  };
};
