import { z } from "zod";
import { issueListSchema, workflowRunSchema } from "./answer-schemas.ts";
import { type GitHubHttp, ITEMS_PER_PAGE, openHttp } from "./github-http.ts";
import type { GitHubReply } from "./github-ports.ts";
import type { WorkflowRunInfo } from "../core/domain/github-facts.ts";
import { isSameLogin } from "../core/domain/ids.ts";

/** A run of any workflow. `workflow` is the name of its workflow. */
export type CiRun = WorkflowRunInfo & { readonly workflow: string };

export type CiJob = { readonly id: number; readonly name: string; readonly conclusion: string | null };

type IssueListing = { readonly by: string; readonly state: "open" | "all" };

/** GitHub's functions for a job of CI, besides the ports of the coordinator. */
export type CiPort = {
  readonly run: (id: number) => Promise<GitHubReply<CiRun>>;
  /** The jobs of the run's latest attempt; at most a hundred. */
  readonly jobs: (run: number) => Promise<GitHubReply<readonly CiJob[]>>;
  readonly log: (job: number) => Promise<GitHubReply<string>>;
  /** Texts of issues by an account, newest first; at most some hundred. */
  readonly issues: (of: IssueListing) => Promise<GitHubReply<readonly { readonly issue: number; readonly body: string }[]>>;
  readonly createIssue: (texts: { readonly title: string; readonly body: string }) => Promise<GitHubReply<number>>;
};

const namedRunSchema = z.object({ name: z.string().nullish() });
const runSchema = z.unknown().transform((raw): CiRun => {
  const run = workflowRunSchema.parse(raw);
  return { ...run, workflow: namedRunSchema.parse(raw).name ?? run.file };
});
const jobListSchema = z.object({
  jobs: z.array(
    z.object({
      id: z.int(),
      name: z.string(),
      conclusion: z
        .string()
        .nullish()
        .transform((value) => value ?? null),
    }),
  ),
});
const createdIssueSchema = z.object({ number: z.int().positive() }).transform(({ number }) => number);

const MAX_ISSUE_PAGES = 5;

export const openCi = (target: Parameters<typeof openHttp>[0]): CiPort => {
  const http = openHttp(target);
  return {
    run: (id) => http.get({ route: "GET /repos/{owner}/{repo}/actions/runs/{run_id}", parameters: { run_id: id }, schema: runSchema }),
    jobs: async (run) => {
      const parameters = { run_id: run, filter: "latest", per_page: ITEMS_PER_PAGE };
      const reply = await http.get({ route: "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs", parameters, schema: jobListSchema });
      return reply.ok ? { ok: true, value: reply.value.jobs } : reply;
    },
    log: (job) =>
      http.get({ route: "GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs", parameters: { job_id: job }, schema: z.string() }),
    issues: (of) => listIssues(http, of),
    createIssue: (texts) => http.send({ route: "POST /repos/{owner}/{repo}/issues", parameters: texts, schema: createdIssueSchema }),
  };
};

const listIssues = async (http: GitHubHttp, { by, state }: IssueListing): ReturnType<CiPort["issues"]> => {
  const found: { issue: number; body: string }[] = [];
  for (let page = 1; page <= MAX_ISSUE_PAGES; page += 1) {
    const parameters = { state, creator: by, per_page: ITEMS_PER_PAGE, page };
    const reply = await http.page({ route: "GET /repos/{owner}/{repo}/issues", parameters, schema: issueListSchema });
    if (!reply.ok) return reply;
    // A server that does not know `creator` lists the issues of everybody.
    for (const each of reply.value.value) if (isSameLogin(each.by, by)) found.push({ issue: each.issue, body: each.body });
    if (!reply.value.more) break;
  }
  return { ok: true, value: found };
};
