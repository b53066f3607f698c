import { access, constants, readdir, realpath, stat } from "node:fs/promises";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { isInsideDirectory } from "./mount-plan.ts";

const MAX_LINKS_PER_DIRECTORY = 500;
const PACKAGE_FILES = ["package.json", "pyvenv.cfg"];

const pathExists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The package of a program, found by the package file; the program without a package. */
const findOwnPackage = async (program: string, hidden: string): Promise<string> => {
  for (let at = dirname(program); at !== hidden && isInsideDirectory(at, hidden); at = dirname(at))
    for (const name of PACKAGE_FILES) if (await pathExists(join(at, name))) return at;
  return program;
};

/** A `bin` directory, the libraries beside it, and the packages behind its links. */
const listProgramPaths = async (directory: string, hidden: string): Promise<string[]> => {
  const lib = join(dirname(directory), "lib");
  const libraries = basename(directory) === "bin" && (await pathExists(join(lib, "node_modules"))) ? [lib] : [];
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const links = entries.filter((entry) => entry.isSymbolicLink()).slice(0, MAX_LINKS_PER_DIRECTORY);
  const targets = await Promise.all(links.map(({ name }) => realpath(join(directory, name)).catch(() => null)));
  const outside = targets.filter(
    (target) =>
      target !== null && isInsideDirectory(target, hidden) && ![directory, ...libraries].some((at) => isInsideDirectory(target, at)),
  ) as string[];
  const packages = await Promise.all(outside.map((target) => findOwnPackage(target, hidden)));
  return [directory, ...libraries, ...packages];
};

/**
 * Directories of a search path inside hidden directories, with the packages of their programs. A hidden directory itself is never
 * shown.
 */
export const listSearchPaths = async (path: string, hidden: readonly string[]): Promise<string[]> => {
  const real = await Promise.all([...new Set(path.split(delimiter))].filter(isAbsolute).map((at) => realpath(at).catch(() => null)));
  const places = (await Promise.all(hidden.map((at) => realpath(at).catch(() => null)))).filter((at) => at !== null);
  const found = await Promise.all(
    real.map(async (directory) => {
      const place = directory === null ? undefined : places.find((at) => isInsideDirectory(directory, at));
      const isPlace = places.some((at) => directory !== null && isInsideDirectory(at, directory));
      return directory === null || place === undefined || isPlace ? [] : listProgramPaths(directory, place);
    }),
  );
  return [...new Set(found.flat())];
};

/** The paths of a command line, each with its package. */
export const listCommandPaths = async (words: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(
    words.map(async (word) => {
      if (
        !word.startsWith("/") ||
        !(await access(word, constants.R_OK).then(
          () => true,
          () => false,
        ))
      )
        return [];
      for (let at = dirname(word); at !== dirname(at); at = dirname(at))
        if (
          await stat(join(at, "package.json")).then(
            () => true,
            () => false,
          )
        )
          return [word, at];
      return [word];
    }),
  );
  return found.flat();
};
