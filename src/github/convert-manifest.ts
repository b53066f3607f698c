import { type AppCredentials, readConversion } from "../core/setup/app-registration.ts";
import { classifyFault, readThrownAnswer } from "./classify-fault.ts";
import type { GitHubRequester } from "./open-octokit.ts";

export type ConversionReply = { readonly ok: true; readonly value: AppCredentials } | { readonly ok: false; readonly reason: string };

/** Exchanges a manifest code for the App's credentials. GitHub accepts each code once, within an hour. */
export const convertManifest = async (anonymous: GitHubRequester, code: string): Promise<ConversionReply> => {
  try {
    const { data } = await anonymous.request("POST /app-manifests/{code}/conversions", { code });
    const value = readConversion(data);
    return value ? { ok: true, value } : { ok: false, reason: "the answer holds no private key or no webhook secret" };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: classifyFault(readThrownAnswer(error), words, { now: 0, faults: 0 }).failure.reason };
  }
};
