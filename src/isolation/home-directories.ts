import { userInfo } from "node:os";

/** The home directories of this process's user: by environment and by the machine's list of users, which may lack the user. */
export const listHomeDirectories = ({ HOME }: Readonly<Record<string, string | undefined>>): string[] => {
  const listed = ((): string[] => {
    try {
      return [userInfo().homedir];
    } catch {
      return [];
    }
  })();
  return [...new Set([HOME ?? "", ...listed])].filter((home) => home !== "" && home !== "/");
};
