import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Reads a regular file of at most `limit` bytes without following links; null for anything else. */
export const readPlainFile = async (path: string, limit: number): Promise<Buffer | null> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
  if (!file) return null;
  try {
    const stat = await file.stat();
    return stat.isFile() && stat.size <= limit ? await file.readFile() : null;
  } finally {
    await file.close();
  }
};
