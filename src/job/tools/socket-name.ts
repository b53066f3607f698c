import { basename, dirname } from "node:path";
import { chdir, cwd } from "node:process";

/**
 * Gives a socket's name relative to its directory, which is the working directory meanwhile: a socket's address holds about a hundred bytes,
 * and temporary directories alone may be longer. The use must be synchronous, as binding and connecting are.
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
