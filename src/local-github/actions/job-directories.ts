import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type JobDirectories, jobDirectoriesAt } from "./run-facts.ts";

/** Creates the directories of a job below `root`, private to this user, and its event file. */
export const createJobDirectories = async (root: string, event: unknown): Promise<JobDirectories> => {
  const directories = jobDirectoriesAt(root);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await Promise.all(
    [directories.workspace, directories.temp, directories.home, directories.tmp, directories.tools].map((directory) =>
      mkdir(directory, { mode: 0o700 }),
    ),
  );
  await mkdir(dirname(directories.event), { recursive: true });
  await writeFile(directories.event, JSON.stringify(event ?? {}));
  return directories;
};

/** Node cannot name what lies deeper than the longest path, while `rm` goes from directory to directory. */
const removeDeepTree = (root: string): Promise<void> =>
  new Promise((resolve) => {
    execFile("rm", ["-rf", "--", root], { cwd: "/" }, () => resolve());
  });

/** Removes a job's directories, whatever their modes and their depth are. Files that cannot be removed stay. */
export const removeJobDirectories = async (root: string): Promise<void> => {
  const makeWritable = async (directory: string): Promise<void> => {
    await chmod(directory, 0o700).catch(() => undefined);
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => makeWritable(join(directory, entry.name))));
  };
  const remove = (): Promise<void> => rm(root, { recursive: true, force: true, maxRetries: 3 });
  await remove().catch(async () => {
    await makeWritable(root);
    await remove().catch(() => removeDeepTree(root));
  });
};
