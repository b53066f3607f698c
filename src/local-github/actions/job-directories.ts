import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type JobDirectories, jobDirectoriesAt } from "./run-facts.ts";

/** Makes the directories of a job below `root`, readable by nobody else, and the file of its event. */
export const createJobDirectories = async (root: string, event: unknown): Promise<JobDirectories> => {
  const place = jobDirectoriesAt(root);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await Promise.all(
    [place.workspace, place.temp, place.home, place.tmp, place.tools].map((directory) => mkdir(directory, { mode: 0o700 })),
  );
  await mkdir(dirname(place.event), { recursive: true });
  await writeFile(place.event, JSON.stringify(event ?? {}));
  return place;
};

/** Removes a job's directories, whatever its steps did to their modes; what cannot be removed stays. */
export const removeJobDirectories = async (root: string): Promise<void> => {
  // A step may have taken its own directories' rights away.
  const makeWritable = async (directory: string): Promise<void> => {
    await chmod(directory, 0o700).catch(() => undefined);
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => makeWritable(join(directory, entry.name))));
  };
  const remove = (): Promise<void> => rm(root, { recursive: true, force: true, maxRetries: 3 });
  await remove().catch(async () => {
    await makeWritable(root);
    await remove().catch(() => undefined);
  });
};
