import { hashValue } from "../core/domain/ids.ts";
import { type CoordinateStepHost } from "./step-access.ts";
import { requireVariable } from "../core/domain/require-variable.ts";

/**
 * The key of a request by a step of a job. A rerun of the job has the same key, so a request with the same details stays one commit and one
 * event.
 */
export const createRequestKey = (host: CoordinateStepHost, command: string): string => {
  const { env } = host;
  return hashValue([requireVariable(host, "GITHUB_RUN_ID"), env["GITHUB_JOB"] ?? "", env["GITHUB_ACTION"] ?? "", command]).slice(0, 16);
};

/** Whether an earlier attempt of the job may have asked. */
export const isRerun = ({ env }: CoordinateStepHost): boolean => Number(env["GITHUB_RUN_ATTEMPT"] ?? "1") > 1;
