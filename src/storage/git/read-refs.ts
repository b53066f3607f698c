import type { RefName, Sha } from "../../core/domain/ids.ts";
import { hasRefFiles, listRefFiles, readRefFile } from "./ref-files.ts";
import { type GitContext, runGit, runGitOrThrow } from "./run-git.ts";

/** The refs below these folders, such as `refs/heads`, in the order of their names. */
export const listRefs = async (at: GitContext, prefixes: readonly string[]): Promise<Map<RefName, Sha>> => {
  if (hasRefFiles(at.directory)) return listRefFiles(at.directory, prefixes);
  const out = await runGitOrThrow(at, ["for-each-ref", "--format=%(objectname) %(refname)", ...prefixes.map((prefix) => `${prefix}/`)]);
  return new Map(out.split("\n").flatMap((line): [RefName, Sha][] => (line === "" ? [] : [[line.slice(41), line.slice(0, 40)]])));
};

/** The value of a full ref name; null if the ref does not exist. */
export const readRef = async (at: GitContext, ref: RefName): Promise<Sha | null> => {
  if (hasRefFiles(at.directory)) return readRefFile(at.directory, ref);
  const { code, stdout } = await runGit(at, ["show-ref", "--verify", "--hash", "--", ref]);
  return code === 0 ? stdout.toString("utf8").trim() : null;
};
