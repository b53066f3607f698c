import { refuseMissingGit, refuseOldGit } from "../../core/messages/refusals/git.ts";
import { simpleGit } from "simple-git";
import type { RefusedResult } from "../../core/domain/refusal.ts";

/** The first version with `merge-tree --write-tree`, which builds candidates. */
const MIN_GIT_VERSION = [2, 38] as const;

/** Returns null if git is usable. Refusals: `git-missing`, `git-too-old`. */
export const checkGit = async (): Promise<RefusedResult | null> => {
  const next = `install git ${MIN_GIT_VERSION.join(".")} or newer`;
  try {
    const version = await simpleGit().version();
    if (!version.installed) return refuseMissingGit(next);
    const old = version.major < MIN_GIT_VERSION[0] || (version.major === MIN_GIT_VERSION[0] && version.minor < MIN_GIT_VERSION[1]);
    return old ? refuseOldGit(`${version.major}.${version.minor}`, next) : null;
  } catch {
    return refuseMissingGit(next);
  }
};
