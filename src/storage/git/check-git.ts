import { simpleGit } from "simple-git";
import { refuse, type RefusedResult } from "../../core/domain/refusal.ts";

/** The first version with `merge-tree --write-tree`, which builds candidates. */
const MIN_GIT_VERSION = [2, 38] as const;

/** Returns null if git is usable. Refusals: `git-missing`, `git-too-old`. */
export const checkGit = async (): Promise<RefusedResult | null> => {
  const next = `install git ${MIN_GIT_VERSION.join(".")} or newer`;
  try {
    const version = await simpleGit().version();
    if (!version.installed) return refuse("git-missing", "git is not installed, or not on the PATH.", next);
    const old = version.major < MIN_GIT_VERSION[0] || (version.major === MIN_GIT_VERSION[0] && version.minor < MIN_GIT_VERSION[1]);
    return old ? refuse("git-too-old", `git ${version.major}.${version.minor} is too old.`, next) : null;
  } catch {
    return refuse("git-missing", "git is not installed, or not on the PATH.", next);
  }
};
