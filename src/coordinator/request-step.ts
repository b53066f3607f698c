import { join } from "node:path";
import { z } from "zod";
import { type Execution, hasEnded } from "../core/domain/execution.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { NOBODY } from "../core/domain/product.ts";
import { toRequestRef } from "../core/domain/refs.ts";
import { type CiRequest, composeRequestCommand, REQUEST_FILE } from "../core/events/read-request.ts";
import { renderRequestIssue, renderRunSummary } from "../core/messages/ci-request.ts";
import { openClone, type RepositoryClone } from "../storage/git/repository-clone.ts";
import { loadLedger } from "../storage/ledger/load-ledger.ts";
import { type CoordinateStepHost, openStepAccess, requireVariable, sleepFor } from "./step-access.ts";

const NO_WORK = "there is nothing to do: set `workflow`, or `request`";

/** Asks for work from a job of CI, and may wait for its end. */
export const runRequestStep = async (host: CoordinateStepHost): Promise<string | null> => {
  const [workflow, request] = [host.readInput("workflow"), host.readInput("request")];
  const command = composeRequestCommand({ workflow, request });
  if (command === null) return NO_WORK;
  const { access, github } = await openStepAccess(host);
  const at = host.now();
  const issue = await chooseIssue(host, access, { title: request === "" ? `Run ${workflow}` : request });
  const url = `${requireVariable(host, "GITHUB_SERVER_URL")}/${requireVariable(host, "GITHUB_REPOSITORY")}`;
  host.setOutput("url", `${url}/issues/${issue}`);
  const clone = await openClone({
    url: `${url}.git`,
    directory: join(requireVariable(host, "RUNNER_TEMP"), "enki-request.git"),
    token: access.token,
    identity: NOBODY,
    after: host.after,
  });
  const asked = { issue, at, command, nonce: host.nonce() };
  const commit = await pushRequest(host, clone, asked);
  const woken = await github.runs.wake({ failures: 0 });
  if (!woken.ok) host.logInfo(`the coordinator was not woken, and finds the request later: ${woken.failure.reason}`);
  host.logInfo(`asked on ${url}/issues/${issue}: ${command}`);
  if (host.readInput("wait") === "true") return awaitEnd(host, clone, { asked, id: `request:${commit}` });
  host.setOutput("status", "requested");
  return null;
};

type NewIssue = { readonly title: string };
const MAX_TITLE_CHARS = 100;
const createdIssueSchema = z.object({ number: z.int().positive() });

/** The given issue, or a new one that says which run asks. */
const chooseIssue = async (
  host: CoordinateStepHost,
  { octokit }: Awaited<ReturnType<typeof openStepAccess>>["access"],
  { title }: NewIssue,
): Promise<number> => {
  const given = host.readInput("issue");
  if (given !== "") {
    if (!/^[1-9]\d{0,9}$/.test(given)) throw new Error(`'${given}' is not an issue number`);
    return Number(given);
  }
  const [owner = "", repo = ""] = requireVariable(host, "GITHUB_REPOSITORY").split("/");
  const run = `${requireVariable(host, "GITHUB_SERVER_URL")}/${owner}/${repo}/actions/runs/${requireVariable(host, "GITHUB_RUN_ID")}`;
  const body = renderRequestIssue({ request: host.readInput("request"), details: host.readInput("details"), run });
  const { data } = await octokit.request("POST /repos/{owner}/{repo}/issues", {
    owner,
    repo,
    title: title.slice(0, MAX_TITLE_CHARS),
    body,
  });
  return createdIssueSchema.parse(data).number;
};

const MAX_PUSH_ATTEMPTS = 3;

/** Pushes the request under a ref of its own, which only somebody with write permission can do. */
const pushRequest = async (host: CoordinateStepHost, clone: RepositoryClone, asked: CiRequest): Promise<string> => {
  const tree = await clone.writeFiles(null, new Map([[REQUEST_FILE, { content: JSON.stringify(asked), mode: "100644" as const }]]));
  const commit = await clone.writeCommit({ tree, parents: [], message: asked.command, at: asked.at });
  const ref = toRequestRef(`${requireVariable(host, "GITHUB_RUN_ID")}-${commit.slice(0, 12)}`);
  for (let attempt = 1; ; attempt += 1) {
    const end = await clone.push([{ ref, oldSha: null, newSha: commit }]);
    if (end.kind === "pushed" || (await clone.remoteRef(ref).catch(() => null)) === commit) return commit;
    if (attempt === MAX_PUSH_ATTEMPTS || end.kind === "not-allowed") throw new Error(`the request could not be pushed: ${end.text}`);
  }
};

const POLL_MS = 5_000;

type AwaitedRequest = { readonly asked: CiRequest; readonly id: `request:${string}` };

/** Reads the ledger until the execution has ended: fetching costs no request of GitHub's API. */
const awaitEnd = async (host: CoordinateStepHost, clone: RepositoryClone, { asked, id }: AwaitedRequest): Promise<string | null> => {
  for (;;) {
    await clone.fetchForJob();
    const { ledger } = await loadLedger(clone, await clone.refs());
    const execution = findExecution(ledger, asked);
    if (execution && hasEnded(execution)) return reportEnd(host, ledger, execution);
    if (!execution && ledger.handledEvents[id] !== undefined) {
      host.setOutput("status", "refused");
      return `the request was refused; issue #${asked.issue} says why`;
    }
    await sleepFor(host)(POLL_MS);
  }
};

const findExecution = ({ executions }: Ledger, { issue, at }: CiRequest): Execution | undefined =>
  Object.values(executions).find((each) => each.issue === issue && each.createdAt === at);

const reportEnd = async (host: CoordinateStepHost, ledger: Ledger, execution: Execution): Promise<string | null> => {
  const landed = Object.values(execution.steps).filter((step) => step.landed !== null);
  host.setOutput("execution", execution.id);
  host.setOutput("status", execution.state);
  host.setOutput("landed", landed.map(({ id }) => id).join(","));
  await host.writeSummary(renderRunSummary(execution, ledger.plans[execution.plan ?? ""] ?? null));
  return execution.state === "done" ? null : `execution ${execution.id} ended as ${execution.state}; issue #${execution.issue} says why`;
};
