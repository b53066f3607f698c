import { dirname } from "node:path";
import { explainProtectionGaps } from "../../core/messages/protection-gaps.ts";
import { isEnvironmentReadable } from "../../isolation/hide-environment.ts";
import { toJobPaths } from "../job-spec.ts";
import type { StepHost } from "../step-host.ts";
import type { JobSandbox } from "./job-sandbox.ts";
import { listCommandPaths } from "../../isolation/readable-paths.ts";
import { openJobSandbox } from "./open-job-sandbox.ts";

/** Opens the sandbox of a step and logs which protections the machine lacks. `words` is the agent's command line; empty without an agent. */
export const openStepSandbox = async (host: StepHost, words: readonly string[]): Promise<JobSandbox> => {
  const { env, workspace, temp, node, cli } = host;
  const installation = dirname(dirname(cli));
  const sandbox = await openJobSandbox({
    env,
    workspace,
    temp,
    reach: toJobPaths(temp).reach,
    readable: [node, dirname(cli), installation, ...(await listCommandPaths(words))],
  });
  // A closed cell of a local GitHub already hides other processes and files, and ends with the job.
  const gaps = env["ENKI_CELL"] === "closed" ? sandbox.gaps.filter((gap) => gap === "same-user") : sandbox.gaps;
  for (const sentence of explainProtectionGaps(gaps)) host.log(sentence);
  if (sandbox.gaps.includes("same-user") && isEnvironmentReadable()) host.log(explainProtectionGaps(["readable-environment"]).join(""));
  return sandbox;
};
