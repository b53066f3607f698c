import type { JobResult } from "../core/domain/job.ts";
import type { KeptSession } from "./agent/kept-session.ts";
import type { NewFiles } from "../storage/git/git-objects.ts";
import { type CarriedFile, toFileMode } from "./carried-files.ts";

/** A job's result with the files that its commit carries. */
export type BuiltResult = {
  readonly result: JobResult;
  readonly contents: readonly CarriedFile[];
  readonly kept?: readonly CarriedFile[];
  /** The end of an interrupted attempt's transcript. */
  readonly transcriptEnd?: string;
  /** The interrupted attempt's session, on one machine only. */
  readonly session?: KeptSession;
};

/** The files of a result's commit. */
export const toResultTree = ({ result, contents, kept = [], transcriptEnd, session }: BuiltResult): NewFiles => {
  const files = new Map<string, { content: string | Buffer; mode: "100644" | "100755" }>();
  const put = (path: string, content: string): void => void files.set(path, { content, mode: "100644" });
  put("result.json", `${JSON.stringify(result, null, 1)}\n`);
  put("output.md", result.output);
  if (result.artifact !== null) put("artifact.md", result.artifact);
  for (const file of contents) if (file.content) files.set(`files/${file.path}`, { content: file.content, mode: toFileMode(file) });
  for (const file of kept) if (file.content) files.set(`kept/${file.path}`, { content: file.content, mode: toFileMode(file) });
  if (transcriptEnd !== undefined) put("transcript.md", transcriptEnd);
  if (session !== undefined) put("session.json", JSON.stringify(session));
  return files;
};
