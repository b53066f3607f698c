import { lstat, readdir, realpath } from "node:fs/promises";
import { join, relative } from "node:path";
import { compileGlob } from "../core/policy/glob.ts";
import { readFailedTests } from "../core/policy/test-report.ts";
import type { JobSandbox } from "./sandbox/job-sandbox.ts";

/** Limits of the search for reports. Beyond them a report counts as missing: an incomplete list of failed tests could excuse a step. */
const MAX_REPORT_FILES = 200;
const MAX_REPORT_BYTES = 20_000_000;
const MAX_LISTED_FILES = 20_000;
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set([".git", "node_modules"]);

/** The reports in a workspace, each with a stamp that changes when the file is written. */
export type ReportStamps = ReadonlyMap<string, string>;

/** The folder of a glob before its first wildcard. */
const findFixedFolder = (glob: string): string => {
  const parts = glob.split("/");
  const wild = parts.findIndex((part) => /[*?{]/.test(part));
  return parts.slice(0, wild < 0 ? -1 : wild).join("/");
};

/** The files below a folder of the workspace; links are not followed. */
const listFiles = async (workspace: string, folder: string): Promise<string[]> => {
  const root = await realpath(workspace);
  const start = await realpath(join(root, folder));
  if (start !== root && !start.startsWith(`${root}/`)) return [];
  const open = [start];
  const files: string[] = [];
  for (const directory of open) {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) open.push(join(directory, entry.name));
      if (entry.isFile()) files.push(relative(root, join(directory, entry.name)));
    }
    if (files.length + open.length > MAX_LISTED_FILES) return [];
  }
  return files;
};

/** Finds the files that the globs name. A folder that does not exist, or cannot be read, has none. */
export const stampReports = async (workspace: string, globs: readonly string[]): Promise<ReportStamps> => {
  const stamps = new Map<string, string>();
  for (const glob of globs) {
    const matches = compileGlob(glob);
    const files = await listFiles(workspace, findFixedFolder(glob)).catch(() => []);
    for (const path of files.filter((each) => matches(each))) {
      const found = await lstat(join(workspace, path), { bigint: true }).catch(() => null);
      if (found) stamps.set(path, `${found.ino}:${found.mtimeNs}:${found.ctimeNs}:${found.size}`);
    }
  }
  return stamps;
};

type WrittenReports = { readonly workspace: string; readonly before: ReportStamps; readonly after: ReportStamps };

/** The failed tests of the reports that were written since `before`; undefined without one, or if one cannot be read. */
export const readWrittenReports = async (
  sandbox: Pick<JobSandbox, "readFile">,
  { workspace, before, after }: WrittenReports,
): Promise<readonly string[] | undefined> => {
  const written = [...after].filter(([path, stamp]) => before.get(path) !== stamp).map(([path]) => path);
  if (written.length === 0 || written.length > MAX_REPORT_FILES) return undefined;
  const failed = new Set<string>();
  let bytes = 0;
  for (const path of written) {
    const content = await sandbox.readFile(join(workspace, path)).catch(() => null);
    const tests = content && (bytes += content.length) <= MAX_REPORT_BYTES ? readFailedTests(content.toString("utf8")) : null;
    if (tests === null) return undefined;
    for (const test of tests) failed.add(test);
  }
  return [...failed];
};
