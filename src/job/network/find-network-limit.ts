import type { Config } from "../../core/domain/config.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { ANY_HOST, isLoopbackHost, readAddressTarget } from "../../core/policy/network-hosts.ts";
import { DETECTED_PACKAGES, listEcosystems, resolveNetworkWords } from "../../core/policy/package-registries.ts";
import { listTree } from "../../storage/git/git-tree.ts";
import type { GitContext } from "../../storage/git/run-git.ts";
import type { JobSpec } from "../job-spec.ts";

type LimitRequest = {
  readonly policy: Config["policy"];
  /** The repository's address. */
  readonly url: string;
  /** The commit that the job starts from. */
  readonly commit: Sha;
};

/** Whether the repository's server is a machine of its own, and not the local GitHub. */
const isOnServer = (url: string): boolean => {
  const target = readAddressTarget(url);
  return target !== null && !isLoopbackHost(target.host);
};

/** The limit of an agent's network, from the default branch's policy; empty without a limit. */
export const findNetworkLimit = async (at: GitContext, { policy, url, commit }: LimitRequest): Promise<Pick<JobSpec, "network">> => {
  const list = policy.network ?? [isOnServer(url) ? DETECTED_PACKAGES : ANY_HOST];
  if (list.includes(ANY_HOST)) return {};
  const detected = list.includes(DETECTED_PACKAGES) ? listEcosystems((await listTree(at, commit)).keys()) : [];
  return { network: resolveNetworkWords(list, detected) };
};
