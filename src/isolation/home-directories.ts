import { readdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";

const listDirectories = (path: string): string[] => {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(path, entry.name)] : []));
  } catch {
    return [];
  }
};

/**
 * The home directories of this machine's people: of this process's user, by environment and by the list of users, and of everybody else,
 * because root reads all of them and sudo changes `HOME`.
 */
export const listHomeDirectories = ({ HOME }: Readonly<Record<string, string | undefined>>, people = "/home"): string[] => {
  const listed = ((): string[] => {
    try {
      return [userInfo().homedir];
    } catch {
      return [];
    }
  })();
  return [...new Set([HOME ?? "", ...listed, "/root", ...listDirectories(people)])].filter((home) => home !== "" && home !== "/");
};
