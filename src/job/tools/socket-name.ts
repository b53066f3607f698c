import { basename, dirname } from "node:path";
import { chdir, cwd } from "node:process";

/**
 * Calls `use` with the socket's file name while the socket's directory is the working directory. A socket address holds only about a
 * hundred bytes, and the path of a temporary directory may be longer. `use` must be synchronous, because the working directory changes
 * back when `use` returns. Binding and connecting are synchronous.
 */
export const useSocketName = <T>(socket: string, use: (name: string) => T): T => {
  const previous = cwd();
  chdir(dirname(socket));
  try {
    return use(basename(socket));
  } finally {
    chdir(previous);
  }
};
