import { type Dirent, readdirSync, readFileSync } from "node:fs";

/** Whether a file or folder does not exist. */
const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "EISDIR"].includes(String(error.code));

/** Empty if the file does not exist: git may delete a file at any time. */
export const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return "";
    throw error;
  }
};

/** Empty if the folder does not exist: git removes the empty folders of deleted and packed refs at any time. */
export const readFolder = (path: string): Dirent[] => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
};
