import { refuse, type RefusedResult } from "../../domain/refusal.ts";

export const refuseMissingGit = (next: string): RefusedResult => refuse("git-missing", "git is not installed, or not on the PATH.", next);

export const refuseOldGit = (version: string, next: string): RefusedResult => refuse("git-too-old", `git ${version} is too old.`, next);
