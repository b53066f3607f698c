import { hashValue } from "../core/domain/ids.ts";
import { type CoordinateStepHost, requireVariable } from "./step-access.ts";

/** What a step of a job asks for. A rerun of the job has the same key, so that its request, with the same details, is one commit and one event. */
export const createRequestKey = (host: CoordinateStepHost, command: string): string => {
  const { env } = host;
  return hashValue([requireVariable(host, "GITHUB_RUN_ID"), env["GITHUB_JOB"] ?? "", env["GITHUB_ACTION"] ?? "", command]).slice(0, 16);
};

/** Whether an earlier attempt of the job may have asked. */
export const isRerun = ({ env }: CoordinateStepHost): boolean => Number(env["GITHUB_RUN_ATTEMPT"] ?? "1") > 1;
