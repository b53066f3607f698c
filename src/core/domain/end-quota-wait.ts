import type { Resolution } from "./conflict.ts";
import { isAwaitingQuota, type Step } from "./step.ts";

/** Starts without waiting for a quota, because a person says so. */
export const endQuotaWait = (step: Step): Step => {
  const { quota: _, ...rest } = step;
  const resolution = step.resolution && endResolutionQuotaWait(step.resolution);
  return { ...rest, ...(resolution && { resolution }), ...(isAwaitingQuota(step) && { notBefore: 0 }) };
};

const endResolutionQuotaWait = (resolution: Resolution): Resolution => {
  const { quota, ...rest } = resolution;
  return quota === undefined ? resolution : { ...rest, notBefore: 0 };
};
