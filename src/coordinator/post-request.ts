import { join } from "node:path";
import { NOBODY } from "../core/domain/product.ts";
import { toRequestRef } from "../core/domain/refs.ts";
import { type CiRequest, readRequest, REQUEST_FILE } from "../core/events/read-request.ts";
import { openClone, type RepositoryClone } from "../storage/git/repository-clone.ts";
import { awaitExecution, isHandled } from "./await-execution.ts";
import { createRequestKey, isRerun } from "./request-key.ts";
import { type CoordinateStepHost, type StepAccess } from "./step-access.ts";
import { requireVariable } from "../core/domain/require-variable.ts";

/** The repository's address on the server. */
export const toRepositoryUrl = (host: CoordinateStepHost): string =>
  `${requireVariable(host, "GITHUB_SERVER_URL")}/${requireVariable(host, "GITHUB_REPOSITORY")}`;

/** The address of the asking run. */
export const toRunUrl = (host: CoordinateStepHost): string =>
  `${toRepositoryUrl(host)}/actions/runs/${requireVariable(host, "GITHUB_RUN_ID")}`;

export type NewRequest = { readonly issue: number; readonly command: string; readonly details: string };

/** Asks Enki for work on an issue, and waits for its end if the job wants that. Returns why the step failed, or null. */
export const postRequest = async (
  host: CoordinateStepHost,
  { access, github }: StepAccess,
  { issue, command, details }: NewRequest,
): Promise<string | null> => {
  const url = toRepositoryUrl(host);
  host.setOutput("url", `${url}/issues/${issue}`);
  const clone = await openClone({
    url: `${url}.git`,
    directory: join(requireVariable(host, "RUNNER_TEMP"), "enki-request.git"),
    token: access.token,
    identity: NOBODY,
    after: host.after,
  });
  const asked = { issue, command, nonce: createRequestKey(host, command), ...(details !== "" && { details }) };
  if (readRequest(JSON.stringify(asked), { commit: UNKNOWN_COMMIT, now: host.now() }) === null)
    return "Enki could not read this request; it may be too long";
  const { commit, ref } = await pushRequest(host, clone, asked);
  const woken = await github.runs.wake({ failures: 0 });
  if (!woken.ok) host.logInfo(`the coordinator was not started, and will find the request later: ${woken.failure.reason}`);
  host.logInfo(`asked on ${url}/issues/${issue}: ${command}`);
  if (host.readInput("wait") === "true") return awaitExecution(host, clone, { issue, commit, ref });
  host.setOutput("status", "requested");
  return null;
};

/** Stands for the commit of a request before its push. */
const UNKNOWN_COMMIT = "0".repeat(40);

const MAX_PUSH_ATTEMPTS = 3;

type PushedRequest = { readonly commit: string; readonly ref: string };

/**
 * Pushes the request under its own ref; the push requires write permission. The commit has no time, so a rerun makes the same commit; the
 * coordinator deletes the ref of a handled request.
 */
const pushRequest = async (host: CoordinateStepHost, clone: RepositoryClone, asked: CiRequest): Promise<PushedRequest> => {
  const tree = await clone.writeFiles(null, new Map([[REQUEST_FILE, { content: JSON.stringify(asked), mode: "100644" as const }]]));
  const commit = await clone.writeCommit({ tree, parents: [], message: asked.command, at: 0 });
  const ref = toRequestRef(`${requireVariable(host, "GITHUB_RUN_ID")}-${commit.slice(0, 12)}`);
  if (isRerun(host) && (await isHandled(clone, { issue: asked.issue, commit }))) return { commit, ref };
  for (let attempt = 1; ; attempt += 1) {
    const end = await clone.push([{ ref, oldSha: null, newSha: commit }]);
    if (end.kind === "pushed" || (await clone.remoteRef(ref).catch(() => null)) === commit) return { commit, ref };
    if (attempt === MAX_PUSH_ATTEMPTS || end.kind === "not-allowed") throw new Error(`the request could not be pushed: ${end.text}`);
  }
};
