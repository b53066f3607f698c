import { mkdir, readdir, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import { identifyProcess, isProcessAlive } from "./process-identity.ts";

/** The folder of a directory's claims. Each claim is a link whose target names the process; its name is the next number. */
export const CLAIMS_FOLDER = "claims";
const RELEASED = "released";

export type DirectoryClaim =
  | { readonly kind: "claimed"; readonly release: () => Promise<void> }
  /** Another process works in the directory. */
  | { readonly kind: "held"; readonly pid: number };

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && codes.includes(String(error.code));

/** The newest claim; claims are never removed, so two processes cannot both take the next number. */
const readNewestClaim = async (folder: string): Promise<{ readonly number: number; readonly holder: string }> => {
  const number = Math.max(0, ...(await readdir(folder)).map(Number).filter(Number.isSafeInteger));
  return { number, holder: number === 0 ? RELEASED : await readlink(join(folder, String(number))) };
};

/** Takes a number; false if another process was first. */
const takeNumber = async (folder: string, number: number, holder: string): Promise<boolean> => {
  try {
    await symlink(holder, join(folder, String(number)));
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
};

/** Claims a directory for a process. The claim of an ended process does not count. */
export const claimDirectory = async (directory: string, pid: number): Promise<DirectoryClaim> => {
  const folder = join(directory, CLAIMS_FOLDER);
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (!hasCode(error, "EEXIST")) throw error;
  });
  const own = (await identifyProcess(pid)) ?? String(pid);
  for (;;) {
    const { number, holder } = await readNewestClaim(folder);
    const [holderPid] = holder.split(" ").map(Number);
    if (holderPid !== undefined && Number.isSafeInteger(holderPid) && (await isProcessAlive(holder)))
      return { kind: "held", pid: holderPid };
    if (!(await takeNumber(folder, number + 1, own))) continue;
    return {
      kind: "claimed",
      release: async () => {
        // The directory may have been deleted.
        await takeNumber(folder, number + 2, RELEASED).catch((error: unknown) => {
          if (!hasCode(error, "ENOENT")) throw error;
        });
      },
    };
  }
};
